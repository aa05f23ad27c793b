//! A dialect file: how one legacy login speaks.

mod answer;
mod changing;
mod codes;
mod request;
mod sign_up;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, Cookie, JsonStyle};
pub use changing::{ChangePassword, ChangeProfile, Profile};
pub use codes::{ConfirmLink, ResetPassword, SendCode, VerifyCode};
pub use request::{Field, FieldType, From, Invalid, Request, Trim};
pub use sign_up::{SignUp, Withdraw};

/// The whole file; each part is an action that `accounts` can name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// How JSON is written. Default: `fastapi`.
    #[serde(default)]
    pub json: JsonStyle,
    /// Credentials for tokens.
    pub login: Option<Login>,
    /// A refresh token for an access token.
    pub refresh: Option<Refresh>,
    /// Whether a token holds.
    pub verify: Option<Verify>,
    /// A new user.
    pub sign_up: Option<SignUp>,
    /// A user who leaves.
    pub withdraw: Option<Withdraw>,
    /// Another password, for whoever knows the one that there is.
    pub change_password: Option<ChangePassword>,
    /// What the row says of a user.
    pub profile: Option<Profile>,
    /// The user changes it.
    pub change_profile: Option<ChangeProfile>,
    /// Asks for a code that proves an address.
    pub send_code: Option<SendCode>,
    /// Such a code, typed or of a link.
    pub verify_code: Option<VerifyCode>,
    /// A page that asks whether such a link is meant.
    pub confirm_link: Option<ConfirmLink>,
    /// Asks for a code with which a new password is chosen.
    pub reset_request: Option<SendCode>,
    /// Such a code, with the password.
    pub reset_password: Option<ResetPassword>,
}

/// A login.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// How the credentials are read: `login` and `password`.
    pub request: Request,
    /// When a blocked user learns of it. Default: only with the right password.
    #[serde(default)]
    pub states_reported: StatesReported,
    /// Success. Values: `{user}`, `{user.id}`, `{access_token}`, `{refresh_token}`.
    pub granted: Answer,
    /// Wrong credentials.
    pub refused: Answer,
    /// Blocked users by the name of their state; others are refused like wrong credentials.
    #[serde(default)]
    pub states: IndexMap<String, Answer>,
}

/// A refresh.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// How the refresh token is read: `token`.
    pub request: Request,
    /// Success. Values: `{access_token}`, `{refresh_token}`.
    pub granted: Answer,
    /// A bad token, or a blocked user's.
    pub refused: Answer,
}

/// A question whether a token holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// How the token is read: `token`.
    pub request: Request,
    /// It holds.
    pub valid: Answer,
    /// It does not.
    pub invalid: Answer,
}

/// When a blocked user learns of it.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatesReported {
    /// Before the password is checked.
    BeforePassword,
    /// Only with the right password.
    #[default]
    AfterPassword,
}
