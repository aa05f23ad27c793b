//! How users join and leave.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Request};

/// A sign-up. What fields become of columns is `sign_up` in the configuration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DialectSignUp")]
pub struct SignUp {
    /// How it is read: `login`, `password`, `password_again`, and whatever `sign_up` takes.
    pub request: Request,
    /// The user is there. Values: `{user}`, `{user.id}`, `{login}`.
    pub created: Answer,
    /// The user is there and has to prove that the address is theirs. Default: `created`.
    pub pending: Option<Answer>,
    /// Somebody else has the login, or another value that there is only one of.
    pub conflict: Answer,
    /// Who had the login has left too short a time ago. Default: `conflict`.
    pub too_early: Option<Answer>,
    /// The password cannot be chosen. Value: `{reason}`. Default: `invalid`.
    pub weak_password: Option<Answer>,
    /// The second password is not the first, a consent is missing, or the tables do not take a value.
    pub invalid: Answer,
}

/// A withdrawal: the user of the access token leaves.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DialectWithdraw")]
pub struct Withdraw {
    /// How it is read: `password`, and `user`, which has to be the id of the token's user.
    pub request: Request,
    /// The user has left.
    pub done: Answer,
    /// The password is wrong, or another user was meant.
    pub refused: Answer,
}
