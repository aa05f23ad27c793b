//! What the own tables need to be told: which database, how long, who migrates, what is kept.

use std::time::Duration;

use crate::store::{DatabaseUrl, PoolSettings, TlsSettings};

/// Everything the own tables need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the database is.
    pub database: DatabaseUrl,
    /// Who applies migrations.
    pub migrate: Migrate,
    /// How many connections are kept and how many there may be. SQLite has one in any case.
    pub pool: PoolSettings,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one operation may take, the wait for a connection included.
    pub deadline: Duration,
    /// TLS towards MySQL; `None` leaves it to the URL's `require_ssl`.
    pub tls: Option<TlsSettings>,
    /// How long what is kept.
    pub keep: Keep,
}

impl Settings {
    /// Whether what is open may stay open: who migrates and what is kept are decided elsewhere.
    pub fn is_same_database(&self, other: &Self) -> bool {
        let connection = |it: &Self| {
            let Self {
                database,
                migrate: _,
                pool,
                connect_timeout,
                deadline,
                tls,
                keep: _,
            } = it.clone();
            (database, pool, connect_timeout, deadline, tls)
        };
        connection(self) == connection(other)
    }

    /// Whether the bounds of the pool can be used at all; asks no database.
    pub fn check(&self) -> Result<(), super::Error> {
        let PoolSettings { min, max } = self.pool;
        if max == 0 || min > max {
            return Err(super::Error::Pool { min, max });
        }
        Ok(())
    }
}

/// Who applies migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// The gateway, when it starts.
    OnStart,
    /// An operator, with `sidegate migrate up`.
    ByHand,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Addresses and agents of sessions.
    pub addresses: Duration,
    /// Sessions, after they have ended.
    pub ended_sessions: Duration,
    /// Since when tokens of a member are refused. No shorter than any token lives.
    pub stamps: Duration,
    /// What managers have done to members.
    pub member_acts: Duration,
}
