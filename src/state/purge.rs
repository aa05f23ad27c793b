//! What is forgotten on a schedule.
//!
//! Whoever adds a table that grows adds a variant: how long its rows are kept, and a statement for each database that
//! forgets a chunk of what is older than its one parameter.

use std::time::Duration;

use super::{Error, State, settings::Keep, stamps::either};
use crate::clock::UnixSeconds;

/// How long the log is kept. A gateway that was away for longer loads everything again.
const LOG: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a token is remembered that has expired.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A kind of row that is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purge {
    /// What other gateways have learnt long ago.
    Changes,
    /// Since when tokens are refused that have all expired.
    Stamps,
    /// Ended sessions whose tokens have all expired.
    EndedSessions,
    /// Failed logins that make nobody wait any more.
    FailedLogins,
    /// Codes that count no longer, and what was sent to accounts that may be sent something again.
    Codes,
    /// Addresses and agents of sessions that were not used for long.
    Addresses,
    /// Refresh tokens that have expired.
    RefreshTokens,
    /// Sessions whose refresh tokens have all expired long ago.
    Sessions,
    /// What managers did to members long ago.
    MemberActs,
}

impl Purge {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Changes,
        Self::Stamps,
        Self::EndedSessions,
        Self::FailedLogins,
        Self::Codes,
        Self::Addresses,
        Self::RefreshTokens,
        Self::Sessions,
        Self::MemberActs,
    ];

    /// How many rows one statement forgets at most: one that takes long keeps others waiting.
    pub const CHUNK: u64 = 1000;

    /// What it is called in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Stamps => "stamps",
            Self::EndedSessions => "ended_sessions",
            Self::FailedLogins => "failed_logins",
            Self::Codes => "codes",
            Self::Addresses => "addresses",
            Self::RefreshTokens => "refresh_tokens",
            Self::Sessions => "sessions",
            Self::MemberActs => "member_acts",
        }
    }

    /// The moment before which rows are forgotten.
    pub fn before(self, keep: &Keep, now: UnixSeconds) -> UnixSeconds {
        let kept = match self {
            Self::Changes => LOG,
            Self::Stamps => keep.stamps,
            // Their columns say until when they count.
            Self::EndedSessions | Self::FailedLogins | Self::Codes => Duration::ZERO,
            Self::Addresses => keep.addresses,
            // A token that was forgotten would be taken for one of the monolith's: no clock that reads it is that far behind.
            Self::RefreshTokens => MARGIN,
            Self::Sessions => keep.ended_sessions.max(MARGIN),
            Self::MemberActs => keep.member_acts,
        };
        UnixSeconds(now.0.saturating_sub(kept.as_secs()))
    }

    pub(super) fn mysql(self) -> &'static str {
        match self {
            Self::Changes => {
                "DELETE FROM sidegate_changes WHERE written_at < ? ORDER BY written_at LIMIT 1000"
            }
            Self::Stamps => {
                "DELETE FROM sidegate_stamps WHERE changed_at < ? ORDER BY changed_at LIMIT 1000"
            }
            Self::EndedSessions => {
                "DELETE FROM sidegate_ended_sessions WHERE valid_until < ? ORDER BY valid_until LIMIT 1000"
            }
            Self::FailedLogins => {
                "DELETE FROM sidegate_attempts WHERE forgotten_at < ? ORDER BY forgotten_at LIMIT 1000"
            }
            Self::Codes => {
                "DELETE FROM sidegate_codes WHERE forgotten_at < ? ORDER BY forgotten_at LIMIT 1000"
            }
            Self::Addresses => {
                "UPDATE sidegate_sessions SET address = NULL, agent = NULL WHERE used_at < ? \
                 AND (address IS NOT NULL OR agent IS NOT NULL) ORDER BY used_at LIMIT 1000"
            }
            Self::RefreshTokens => {
                "DELETE FROM sidegate_refresh_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT 1000"
            }
            Self::Sessions => {
                "DELETE FROM sidegate_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT 1000"
            }
            Self::MemberActs => {
                "DELETE FROM sidegate_member_acts WHERE acted_at < ? ORDER BY acted_at LIMIT 1000"
            }
        }
    }

    pub(super) fn sqlite(self) -> &'static str {
        match self {
            Self::Changes => {
                "DELETE FROM sidegate_changes WHERE id IN \
                 (SELECT id FROM sidegate_changes WHERE written_at < ? ORDER BY written_at LIMIT 1000)"
            }
            Self::Stamps => {
                "DELETE FROM sidegate_stamps WHERE member IN \
                 (SELECT member FROM sidegate_stamps WHERE changed_at < ? ORDER BY changed_at LIMIT 1000)"
            }
            Self::EndedSessions => {
                "DELETE FROM sidegate_ended_sessions WHERE token_id IN \
                 (SELECT token_id FROM sidegate_ended_sessions WHERE valid_until < ? ORDER BY valid_until LIMIT 1000)"
            }
            Self::FailedLogins => {
                "DELETE FROM sidegate_attempts WHERE counter IN \
                 (SELECT counter FROM sidegate_attempts WHERE forgotten_at < ? ORDER BY forgotten_at LIMIT 1000)"
            }
            Self::Codes => {
                "DELETE FROM sidegate_codes WHERE slot IN \
                 (SELECT slot FROM sidegate_codes WHERE forgotten_at < ? ORDER BY forgotten_at LIMIT 1000)"
            }
            Self::Addresses => {
                "UPDATE sidegate_sessions SET address = NULL, agent = NULL WHERE session IN \
                 (SELECT session FROM sidegate_sessions WHERE used_at < ? \
                 AND (address IS NOT NULL OR agent IS NOT NULL) ORDER BY used_at LIMIT 1000)"
            }
            Self::RefreshTokens => {
                "DELETE FROM sidegate_refresh_tokens WHERE fingerprint IN \
                 (SELECT fingerprint FROM sidegate_refresh_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT 1000)"
            }
            Self::Sessions => {
                "DELETE FROM sidegate_sessions WHERE session IN \
                 (SELECT session FROM sidegate_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT 1000)"
            }
            Self::MemberActs => {
                "DELETE FROM sidegate_member_acts WHERE id IN \
                 (SELECT id FROM sidegate_member_acts WHERE acted_at < ? ORDER BY acted_at LIMIT 1000)"
            }
        }
    }
}

impl State {
    /// Forgets a chunk of what is older, and says how many rows that were; fewer than [`Purge::CHUNK`] are the last.
    pub async fn purge(&self, what: Purge, before: UnixSeconds) -> Result<u64, Error> {
        either!(self, database => database.purge(what, before).await)
    }
}
