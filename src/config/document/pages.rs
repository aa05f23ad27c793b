//! Pages for users.

use indexmap::IndexMap;
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
    /// What users read beside the fields of a sign-up and of their profile, by what a field is to the action. Default: what is known
    /// of names such as `email`, `nickname`, `phone`, `birthday` and `terms`.
    #[serde(default)]
    pub fields: IndexMap<String, Field>,
}

/// A field of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PageField")]
pub struct Field {
    /// What it is called, such as `{ ko: 별명, en: Nickname }`. Default: what its name says, or the name itself.
    pub label: Option<Text>,
    /// What helps to fill it in. Default: of a new password what it has to be like, else nothing.
    pub hint: Option<Text>,
    /// How it is typed. Default: by the type of the dialect's field and by its name.
    #[serde(rename = "type")]
    pub input: Option<InputType>,
    /// What browsers may fill in, in HTML's words, such as `nickname` or `off`. Default: by its name, else `off`.
    pub autocomplete: Option<String>,
    /// Where one reads what one agrees to: an address that begins with `https://`, or with `/`. Default: none.
    pub link: Option<String>,
}

/// A text in each language that pages are in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PageText")]
pub struct Text {
    /// In Korean. Default: none, which is a mistake where pages are in Korean.
    pub ko: Option<String>,
    /// In English. Default: none, which is a mistake where pages are in English.
    pub en: Option<String>,
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// Any text.
    Text,
    /// An e-mail address.
    Email,
    /// A phone number.
    Tel,
    /// The address of a page.
    Url,
    /// A day, written as 2000-12-31.
    Date,
    /// Digits.
    Number,
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
