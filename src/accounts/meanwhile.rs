//! Who was blocked while they logged in.
//!
//! The row is read before the password is checked, which takes a while. A watch that is heard tells the guard of a block itself;
//! without one the row is looked at again, by its key. That is behind the session: whoever blocks the member after the look
//! finds the session and ends it with the others.

use super::{AccountError, Accounts, session::Session};
use crate::{
    member::{Member, StateName},
    revocation::Heard,
    state::{EndedBy, Which},
};

/// What a member is who was unblocked when the login began.
pub(super) enum Meanwhile {
    /// Nothing else.
    Unblocked,
    /// Blocked.
    Blocked(StateName),
    /// No row any more.
    Gone,
}

impl Accounts {
    /// Looks at the row again, and ends a session that nobody is to hear of.
    pub(super) async fn meanwhile(
        &self,
        member: &Member,
        session: &Session,
    ) -> Result<Meanwhile, AccountError> {
        if self.hears_of_blocks() {
            return Ok(Meanwhile::Unblocked);
        }
        let id = member.id.to_string();
        let now = match self.store.member_by_id(&id).await? {
            Some(row) => match row.state {
                None => return Ok(Meanwhile::Unblocked),
                Some(state) => Meanwhile::Blocked(state),
            },
            None => Meanwhile::Gone,
        };
        if let Some(sessions) = &self.sessions {
            let which = Which::These(vec![session.id.clone()]);
            self.end(&sessions.state, (&id, which), EndedBy::Logout)
                .await?;
        }
        Ok(now)
    }

    fn hears_of_blocks(&self) -> bool {
        // Without a watch our own tables are what is heard, and they know of no row.
        let Some(denylist) = self.denylist.as_ref().filter(|_| self.hears_of_blocks) else {
            return false;
        };
        match denylist.freshness().at(self.clock.instant()) {
            Heard::Fresh(_) => true,
            Heard::Unwatched | Heard::Stale(_) => false,
        }
    }
}
