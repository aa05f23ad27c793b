//! Between two evaluations of a rule: the row of the token's user, where the rule cannot be decided without it.
//!
//! A row that is known is taken without waiting. One that is not has a branch and a name of its own, [`RowNeeded`], and
//! an end: the look-up's deadline. Who has no row, or is blocked by its state, is refused whatever the rule says of the
//! row; a row that cannot be had is an outage and nobody's fault who asks.

use std::{borrow::Cow, sync::Arc};

use super::{Control, live::Live, rejection::Rejection, stage::Identified};
use crate::{
    clock::Clock,
    member::Row,
    membership::{Looked, Membership},
    token::claims::Subject,
};

/// A request that can be decided when the row of its user is known.
#[derive(Debug)]
pub(super) struct RowNeeded<'a, B> {
    pub(super) identified: Identified<'a, B>,
}

impl<B> RowNeeded<'_, B> {
    /// The id of the row: the token's subject.
    pub(super) fn id(&self) -> Option<Cow<'_, str>> {
        let proof = self.identified.proof.as_ref()?;
        Some(match &proof.verified.subject {
            Subject::Text(text) => Cow::Borrowed(text),
            Subject::Integer(integer) => Cow::Owned(integer.to_string()),
        })
    }

    /// What is known of it without waiting.
    pub(super) fn known(&self, live: &Live, clock: Clock) -> Option<Looked> {
        let membership = live.membership.as_ref()?;
        let looked = membership.find(&self.id()?, clock.instant())?;
        membership.tally().hit();
        Some(looked)
    }

    /// Waits for it. The look-up is the control runtime's and goes on without whoever has asked first: others may wait.
    pub(super) async fn wait(&self, live: &Live, control: &Control) -> Result<Looked, Rejection> {
        let (membership, id) = self.asked(live).ok_or(Rejection::Misrouted)?;
        let looked = membership.ask(&id, |look_up| {
            control.tasks.spawn_on(look_up, &control.runtime);
        });
        let looked = looked.await;
        membership.tally().waited(&looked);
        Ok(looked)
    }

    fn asked<'l>(&self, live: &'l Live) -> Option<(&'l Arc<Membership>, Cow<'_, str>)> {
        Some((live.membership.as_ref()?, self.id()?))
    }
}

/// The row to decide by, or why there is nothing to decide.
pub(super) fn judge(looked: &Looked) -> Result<&Row, Rejection> {
    match looked {
        Err(error) => Err(Rejection::NoRow(error.clone())),
        Ok(None) => Err(Rejection::UnknownUser),
        Ok(Some(row)) => match &row.state {
            None => Ok(row),
            Some(state) => Err(Rejection::BlockedUser {
                state: state.clone(),
            }),
        },
    }
}
