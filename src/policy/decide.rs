//! Whether a route may be used, by what is known of the request.

use super::{
    requirement::{Blame, Facts, Lack, Outcome, Trace, evaluate},
    route::{Access, Route},
};

/// The verdict of a rule.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'r> {
    /// The request may go on.
    Permit,
    /// It needs a token.
    RefuseAnonymous,
    /// What the route requires does not hold.
    Refuse(Blame<'r>),
    /// It needs what is in the user's row: to be decided again once that is known.
    NeedsRow,
}

/// Decides. The path is canonical and matched by the route.
///
/// What a request without a token fails of in any case, such as the client's network, is said before a token is asked
/// for: it would not help.
pub fn decide<'r, T: Trace<'r>>(
    route: &'r Route,
    facts: &Facts<'_>,
    trace: &mut T,
) -> Decision<'r> {
    let outcome = match &route.requirement {
        Some(requirement) => evaluate(requirement, facts, trace),
        None => Outcome::Holds,
    };
    let anonymous = route.access == Access::Required && facts.token.is_none();
    match outcome {
        Outcome::Fails(blame) | Outcome::Unclear(blame) => Decision::Refuse(blame),
        Outcome::Open(Lack::Token) => Decision::RefuseAnonymous,
        Outcome::Holds | Outcome::Open(Lack::Row) if anonymous => Decision::RefuseAnonymous,
        Outcome::Open(Lack::Row) => Decision::NeedsRow,
        Outcome::Holds => Decision::Permit,
    }
}
