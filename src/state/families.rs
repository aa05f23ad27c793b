//! Sessions and their refresh tokens.
//!
//! A token is known by a fingerprint of which no token can be made. It is spent once, however many present it at the same
//! time: the statement that spends it decides, and opens its successor in the same transaction. What a session's end means to
//! other gateways is logged in the transaction that ends it.

use super::{
    State,
    error::Error,
    stamps::{Change, LONGEST_MEMBER, either, fit, moment},
};
use crate::{clock::UnixSeconds, member::family::Family};

/// The longest id of a session, in bytes.
const LONGEST_SESSION: usize = 64;
/// How much of an agent's name is kept, in bytes.
const LONGEST_AGENT: usize = 255;
/// The most sessions of one member that are listed; the others are older.
pub(super) const MOST_LISTED: usize = 200;
pub(super) const SESSIONS: &str = "sidegate_sessions";
pub(super) const TOKENS: &str = "sidegate_refresh_tokens";

/// What a refresh token is known by.
pub type TokenPrint = [u8; 32];

/// A refresh token as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptToken {
    /// What it is known by.
    pub print: TokenPrint,
    /// When it expires.
    pub expires: UnixSeconds,
}

/// From where a session was used last. Nothing of it is printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The client's address.
    pub address: Option<String>,
    /// What its software calls itself.
    pub agent: Option<String>,
}

/// A session that is opened with its first refresh token.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its id.
    pub session: String,
    /// The id of the member's row.
    pub member: String,
    /// When.
    pub at: UnixSeconds,
    /// Its token.
    pub token: KeptToken,
    /// Whether somebody else has issued the token, so that the session began before.
    pub adopted: bool,
    /// From where.
    pub seen: Seen,
}

/// A refresh token that is kept, and its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownToken {
    /// The id of the session.
    pub session: String,
    /// The id of the member's row.
    pub member: String,
    /// The session.
    pub family: Family,
    /// When the token was spent, if it was.
    pub spent: Option<UnixSeconds>,
    /// Its successor, sealed.
    pub successor: Option<Vec<u8>>,
}

/// A token that is spent, and its successor.
#[derive(Debug, Clone)]
pub struct Spending {
    /// Its session.
    pub session: String,
    /// The token.
    pub spent: TokenPrint,
    /// When.
    pub at: UnixSeconds,
    /// Its successor.
    pub successor: KeptToken,
    /// The same, sealed under the token.
    pub sealed: Vec<u8>,
    /// From where.
    pub seen: Seen,
}

/// Which sessions of a member end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with these ids.
    These(Vec<String>),
    /// All but the one with this id.
    Others(String),
    /// All, and whatever was granted without one.
    All,
}

/// How sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: UnixSeconds,
    /// Why, in a word.
    pub by: EndedBy,
    /// When the last of their access tokens has expired.
    pub until: UnixSeconds,
    /// When the last of all their tokens has, for a session that has no row to say that it has ended.
    pub unknown_until: UnixSeconds,
}

/// Why a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// Its user has logged out.
    Logout,
    /// One of its tokens came twice.
    Reuse,
    /// An operator has.
    Operator,
    /// A client has revoked a token of it.
    Revocation,
    /// Its user has left.
    Withdrawal,
    /// Its user has chosen a new password with a code.
    Reset,
    /// Its user has changed the password.
    PasswordChange,
    /// Somebody who manages members has.
    Manager,
}

/// A session as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The session.
    pub family: Family,
    /// When its last refresh token expires.
    pub expires: UnixSeconds,
    /// From where it was used last.
    pub seen: Seen,
}

impl State {
    /// Opens a session, unless its token is known already: then what is known of it. `None` where the session has other tokens
    /// and never had this one.
    pub async fn open_session(&self, mut opening: Opening) -> Result<Option<KnownToken>, Error> {
        fit("the id of a session", &opening.session, LONGEST_SESSION)?;
        fit("the id of a member", &opening.member, LONGEST_MEMBER)?;
        opening.seen.cut();
        either!(self, database => database.open_session(opening).await)
    }

    /// What is known of a refresh token.
    pub async fn known_token(&self, print: TokenPrint) -> Result<Option<KnownToken>, Error> {
        either!(self, database => database.known_token(print).await)
    }

    /// Spends a token and opens its successor. `false` where somebody else has spent it, or the session has ended.
    pub async fn spend(&self, mut spending: Spending) -> Result<bool, Error> {
        spending.seen.cut();
        either!(self, database => database.spend(spending).await)
    }

    /// Says that a session was used.
    pub async fn use_session(
        &self,
        session: &str,
        at: UnixSeconds,
        mut seen: Seen,
    ) -> Result<(), Error> {
        seen.cut();
        either!(self, database => database.use_session(session, at, seen).await)
    }

    /// Ends sessions of a member, and says which were open. Every gateway learns of it, of those that have no row too.
    pub async fn end_sessions(
        &self,
        member: &str,
        which: Which,
        ending: Ending,
    ) -> Result<Vec<String>, Error> {
        fit("the id of a member", member, LONGEST_MEMBER)?;
        if let Which::These(sessions) = &which {
            for session in sessions {
                fit("the id of a session", session, LONGEST_SESSION)?;
            }
        }
        either!(self, database => database.end_sessions(member, which, ending).await)
    }

    /// The sessions of a member that have not ended and whose last refresh token has not expired, the one used last first.
    pub async fn sessions_of(&self, member: &str, now: UnixSeconds) -> Result<Vec<Session>, Error> {
        either!(self, database => database.sessions_of(member, now).await)
    }
}

impl Which {
    /// The ids of those that are meant, out of those that are open, in one order, so that two that end the same do not wait
    /// for each other.
    pub(super) fn among(self, open: Vec<String>) -> Vec<String> {
        let mut meant = match self {
            Self::These(sessions) => sessions,
            Self::All => open,
            Self::Others(kept) => open.into_iter().filter(|it| *it != kept).collect(),
        };
        meant.sort();
        meant
    }

    /// Whether only the open ones are meant, so that they have to be looked up.
    pub(super) fn is_of_open(&self) -> bool {
        !matches!(self, Self::These(_))
    }
}

impl Ending {
    /// What others have to know of it: of all sessions at once, or of these, each open or not.
    pub(super) fn changes(
        self,
        member: &str,
        is_of_all: bool,
        sessions: &[(String, bool)],
    ) -> Vec<Change> {
        if is_of_all {
            let (member, at) = (member.to_owned(), self.at);
            return vec![Change::NotBefore { member, at }];
        }
        let ended = sessions
            .iter()
            .map(|(session, was_open)| Change::SessionEnded {
                token_id: session.clone(),
                until: self.counts_until(*was_open),
            });
        ended.collect()
    }

    /// Until when a session's end has to be known by its name.
    fn counts_until(self, known: bool) -> UnixSeconds {
        if known {
            self.until
        } else {
            self.unknown_until
        }
    }
}

impl EndedBy {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
            Self::Operator => "operator",
            Self::Revocation => "revocation",
            Self::Withdrawal => "withdrawal",
            Self::Reset => "password_reset",
            Self::PasswordChange => "password_change",
            Self::Manager => "manager",
        }
    }
}

impl Seen {
    /// A client may say anything of itself.
    fn cut(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let mut length = agent.len().min(LONGEST_AGENT);
        while !agent.is_char_boundary(length) {
            length -= 1;
        }
        agent.truncate(length);
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Seen(..)")
    }
}

/// A family out of its three columns.
pub(super) fn family(opened: i64, used: i64, ended: Option<i64>) -> Family {
    Family {
        opened: moment(opened),
        used: moment(used),
        is_ended: ended.is_some(),
    }
}
