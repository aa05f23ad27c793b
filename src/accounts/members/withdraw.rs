//! A manager lets a member leave.

use super::{Act, Acted, Manager, Reason, audit};
use crate::{
    accounts::{AccountError, Accounts},
    member::StateName,
    state::EndedBy,
};

impl Accounts {
    /// Writes that a member has left, as it is written when they say so themself. `seen` is the state in which the manager has
    /// seen the member, and is compared where it is written: who has left already does not leave again at a later time.
    pub async fn withdraw_member(
        &self,
        manager: &Manager,
        (id, seen): (&str, Option<&StateName>),
        reason: &Reason,
    ) -> Result<Acted, AccountError> {
        let (_, state) = self.managed()?;
        let Some(member) = self.store.member_by_id(id).await? else {
            return Ok(Acted::Gone);
        };
        if member.id == manager.id {
            audit::refused(manager, id, Act::Withdraw, "oneself");
            return Ok(Acted::Oneself);
        }
        audit::begun(manager, &member.id, Act::Withdraw, Some(reason));
        let kept = self.kept_of(&member.id).await?;
        let swapped = self.leave_as_seen(&member.id, seen.cloned()).await?;
        if let Some(undone) = Self::undone(manager, &member.id, Act::Withdraw, swapped) {
            return Ok(undone);
        }
        // The member has left, whether or not our own tables can be written.
        let ended = self.end_all_of(state, &member, EndedBy::Withdrawal).await;
        self.take_back(&member.id, kept).await;
        self.acted(manager, &member.id, Act::Withdraw, Some(reason))
            .await?;
        ended?;
        Ok(Acted::Done)
    }
}
