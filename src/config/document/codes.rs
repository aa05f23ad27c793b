//! Codes and links that prove an address or let somebody choose a new password.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tokens::SecretText;
use crate::config::duration::Span;

/// Codes that are sent to users. Needs `state`, and `mail` or `sms`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    /// What hides codes and addresses in the tables: at least 32 characters, the same for all gateways. `${NAME}` takes it
    /// from the environment, `file:PATH` from a file.
    pub secret: SecretText,
    /// Those that prove an address: for `send_code` and `verify_code`. Default: none are sent.
    pub verify: Option<Code>,
    /// Those with which a new password is chosen: for `reset_request` and `reset_password`. Default: none are sent.
    pub reset: Option<Code>,
}

/// Codes for one purpose.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Code {
    /// By what they are sent. Default: `mail`.
    pub by: By,
    /// The column of the address or the number. Default: the column of the login.
    pub to: Option<String>,
    /// Whether they are typed or stand in a link. Default: `code`.
    pub form: Form,
    /// The link, with `{code}` in it: a page of yours, or a route of `confirm_link`. Needed by `form: link`.
    pub link: Option<String>,
    /// The characters of a code that is typed. Default: `letters_and_digits`.
    pub alphabet: Alphabet,
    /// How many. Default: 6.
    pub length: u8,
    /// How long one counts. Default: 10m.
    pub lifetime: Span,
    /// How often one may be tried. Default: 5.
    pub attempts: u32,
    /// How long nobody is sent another one. Default: 1m.
    pub resend_after: Span,
    /// How many an account is sent in a day, and an address, however often somebody signs up with it. Default: 10.
    pub per_day: u32,
    /// For `verify`: the state, of `users.states`, of those who have yet to prove their address. Default: they have
    /// none, and may log in.
    pub state: Option<String>,
    /// For `verify`: the columns that are written when an address is proven, such as `{ is_active: true }`.
    pub sets: IndexMap<String, serde_json::Value>,
}

impl Default for Code {
    fn default() -> Self {
        Self {
            by: By::Mail,
            to: None,
            form: Form::Code,
            link: None,
            alphabet: Alphabet::LettersAndDigits,
            length: 6,
            lifetime: Span::from_secs(10 * 60),
            attempts: 5,
            resend_after: Span::from_secs(60),
            per_day: 10,
            state: None,
            sets: IndexMap::new(),
        }
    }
}

/// By what a code is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// E-mail.
    Mail,
    /// A message to a phone.
    Phone,
}

/// What a code looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CodeForm")]
pub enum Form {
    /// Characters that are typed.
    Code,
    /// 128 random bits in a link.
    Link,
}

/// The characters of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// `A` to `Z` and `0` to `9`; small letters are taken for large ones.
    LettersAndDigits,
}
