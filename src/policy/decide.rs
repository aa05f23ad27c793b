//! Whether a route's rule holds for what is known of the caller.

use super::route::Access;

/// What the token on a request turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// There was no token, or the route does not read it.
    Anonymous,
    /// A token that holds.
    Identified,
}

/// The verdict of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on.
    Permit,
    /// It needs a token.
    RefuseAnonymous,
}

/// Decides.
pub fn decide(access: Access, caller: Caller) -> Decision {
    match (access, caller) {
        (Access::Public | Access::Optional, _) | (Access::Required, Caller::Identified) => {
            Decision::Permit
        }
        (Access::Required, Caller::Anonymous) => Decision::RefuseAnonymous,
    }
}
