//! Stored passwords: what the monolith wrote, checked the way the monolith checks it.
//!
//! Pure and slow: a check burns a large part of a second on purpose. Whoever calls it does so on a thread where that
//! harms nobody.

mod bcrypt;

use crate::secret::Secret;

/// What a stored password says about one that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Matches,
    /// It is not.
    Differs,
    /// The stored text is of no format that we can check.
    Unreadable,
}

/// The cost of checking a stored password, so that the check for an unknown user can be made to cost the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// bcrypt with this many doublings.
    Bcrypt(u8),
}

impl Default for Cost {
    /// What passlib writes when nobody says otherwise.
    fn default() -> Self {
        Self::Bcrypt(12)
    }
}

/// Checks a typed password against a stored one.
pub fn verify(typed: &Secret<String>, stored: &Secret<String>) -> Verdict {
    bcrypt::verify(typed.expose(), stored.expose())
}

/// What checking this stored password costs; `None` when it cannot be checked.
pub fn cost(stored: &Secret<String>) -> Option<Cost> {
    bcrypt::cost(stored.expose()).map(Cost::Bcrypt)
}

/// Does the work of a check and forgets the result.
pub fn verify_nothing(typed: &Secret<String>, cost: Cost) {
    match cost {
        Cost::Bcrypt(cost) => bcrypt::verify_nothing(typed.expose(), cost),
    }
}
