//! Answers.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::config::{
    document::{Waiver, cookies::SameSite},
    duration::Span,
};

/// An answer. A text of its body that is one placeholder keeps its JSON type, `...` merges an object at its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers. A `Content-Type` takes the place of the body's own. Default: none.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// `Location`: where a redirect leads. Values are percent-encoded. Default: nowhere.
    pub location: Option<String>,
    /// Cookies by name, besides those of tokens, which `accounts` name. Default: none.
    #[serde(default)]
    pub cookies: IndexMap<String, Cookie>,
    /// A JSON body; `text` and `html` are others, and without any of them there is none.
    #[serde(default, deserialize_with = "there")]
    pub body: Option<Value>,
    /// A body of plain text.
    pub text: Option<String>,
    /// A body of HTML; values are escaped.
    pub html: Option<String>,
}

/// A cookie that an answer sets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AnswerCookie")]
pub struct Cookie {
    /// Its value, percent-encoded. Default: none; it is taken away.
    pub value: Option<String>,
    /// How long browsers keep it. Default: until they are closed.
    pub max_age: Option<Span>,
    /// Below which path browsers send it. Default: `/`.
    #[serde(default = "root")]
    pub path: String,
    /// The domain below which browsers send it, such as `example.com`. Default: the host that has set it, and no other.
    pub domain: Option<String>,
    /// With whose requests browsers send it. Default: `lax`.
    #[serde(default)]
    pub same_site: SameSite,
    /// Says that browsers may send it in clear text: without `Secure`.
    pub clear_text: Option<Waiver>,
    /// Says that scripts may read it: without `HttpOnly`.
    pub read_by_scripts: Option<Waiver>,
}

/// How JSON is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonStyle {
    /// Without spaces, in UTF-8.
    #[default]
    Fastapi,
    /// Without spaces, in ASCII, names in alphabetical order, a line feed behind it.
    Flask,
    /// Spaces behind `,` and `:`, in ASCII, as Python's `json.dumps` and Django do it.
    Python,
}

fn root() -> String {
    "/".to_owned()
}

/// `null` is a body, too.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
