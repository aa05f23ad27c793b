//! Stage 5: whether the route's rule holds. The only constructor of [`Permitted`].

use super::{
    rejection::Rejection,
    stage::{Identified, Permitted},
};
use crate::policy::decide::{Caller, Decision, decide};

/// Decides.
pub(super) fn authorize<B>(identified: Identified<'_, B>) -> Result<Permitted<'_, B>, Rejection> {
    let caller = match &identified.proof {
        Some(proof) => Caller::Identified(&proof.verified.subject),
        None => Caller::Anonymous,
    };
    let routed = &identified.routed;
    let path = routed.received.request.uri().path();
    match decide(routed.route, caller, path) {
        Decision::Permit => Ok(Permitted { identified }),
        Decision::RefuseAnonymous => Err(Rejection::MissingToken),
        Decision::RefuseOther { parameter } => Err(Rejection::NotTheSubject { parameter }),
    }
}
