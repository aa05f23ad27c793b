//! Users who join and users who leave: what is written, and what becomes of it.
//!
//! Whatever speaks with them asks the same functions, with values and not with requests. A password is hashed before anybody
//! looks whether the login is free, so that the time does not tell.

pub(super) mod audit;
mod sign_up;
mod source;
mod terms;
mod withdraw;

use super::changing::Profile;

pub use sign_up::{Application, Consent, SignUp, SignedUp};
pub(super) use source::Making;
pub use source::Source;
pub use terms::{Rejoin, Terms};
pub use withdraw::{Leave, Withdrawal, Withdrawn};

/// How users join and leave, where they do.
#[derive(Debug, Default)]
pub struct Joining {
    /// How they join.
    pub sign_up: Option<SignUp>,
    /// How they leave.
    pub withdrawal: Option<Withdrawal>,
    /// What they change while they are there.
    pub profile: Option<Profile>,
}
