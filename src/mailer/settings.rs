//! How messages are delivered.

use std::{path::PathBuf, time::Duration};

use ::http::{HeaderName, HeaderValue};

use super::text::Texts;
use crate::{fetch::Site, secret::Secret};

/// How messages are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// E-mail, if there is any.
    pub mail: Option<MailSettings>,
    /// Messages to phones, if there are any.
    pub phone: Option<PhoneSettings>,
}

/// How one channel tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How many messages may wait to be delivered.
    pub queue: usize,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// For how long it is tried again.
    pub keep_trying: Duration,
}

/// How e-mail is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The sender: a name and an address.
    pub from: Sender,
    /// Where answers go; `None` is to the sender.
    pub reply_to: Option<Sender>,
    /// Where it goes.
    pub to: MailTo,
    /// What it says.
    pub texts: Texts,
    /// How it is tried.
    pub patience: Patience,
}

/// An address with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(pub(super) lettre::message::Mailbox);

impl Sender {
    /// `no-reply@example.com`, or `Example <no-reply@example.com>`.
    pub fn parse(text: &str) -> Option<Self> {
        let printing = !text.chars().any(char::is_control);
        let parsed = printing.then(|| text.parse().ok())?;
        parsed.map(Self)
    }

    /// Its name, or its domain.
    pub fn site(&self) -> &str {
        let name = self.0.name.as_deref();
        name.unwrap_or_else(|| self.0.email.domain())
    }
}

/// Where e-mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTo {
    /// A server.
    Smtp(SmtpSettings),
    /// The log, codes and all.
    Log,
    /// Files in a folder.
    Folder(PathBuf),
}

/// A server for e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// Authorities that may have signed its certificate, in PEM; `None` is the system's.
    pub authorities: Option<Vec<u8>>,
    /// Who logs in, and with what.
    pub credentials: Option<(String, Secret<String>)>,
    /// What the gateway calls itself; `None` is the name of the machine.
    pub hello: Option<String>,
}

/// How a connection to a server for e-mail is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte.
    Implicit,
    /// After `STARTTLS`, without which nothing is sent.
    StartTls,
    /// Not at all.
    Clear,
}

/// How messages reach phones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneSettings {
    /// Where they go.
    pub to: PhoneTo,
    /// What they say.
    pub texts: Texts,
    /// How they are tried.
    pub patience: Patience,
}

/// Where messages to phones go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneTo {
    /// A provider's URL.
    Hook(Box<HookSettings>),
    /// The log, codes and all.
    Log,
    /// Files in a folder.
    Folder(PathBuf),
}

/// A provider's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// Where it is.
    pub site: Site,
    /// What proves to it who asks.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What it is sent: JSON, with `{phone}` and `{text}` in its texts.
    pub body: serde_json::Value,
}
