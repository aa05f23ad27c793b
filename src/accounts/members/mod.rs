//! What managers do with members: search and view them, block and admit them, end their sessions, let them leave.
//!
//! A [`Manager`] is made by [`Accounts::manager`] alone, for one request, by the rule that the configuration has for them and
//! the row as it is at this moment. Every act is written to the audit log, before it and behind it, with who does it to whom and why, and what
//! members are to be told later is kept in our own tables. Nobody acts on themself where that would lock them out.

mod admit;
mod audit;
mod block;
mod end_sessions;
mod manager;
mod reason;
mod search;
mod view;
mod withdraw;

use std::sync::Arc;

use crate::{
    accounts::{AccountError, Accounts},
    member::{MemberId, StateName},
    policy::{pattern::Pattern, requirement::Requirement},
    state::{EndedBy, MemberAct, State, Which},
    store::{CellValue, Error, Search, Store, Swapped},
};

pub use audit::Act;
pub use manager::{Candidate, Manager};
pub use reason::{LONGEST as LONGEST_REASON, Reason, Unreasoned};
pub use search::{BY_ID, Wanted};
pub use view::{Kept, Viewed};

/// How members are managed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What a manager has to be.
    pub require: Arc<Requirement>,
    /// The pages that it is asked for.
    pub pattern: Pattern,
    /// The columns by which members are searched, besides their ids.
    pub searched: Vec<String>,
    /// How members are blocked, if they are.
    pub blocking: Option<Blocking>,
}

/// How members are blocked and admitted again.
#[derive(Debug, Clone)]
pub struct Blocking {
    /// The state of those who are.
    pub state: StateName,
    /// What the columns of such a row say.
    pub blocked: Vec<(String, CellValue)>,
    /// What they say of who is admitted again.
    pub admitted: Vec<(String, CellValue)>,
    /// Whether the table is watched, so that whoever is blocked in it is let in again by whoever admits them there.
    pub watched: bool,
}

/// How members are managed, and where they are found.
#[derive(Debug)]
pub struct Members {
    settings: Settings,
    searches: Vec<(String, Search)>,
}

/// What has become of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// The member is in another state than whoever acted has seen.
    Otherwise(Option<StateName>),
    /// There is no such member.
    Gone,
    /// It is the manager.
    Oneself,
}

impl Members {
    /// Managed so, in this store.
    pub fn new(settings: Settings, store: &Store) -> Result<Self, Error> {
        let mut searches = Vec::with_capacity(settings.searched.len());
        for column in &settings.searched {
            searches.push((column.clone(), store.search_of(column)?));
        }
        Ok(Self { settings, searches })
    }

    /// The columns by which members are searched, besides their ids.
    pub fn searched(&self) -> &[String] {
        &self.settings.searched
    }

    /// How members are blocked, if they are.
    pub fn blocking(&self) -> Option<&Blocking> {
        self.settings.blocking.as_ref()
    }
}

impl Accounts {
    /// How members are managed; whoever asks has been told before that they are.
    fn managed(&self) -> Result<(&Members, &State), AccountError> {
        let managed = self.members.as_ref().zip(self.state.as_deref());
        managed.ok_or(AccountError::NoEndpoint)
    }

    /// Ends all that a member has been granted.
    async fn end_granted(&self, state: &State, member: &MemberId) -> Result<usize, AccountError> {
        if let Some(kept) = &self.kept_refresh {
            self.forget_refresh(kept, member).await?;
        }
        let id = member.to_string();
        let all = (&*id, Which::All);
        Ok(self.end(state, all, EndedBy::Manager).await?.len())
    }

    /// What has become of an act that was to change a row, where it was not done; for an audit has read that it begins.
    fn undone(manager: &Manager, member: &MemberId, act: Act, swapped: Swapped) -> Option<Acted> {
        let (acted, why) = match swapped {
            Swapped::Done => return None,
            Swapped::Otherwise(state) => (Acted::Otherwise(state), "changed"),
            Swapped::Gone => (Acted::Gone, "gone"),
        };
        audit::refused(manager, &member.to_string(), act, why);
        Some(acted)
    }

    /// Writes an act down: to the audit log first, which needs nobody, and then where it is shown.
    async fn acted(
        &self,
        manager: &Manager,
        member: &MemberId,
        act: Act,
        reason: Option<&Reason>,
    ) -> Result<(), AccountError> {
        audit::acted(manager, member, act, reason);
        let (_, state) = self.managed()?;
        let kept = MemberAct {
            member: member.to_string(),
            manager: manager.id.to_string(),
            act: act.word().to_owned(),
            reason: reason.map(|reason| reason.as_str().to_owned()),
            at: self.now(),
        };
        Ok(state.keep_act(kept).await?)
    }

    /// Writes the columns of a state; of many that act at the same time one does.
    async fn swap(
        &self,
        member: &MemberId,
        expected: Option<StateName>,
        values: &[(String, CellValue)],
    ) -> Result<Swapped, AccountError> {
        let writer = self.store.writer().ok_or(AccountError::NoEndpoint)?;
        let swapped = writer.swap_state(member, expected, values.to_vec());
        Ok(swapped.await?)
    }
}
