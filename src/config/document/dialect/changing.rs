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
