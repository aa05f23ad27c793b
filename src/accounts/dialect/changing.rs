//! Routes where users change what is theirs.

use super::{Answer, AnswerTemplate, RequestShape};

/// Another password, for whoever knows the one that there is.
#[derive(Debug, Clone)]
pub struct ChangePasswordDialect {
    /// How it is read: `current_password`, `password` and `password_again`, and `user`.
    pub request: RequestShape,
    /// It is the password now.
    pub done: AnswerTemplate,
    /// Whether `done` has tokens in it, so that a session begins.
    pub hands_out: bool,
    /// The current one was another one, or another user was meant.
    pub refused: Answer,
    /// The password is none that may be chosen.
    pub weak: AnswerTemplate,
}

/// What the row says of a user.
#[derive(Debug, Clone)]
pub struct ProfileDialect {
    /// It.
    pub shown: AnswerTemplate,
}

/// A change of it.
#[derive(Debug, Clone)]
pub struct ChangeProfileDialect {
    /// How it is read: what is written, and `current_password`, `password`, `password_again` and `user`.
    pub request: RequestShape,
    /// It is written.
    pub changed: AnswerTemplate,
    /// Whether `changed` has tokens in it, so that a session begins with another password.
    pub hands_out: bool,
    /// Somebody else has a value that there is only one of.
    pub conflict: Answer,
    /// The current password was another one, or another user was meant.
    pub refused: Answer,
    /// The password is none that may be chosen.
    pub weak_password: AnswerTemplate,
    /// The tables do not take a value.
    pub invalid: Answer,
}
