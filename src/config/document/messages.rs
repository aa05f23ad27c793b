//! Messages to users: e-mail, and what goes to phones.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Waiver, tokens::SecretText};
use crate::config::duration::Span;

/// E-mail to users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The sender: `no-reply@example.com`, or `Example <no-reply@example.com>`.
    pub from: String,
    /// Where answers go. Default: to the sender.
    pub reply_to: Option<String>,
    /// Where it goes: `smtp: { host: … }`, `directory: PATH`, or `log`, which writes codes and links into the log.
    pub to: MailTo,
    /// What it says.
    #[serde(default)]
    pub texts: Texts,
    /// How it is delivered.
    #[serde(default)]
    pub delivery: Delivery,
}

/// Where e-mail goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTo {
    /// A server.
    Smtp(Box<Smtp>),
    /// Files in this folder, one for each message.
    Directory(String),
    /// The log, codes and all.
    Log,
}

/// A server for e-mail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name, which its certificate has to carry.
    pub host: String,
    /// Its port. Default: 587 with `starttls`, 465 with `implicit`, 25 without TLS.
    pub port: Option<u16>,
    /// How the connection is encrypted. Default: `starttls`, without which nothing is sent.
    #[serde(default)]
    pub tls: SmtpTls,
    /// A PEM file with the authorities that may have signed its certificate. Default: those of the system.
    pub ca: Option<String>,
    /// Who logs in there. Default: nobody.
    pub user: Option<String>,
    /// The password; `${NAME}` takes it from the environment, `file:PATH` from a file.
    pub password: Option<SecretText>,
    /// What the gateway calls itself there. Default: the name of the machine.
    pub hello: Option<String>,
}

/// How a connection to a server for e-mail is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// After `STARTTLS`.
    #[default]
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: for a server on the same machine.
    ClearText,
}

/// Messages to phones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Where they go: `hook: { url: … }`, `directory: PATH`, or `log`, which writes codes and links into the log.
    pub to: SmsTo,
    /// What they say.
    #[serde(default)]
    pub texts: Texts,
    /// How they are delivered.
    #[serde(default)]
    pub delivery: Delivery,
}

/// Where messages to phones go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmsTo {
    /// A provider.
    Hook(Box<Hook>),
    /// Files in this folder, one for each message.
    Directory(String),
    /// The log, codes and all.
    Log,
}

/// A provider of messages to phones: each is one `POST` of JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Its URL.
    pub url: String,
    /// A PEM file with the authorities that may have signed its certificate. Default: those of the system.
    pub ca: Option<String>,
    /// Says that an `http://` URL is meant so.
    pub clear_text: Option<Waiver>,
    /// Headers of the request, such as the one that proves who asks; each value may come from a file or the environment.
    #[serde(default)]
    pub headers: IndexMap<String, SecretText>,
    /// The body: JSON, with `{phone}` and `{text}` in its texts. Default: `{ to: "{phone}", text: "{text}" }`.
    pub body: Option<serde_json::Value>,
}

/// What messages say.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// What they say they are from: `{site}`. Default: the sender's name or domain; for phones, that of `mail`.
    pub site: Option<String>,
    /// Their languages. A reader gets the one that its browser likes best, and the first where it likes none; `en` and
    /// `ko` ship with the binary. Default: `[en]`.
    pub languages: Vec<String>,
    /// A folder with texts of your own, `LANGUAGE/NAME.txt`, in place of those that ship. Default: none.
    pub directory: Option<String>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            site: None,
            languages: vec!["en".to_owned()],
            directory: None,
        }
    }
}

/// How messages are delivered.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// How many may wait; past it another one is not sent. Default: 256.
    pub queue: u16,
    /// How long one attempt may take. Default: 20s.
    pub attempt: Span,
    /// For how long it is tried again. Default: 5m.
    pub keep_trying: Span,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            queue: 256,
            attempt: Span::from_secs(20),
            keep_trying: Span::from_secs(5 * 60),
        }
    }
}
