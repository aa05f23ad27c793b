//! Messages to members: codes, links and notices, by e-mail or to a phone.
//!
//! A message is posted into a bounded queue and delivered in the background: over SMTP, to a provider's URL, or, where the
//! operator says so, into the log or a folder. An address is one and nothing more, texts are encoded, and nothing of either
//! reaches a log or an error. What a message is for is not known here.

mod error;
mod hook;
mod mail;
mod message;
mod outbox;
mod settings;
mod text;

pub use message::{Channel, Kind, Message};
pub use outbox::{Full, Outbox, PostError, Postman};
pub use settings::{
    HookSettings, MailSettings, MailTo, Patience, PhoneSettings, PhoneTo, Sender, Settings,
    SmtpSettings, SmtpTls,
};
pub use text::{BUILT_IN, Text, TextError, Texts, built_in, file_name};

impl SmtpSettings {
    /// Whether its authorities can be used at all; connects to nothing.
    pub fn check(&self, attempt: std::time::Duration) -> bool {
        mail::server(self, attempt).is_ok()
    }
}
