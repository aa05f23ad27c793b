//! Observe mode: which refusals a route may let pass, and what is left of them. The only constructor of [`Observed`].
//!
//! Only what the route asks of whoever sends a request can be observed. What a request *is* (its framing, its target, its
//! size), where it comes from and what becomes of it is refused as ever.

use super::rejection::{Rejection, Row};
use crate::policy::route::Mode;

/// A refusal that has been let pass.
#[derive(Debug)]
pub(super) struct Observed(Box<Rejection>);

/// The same for the log and for explanations.
#[derive(Debug, Clone)]
pub(super) struct WouldBe {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) reason: Box<str>,
}

/// Lets a refusal pass, if that is the route's mode and the refusal is one that may.
#[cold]
pub(super) fn observe(rejection: Rejection, mode: Mode) -> Result<Observed, Rejection> {
    match mode {
        Mode::Observe if may_pass(&rejection) => Ok(Observed(Box::new(rejection))),
        Mode::Observe | Mode::Enforce => Err(rejection),
    }
}

/// Whether a refusal is about whose request it is and what is asked of them. An outage is: a route that is only observed
/// must not depend on an issuer or a database yet.
fn may_pass(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::MissingToken
        | Rejection::InvalidToken(_)
        | Rejection::KeysUnavailable(_)
        | Rejection::Csrf(_)
        | Rejection::NotRenewed(_)
        | Rejection::ClientCertificate
        | Rejection::NotTheSubject { .. }
        | Rejection::Scope { .. }
        | Rejection::Forbidden { .. }
        | Rejection::Unwelcome { .. }
        | Rejection::NoRow(_)
        | Rejection::UnknownUser
        | Rejection::BlockedUser { .. }
        | Rejection::Revoked(_)
        | Rejection::Unheard
        // By subject: other limits are asked where nothing is observed.
        | Rejection::RateLimited(_) => true,
        Rejection::Target(_)
        | Rejection::Host(_)
        | Rejection::Method
        | Rejection::Expectation
        | Rejection::Loop
        | Rejection::Unread(_)
        | Rejection::NoRoute
        | Rejection::MethodNotAllowed { .. }
        | Rejection::ConflictingTokens
        | Rejection::Origin
        | Rejection::LargeHeaders
        | Rejection::Unasserted(_)
        | Rejection::Body(_)
        | Rejection::BodyTimeout
        | Rejection::Account(_)
        | Rejection::Upstream(_)
        | Rejection::Misrouted => false,
    }
}

impl Observed {
    /// The refusal.
    pub(super) fn rejection(&self) -> &Rejection {
        &self.0
    }

    /// Its stable code.
    pub(super) fn code(&self) -> &'static str {
        self.0.code()
    }

    /// What is said of it.
    pub(super) fn would_be(&self) -> WouldBe {
        let Row { status, code, .. } = self.0.row();
        WouldBe {
            status: status.as_u16(),
            code,
            reason: self.0.reason().into(),
        }
    }
}
