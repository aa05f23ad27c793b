//! Routes where users change what is theirs.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Request};

/// Another password for the user of the access token, who knows the one that there is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// How it is read: `current_password` and `password`, and perhaps `password_again`, and `user`, which has to be the id of the
    /// token's user.
    pub request: Request,
    /// It is the password now. Values: `{user}`, `{user.id}`, and `{access_token}` and `{refresh_token}`: where it says one of
    /// these, everything that was granted before ends and a new session begins. Else the user's own session goes on, and the
    /// others end.
    pub done: Answer,
    /// The current password is another one, or another user was meant.
    pub refused: Answer,
    /// The new password is none that may be chosen. Values: `{reason}`.
    pub weak: Answer,
}

/// What the row says of the user of the access token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DialectProfile")]
pub struct Profile {
    /// It. Values: `{user}`, `{user.id}`, and `{user.COLUMN}` for the columns of `users.show`.
    pub shown: Answer,
}

/// The user of the access token changes it. What fields become of columns is `profile` in the configuration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeProfile {
    /// How it is read: whatever `profile` takes, and perhaps `current_password`, `password` and `password_again`, where the
    /// password is changed with it, and `user`, which has to be the id of the token's user.
    pub request: Request,
    /// It is written. Values: those of `profile.shown`, and `{access_token}` and `{refresh_token}` as in `change_password.done`.
    pub changed: Answer,
    /// Somebody else has a value that there is only one of.
    pub conflict: Answer,
    /// The current password is another one, another user was meant, or another change was faster.
    pub refused: Answer,
    /// The new password is none that may be chosen. Values: `{reason}`. Default: `invalid`.
    pub weak_password: Option<Answer>,
    /// The tables do not take a value.
    pub invalid: Answer,
}
