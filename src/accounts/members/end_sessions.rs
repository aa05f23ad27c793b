//! A manager ends the sessions of a member.

use super::{Act, Acted, Manager, audit};
use crate::accounts::{AccountError, Accounts};

impl Accounts {
    /// Ends everything that was granted to a member.
    pub async fn end_sessions_of_member(
        &self,
        manager: &Manager,
        id: &str,
    ) -> Result<Acted, AccountError> {
        let (_, state) = self.managed()?;
        let Some(member) = self.store.listed_by_id(id).await? else {
            return Ok(Acted::Gone);
        };
        audit::begun(manager, &member.id, Act::EndSessions, None);
        let ended = self.end_granted(state, &member.id).await;
        self.acted(manager, &member.id, Act::EndSessions, None)
            .await?;
        ended?;
        Ok(Acted::Done)
    }
}
