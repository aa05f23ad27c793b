//! Routes for codes and links that users are sent.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Request};

/// Somebody asks for a code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCode {
    /// How it is read whom it is for: `login`, or `id`, and perhaps `address`: where the user has another one, nothing is
    /// sent.
    pub request: Request,
    /// Whoever it is for, and whether anything is sent.
    pub sent: Answer,
}

/// A code that proves an address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// How it is read: `code`, with `login` or `id` unless it stands in a link.
    pub request: Request,
    /// It was the right one. Values: `{user}`, `{user.id}`.
    pub verified: Answer,
    /// It was not, was used, has expired, or there is no such user.
    pub refused: Answer,
}

/// A page that asks whether a link is meant, so that programs that look at every link use none up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmLink {
    /// How it is read: `code`.
    pub request: Request,
    /// The page, with a form that posts the code on. Values: `{code}`.
    pub shown: Answer,
    /// There is no code in the link.
    pub refused: Answer,
}

/// A new password with a code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// How it is read: `code` and `password`, with `login` or `id` unless the code stands in a link, and perhaps
    /// `password_again`.
    pub request: Request,
    /// It is the password now.
    pub done: Answer,
    /// The code was not the right one, was used, has expired, or there is no such user.
    pub refused: Answer,
    /// The password is none that may be chosen. Values: `{reason}`.
    pub weak: Answer,
}
