//! A dialect file: how one legacy login speaks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The whole file; each part is an action that `accounts` can name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Credentials for tokens.
    pub login: Option<Login>,
    /// A refresh token for an access token.
    pub refresh: Option<Refresh>,
    /// Whether a token holds.
    pub verify: Option<Verify>,
}

/// A login.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// How the credentials are read.
    pub request: LoginRequest,
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

/// How credentials are read. The fields are validated in this order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Where they are.
    pub from: From,
    /// What users log in with.
    pub login: Field,
    /// The password.
    pub password: Field,
    /// What a request without usable fields gets.
    pub invalid: Invalid,
}

/// A refresh.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// How the refresh token is read.
    pub request: TokenRequest,
    /// Success. Values: `{access_token}`, `{refresh_token}`.
    pub granted: Answer,
    /// A bad token, or a blocked user's.
    pub refused: Answer,
}

/// A question whether a token holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// How the token is read.
    pub request: TokenRequest,
    /// It holds.
    pub valid: Answer,
    /// It does not.
    pub invalid: Answer,
}

/// How a token is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Where it is.
    pub from: From,
    /// Its field.
    pub token: Field,
    /// What a request without it gets.
    pub invalid: Invalid,
}

/// Where the fields of a request are.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// In the query.
    Query,
    /// In a JSON object.
    Json,
    /// In a urlencoded form.
    Form,
}

/// One field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it has to be. Default: `text`.
    #[serde(default, rename = "type")]
    pub field_type: FieldType,
}

/// What a field has to be.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Any text.
    #[default]
    Text,
    /// An e-mail address, as pydantic's `EmailStr` reads it.
    Email,
}

/// What a request without usable fields gets.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// FastAPI's validation body.
    Fastapi,
    /// The same as a refusal.
    Refused,
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

/// An answer: a text that is one placeholder keeps its JSON type, `...` merges an object at its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The JSON body.
    pub body: Value,
}
