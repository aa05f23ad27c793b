//! Stage 5: whether the route's rule holds. The only constructor of [`Permitted`].

use super::{
    rejection::Rejection,
    stage::{Identified, Permitted},
};
use crate::{
    certificate::Identity,
    policy::decide::{Caller, Decision, decide},
};

/// Decides.
pub(super) fn authorize<'a, B>(
    identified: Identified<'a, B>,
    certificate: Option<&Identity>,
) -> Result<Permitted<'a, B>, Rejection> {
    let caller = match &identified.proof {
        Some(proof) => Caller::Identified(&proof.verified.subject),
        None => Caller::Anonymous,
    };
    let routed = &identified.routed;
    let path = routed.received.path();
    match decide(routed.route, certificate, caller, path) {
        Decision::Permit => Ok(Permitted { identified }),
        Decision::RefuseCertificate => Err(Rejection::ClientCertificate),
        Decision::RefuseAnonymous => Err(Rejection::MissingToken),
        Decision::RefuseOther { parameter } => Err(Rejection::NotTheSubject { parameter }),
    }
}
