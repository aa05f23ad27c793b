//! Stored passwords: what the monolith wrote, checked the way the monolith checks it.
//!
//! What is stored says itself how it was made; [`Accepted`] says which of that is believed. A parameter that is found
//! in it, such as a number of rounds, comes from a table that others write: none can take more time or memory than
//! `work` allows.
//!
//! Pure and slow: a check burns a large part of a second on purpose. Whoever calls it does so on a thread where that
//! harms nobody.

mod accepted;
mod argon2;
mod bcrypt;
mod digest;
mod django;
mod encoding;
mod new;
mod passlib;
mod phpass;
mod rules;
mod sha_crypt;
mod stored;
mod werkzeug;
mod wordpress;
mod work;

#[cfg(test)]
mod tests;

pub use accepted::{Accepted, Format};
pub use digest::{DigestSettings, Part};
pub use new::{NewFormat, Recipe};
pub use rules::{Rules, Weakness};
pub use stored::Stored;
pub use work::{Hash, Variant, Work};

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
