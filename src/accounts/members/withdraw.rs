//! A manager lets a member leave.

use super::{Act, Acted, Manager, Reason, audit};
use crate::{
    accounts::{AccountError, Accounts, Withdrawn},
    member::StateName,
};

impl Accounts {
    /// Writes that a member has left, as it is written when they say so themself. `seen` is the state in which the manager has
    /// seen the member: who has left already does not leave again at a later time.
    pub async fn withdraw_member(
        &self,
        manager: &Manager,
        (id, seen): (&str, Option<&StateName>),
        reason: &Reason,
    ) -> Result<Acted, AccountError> {
        self.managed()?;
        let Some(member) = self.store.member_by_id(id).await? else {
            return Ok(Acted::Gone);
        };
        if member.id == manager.id {
            audit::refused(manager, id, Act::Withdraw, "oneself");
            return Ok(Acted::Oneself);
        }
        if member.state.as_ref() != seen {
            return Ok(Acted::Otherwise(member.state));
        }
        match self.leave(&member).await? {
            Withdrawn::Done => {}
            Withdrawn::Gone => return Ok(Acted::Gone),
        }
        self.acted(manager, &member.id, Act::Withdraw, Some(reason))
            .await?;
        Ok(Acted::Done)
    }
}
