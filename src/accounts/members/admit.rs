//! A manager lets a member in again.

use super::{Act, Acted, Manager, Reason, audit};
use crate::accounts::{AccountError, Accounts};

impl Accounts {
    /// Admits a member whom the state of those blocks that managers have blocked; what was granted before stays ended.
    pub async fn admit_member(
        &self,
        manager: &Manager,
        id: &str,
        reason: &Reason,
    ) -> Result<Acted, AccountError> {
        let (members, _) = self.managed()?;
        let blocking = members.blocking().ok_or(AccountError::NoEndpoint)?;
        let Some(member) = self.store.listed_by_id(id).await? else {
            return Ok(Acted::Gone);
        };
        let expected = Some(blocking.state.clone());
        audit::begun(manager, &member.id, Act::Admit, Some(reason));
        let swapped = self.swap(&member.id, expected, &blocking.admitted).await?;
        if let Some(undone) = Self::undone(manager, &member.id, Act::Admit, swapped) {
            return Ok(undone);
        }
        if let Some(denylist) = self.denylist.as_ref().filter(|_| blocking.watched) {
            denylist.admit(&member.id.to_string());
        }
        self.acted(manager, &member.id, Act::Admit, Some(reason))
            .await?;
        Ok(Acted::Done)
    }
}
