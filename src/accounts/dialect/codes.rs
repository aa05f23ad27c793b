//! Routes for codes and links that members are sent.

use super::{Answer, AnswerTemplate, RequestShape};

/// Somebody asks for a code, to prove an address or to choose a new password.
#[derive(Debug, Clone)]
pub struct SendCodeDialect {
    /// How it is read whom it is for: `login` or `id`, and `address`.
    pub request: RequestShape,
    /// Whoever it is for.
    pub sent: Answer,
}

/// A code that proves an address.
#[derive(Debug, Clone)]
pub struct VerifyCodeDialect {
    /// How it is read: `code`, and `login` or `id`.
    pub request: RequestShape,
    /// It was the right one.
    pub verified: AnswerTemplate,
    /// It was not.
    pub refused: Answer,
}

/// A page that asks whether a link is meant.
#[derive(Debug, Clone)]
pub struct ConfirmLinkDialect {
    /// How it is read: `code`.
    pub request: RequestShape,
    /// The page.
    pub shown: AnswerTemplate,
    /// There is no code.
    pub refused: Answer,
}

/// A new password with a code.
#[derive(Debug, Clone)]
pub struct ResetPasswordDialect {
    /// How it is read: `code` and `password`, and `login` or `id`, and `password_again`.
    pub request: RequestShape,
    /// It is the password now.
    pub done: Answer,
    /// The code was not the right one.
    pub refused: Answer,
    /// The password is none that may be chosen.
    pub weak: AnswerTemplate,
}
