//! What is sent, to whom, and in which of the languages that there are.

use std::fmt;

use crate::secret::Secret;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A code that proves an address.
    VerifyCode,
    /// The same by a link.
    VerifyLink,
    /// A code with which a new password is chosen.
    ResetCode,
    /// The same by a link.
    ResetLink,
    /// That the password was changed.
    PasswordChanged,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::VerifyCode,
        Self::VerifyLink,
        Self::ResetCode,
        Self::ResetLink,
        Self::PasswordChanged,
    ];

    /// In a word, which is the name of its file too.
    pub fn word(self) -> &'static str {
        match self {
            Self::VerifyCode => "verify_code",
            Self::VerifyLink => "verify_link",
            Self::ResetCode => "reset_code",
            Self::ResetLink => "reset_link",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// The values that its text may use.
    pub fn values(self) -> &'static [&'static str] {
        match self {
            Self::VerifyCode | Self::ResetCode => &["site", "code", "minutes"],
            Self::VerifyLink | Self::ResetLink => &["site", "link", "minutes"],
            Self::PasswordChanged => &["site", "time"],
        }
    }

    /// The value without which it would be of no use.
    pub fn needed(self) -> Option<&'static str> {
        match self {
            Self::VerifyCode | Self::ResetCode => Some("code"),
            Self::VerifyLink | Self::ResetLink => Some("link"),
            Self::PasswordChanged => None,
        }
    }
}

/// By what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// A phone.
    Phone,
}

impl Channel {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Phone => "phone",
        }
    }
}

/// A message. Printing it shows nothing of whom it is for and what it says.
#[derive(Clone)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// By what it is sent.
    pub channel: Channel,
    /// The address or the number.
    pub to: Secret<String>,
    /// The languages that its reader wants, as `Accept-Language` has them.
    pub languages: Option<String>,
    /// The values of its text.
    pub values: Vec<(&'static str, Secret<String>)>,
    /// The id of the member's row, for the log.
    pub account: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("kind", &self.kind)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// One of its values.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        let value = values.find(|(known, _)| *known == name)?;
        Some(value.1.expose())
    }
}
