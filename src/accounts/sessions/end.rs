//! How sessions end: here at once, then everywhere.

use crate::{
    accounts::{AccountError, Accounts},
    clock::UnixSeconds,
    member::Member,
    state::{Change, EndedBy, Ending, State, Which},
};

impl Accounts {
    /// Ends sessions of a member, and says which of them were open.
    pub(in crate::accounts) async fn end(
        &self,
        state: &State,
        (member, which): (&str, Which),
        by: EndedBy,
    ) -> Result<Vec<String>, AccountError> {
        self.end_as(state, (member, None, which), by).await
    }

    /// Ends all sessions of a member whose row may be gone by now.
    pub(in crate::accounts) async fn end_all_of(
        &self,
        state: &State,
        member: &Member,
        by: EndedBy,
    ) -> Result<Vec<String>, AccountError> {
        let id = member.id.to_string();
        self.end_as(state, (&id, Some(member), Which::All), by)
            .await
    }

    async fn end_as(
        &self,
        state: &State,
        (member, row, which): (&str, Option<&Member>, Which),
        by: EndedBy,
    ) -> Result<Vec<String>, AccountError> {
        let now = self.now();
        let access = now.plus(self.access.lifetimes.longest());
        let ending = Ending {
            at: now,
            by,
            until: access,
            unknown_until: access.max(now.plus(self.refresh.lifetimes.longest())),
        };
        self.refuse(member, &which, &ending);
        let is_all = matches!(which, Which::All);
        let ended = state.end_sessions(member, which, ending).await?;
        // Those that only the database knew to be open.
        self.refuse(member, &Which::These(ended.clone()), &ending);
        if is_all {
            // Last, since it may have to ask the user table, whose outage is not to keep the rest from ending.
            self.end_by_name(state, (member, row), ending.at).await?;
        }
        Ok(ended)
    }

    /// The same is told of what the member logs in with, where that is what its tokens say.
    async fn end_by_name(
        &self,
        state: &State,
        (member, row): (&str, Option<&Member>),
        at: UnixSeconds,
    ) -> Result<(), AccountError> {
        let Some(subjects) = &self.login_subjects else {
            return Ok(());
        };
        let name = if let Some(row) = row {
            subjects.name_of(row)
        } else {
            let row = self.store.member_by_id(member).await?;
            row.and_then(|row| subjects.name_of(&row))
        };
        let Some(name) = name else { return Ok(()) };
        if let Some(denylist) = &self.denylist {
            denylist.not_before(&name, at);
        }
        state
            .stamp(Change::NotBefore { member: name, at }, at)
            .await?;
        Ok(())
    }

    /// Refuses their tokens here. A verdict does not wait for our database; what that does not know of was granted before
    /// sessions were kept, and is refused by name as long as any token of it lasts.
    fn refuse(&self, member: &str, which: &Which, ending: &Ending) {
        let Some(denylist) = &self.denylist else {
            return;
        };
        match which {
            Which::These(sessions) => {
                for session in sessions {
                    denylist.end_session(session, ending.unknown_until);
                }
            }
            Which::Others(_) => {}
            Which::All => denylist.not_before(member, ending.at),
        }
    }
}
