//! How one legacy login speaks, as data: where the credentials are, what a success and each refusal look like.
//!
//! A dialect is compiled from a YAML file; a new legacy system is a new file, never new Rust. Values keep their JSON
//! type, objects their key order, nulls stay.

mod answer;
mod changing;
mod codes;
mod request;
mod shape;
mod style;

use std::collections::HashMap;

use crate::member::StateName;

pub use answer::{Answer, AnswerTemplate, BodyTemplate, CookieTemplate, JsonStyle};
pub use changing::{ChangePasswordDialect, ChangeProfileDialect, ProfileDialect};
pub use codes::{ConfirmLinkDialect, ResetPasswordDialect, SendCodeDialect, VerifyCodeDialect};
pub use request::{Fields, InvalidRequest, RequestShape};
pub(super) use shape::push;
pub use shape::{Shape, ShapeError, checked_text};

/// The dialects that ship with the binary: name and file.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("pair", include_str!("builtin/pair.yaml")),
    ("pampam", include_str!("builtin/pampam.yaml")),
    ("react", include_str!("builtin/react.yaml")),
    ("girok", include_str!("builtin/girok.yaml")),
    ("ddd", include_str!("builtin/ddd.yaml")),
    ("member", include_str!("builtin/member.yaml")),
];

/// When a blocked user learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateCheck {
    /// Before the password is checked.
    BeforePassword,
    /// Only with the right password.
    AfterPassword,
}

/// A login.
#[derive(Debug, Clone)]
pub struct LoginDialect {
    /// How the credentials are read: `login` and `password`.
    pub request: RequestShape,
    /// When states are reported.
    pub state_check: StateCheck,
    /// Success.
    pub granted: AnswerTemplate,
    /// Wrong credentials.
    pub refused: Answer,
    /// A blocked user; a state that is not listed is refused like wrong credentials.
    pub states: HashMap<StateName, Answer>,
}

/// A refresh.
#[derive(Debug, Clone)]
pub struct RefreshDialect {
    /// How the `token` is read.
    pub request: RequestShape,
    /// Success.
    pub granted: AnswerTemplate,
    /// A bad token, or a blocked user's.
    pub refused: Answer,
}

/// A question whether a token holds.
#[derive(Debug, Clone)]
pub struct VerifyDialect {
    /// How the `token` is read.
    pub request: RequestShape,
    /// It holds.
    pub valid: Answer,
    /// It does not.
    pub invalid: Answer,
}

/// A sign-up.
#[derive(Debug, Clone)]
pub struct SignUpDialect {
    /// How it is read: `login`, `password` and `password_again`, and what else is written.
    pub request: RequestShape,
    /// The user is there.
    pub created: AnswerTemplate,
    /// The user is there and has to prove an address.
    pub pending: AnswerTemplate,
    /// Somebody else has the login.
    pub conflict: Answer,
    /// Who had it has left too short a time ago.
    pub too_early: Answer,
    /// The password cannot be chosen.
    pub weak_password: AnswerTemplate,
    /// Something is missing or does not fit.
    pub invalid: Answer,
}

/// A withdrawal.
#[derive(Debug, Clone)]
pub struct WithdrawDialect {
    /// How it is read: `password` and `user`.
    pub request: RequestShape,
    /// The user has left.
    pub done: Answer,
    /// The password is wrong, or another user was meant.
    pub refused: Answer,
}
