//! Pages for users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::members::Members;

/// Pages that sidegate shows to users itself. They need `users`, `tokens.refresh` and `cookies.access`; which there are depends
/// on what else is configured.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Below which path all of them are, such as `/account`. No other route may be below it. Default: `/account`.
    #[serde(default = "account")]
    pub root: String,
    /// The host they are for. Default: any.
    pub host: Option<String>,
    /// What your service is called, as users read it.
    pub brand: String,
    /// The languages, the first for users whose browser asks for none of them. Default: `[ko, en]`.
    #[serde(default = "all")]
    pub languages: Vec<Language>,
    /// A CSS file that is loaded behind sidegate's own, read again at a reload. Default: none.
    pub theme: Option<String>,
    /// Pages on which managers look after users. Default: none.
    pub members: Option<Members>,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PageLanguage")]
pub enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
}

fn account() -> String {
    "/account".to_owned()
}

fn all() -> Vec<Language> {
    vec![Language::Ko, Language::En]
}
