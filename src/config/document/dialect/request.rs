//! How a request is read.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Answer;

/// How a request is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Where the fields are.
    pub from: From,
    /// The fields by what they are to the action, in the order in which they are validated. A login has `login` and
    /// `password`, and may have `grant_type`, `scope`, `client_id` and `client_secret`, which are only validated; a refresh
    /// and a verify have `token`.
    pub fields: IndexMap<String, Field>,
    /// What a request without usable fields gets.
    pub invalid: Invalid,
}

/// Where fields are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// In the query.
    Query,
    /// In a JSON object.
    Json,
    /// In a form, urlencoded or in parts.
    Form,
    /// In a form in parts (`multipart/form-data`).
    Multipart,
    /// The token of `Authorization: Bearer`.
    Bearer,
    /// A parameter of the route's path.
    Path,
}

/// One field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name. Default: what it is to the action.
    pub name: Option<String>,
    /// Where it is. Default: where the others are.
    pub from: Option<From>,
    /// What it has to be. Default: `text`.
    #[serde(default, rename = "type")]
    pub field_type: FieldType,
    /// Where white space is cut off before anything is checked. Default: `nothing`.
    #[serde(default)]
    pub trim: Trim,
    /// Whether a request without it is invalid. Default: true, or false with a `default`.
    pub required: Option<bool>,
    /// What it is without a value. Default: nothing.
    pub default: Option<Value>,
    /// The fewest characters of a text, or the least number. Default: any.
    pub min: Option<i64>,
    /// The most characters of a text, or the greatest number. Default: any.
    pub max: Option<i64>,
    /// A regular expression that a text has to match somewhere, such as `^password$`. Default: any text.
    pub pattern: Option<String>,
}

/// What a field has to be. Texts that say a number, a boolean or a date are taken for one as pydantic does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Any text.
    #[default]
    Text,
    /// An e-mail address, as pydantic's `EmailStr` reads it.
    Email,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `2024-01-31`.
    Date,
    /// Anything.
    Json,
}

/// Where white space is cut off.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trim {
    /// Nowhere.
    #[default]
    Nothing,
    /// At both ends.
    Both,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// What a request without usable fields gets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// What FastAPI answers: a validation body; without a bearer, 401.
    Fastapi,
    /// The same as a refusal.
    Refused,
    /// This.
    Answer(Box<Answer>),
}
