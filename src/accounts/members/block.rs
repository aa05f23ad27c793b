//! A manager keeps a member out.

use super::{Act, Acted, Manager, Reason, audit};
use crate::{
    accounts::{AccountError, Accounts},
    revocation::Block,
};

impl Accounts {
    /// Blocks a member whom no state blocks, and ends what was granted to them. Whoever logs in meanwhile is refused by the
    /// row; a login that has read it before is refused by the denylist where the table is watched.
    pub async fn block_member(
        &self,
        manager: &Manager,
        id: &str,
        reason: &Reason,
    ) -> Result<Acted, AccountError> {
        let (members, state) = self.managed()?;
        let blocking = members.blocking().ok_or(AccountError::NoEndpoint)?;
        let Some(member) = self.store.listed_by_id(id).await? else {
            return Ok(Acted::Gone);
        };
        if member.id == manager.id {
            audit::refused(manager, id, Act::Block, "oneself");
            return Ok(Acted::Oneself);
        }
        audit::begun(manager, &member.id, Act::Block, Some(reason));
        let swapped = self.swap(&member.id, None, &blocking.blocked).await?;
        if let Some(undone) = Self::undone(manager, &member.id, Act::Block, swapped) {
            return Ok(undone);
        }
        if let Some(denylist) = self.denylist.as_ref().filter(|_| blocking.watched) {
            let why = Block::State(blocking.state.clone());
            denylist.block(&member.id.to_string(), why);
        }
        // The end counts here whether or not our own tables can be written.
        let ended = self.end_granted(state, &member.id).await;
        self.acted(manager, &member.id, Act::Block, Some(reason))
            .await?;
        ended?;
        Ok(Acted::Done)
    }
}
