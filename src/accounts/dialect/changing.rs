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
