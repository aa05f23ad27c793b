//! What a writer has to be told besides the tables themselves.

use crate::store::{settings::TlsSettings, url::DatabaseUrl};

/// How the tables are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteSettings {
    /// Where the database is, by an account that may write.
    pub database: DatabaseUrl,
    /// TLS to it.
    pub tls: Option<TlsSettings>,
    /// How many connections there may be; at least one.
    pub connections: usize,
    /// What may be written.
    pub actions: Vec<WriteAction>,
    /// How many seconds the clock of dates and times in the tables is before that of UTC.
    pub utc_offset: i32,
}

/// Something that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAction {
    /// A stored password in a better format, when its user logs in.
    UpgradePassword,
    /// New members.
    SignUp,
    /// That a member's address was verified.
    Verify,
    /// A new password.
    Password,
    /// What members say of themselves.
    Profile,
    /// That a member has left.
    Withdraw,
    /// That a member is blocked, or no longer.
    Block,
    /// Whom a member is with a social provider.
    Link,
    /// The member's refresh token.
    RefreshToken,
}

impl WriteAction {
    /// As the configuration spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::UpgradePassword => "upgrade_password",
            Self::SignUp => "sign_up",
            Self::Verify => "verify",
            Self::Password => "password",
            Self::Profile => "profile",
            Self::Withdraw => "withdraw",
            Self::Block => "block",
            Self::Link => "link",
            Self::RefreshToken => "refresh_token",
        }
    }
}
