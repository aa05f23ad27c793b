//! sidegate's own tables: what the monolith's do not remember.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    tokens::SecretText,
    users::{Pool, Tls},
};
use crate::config::duration::Span;

/// sidegate's own tables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// `mysql://user:password@host/database`, best a database of its own, or `sqlite:path`; `file:PATH` reads it from a
    /// file. Gateways that share it learn of each other's logouts.
    pub database: SecretText,
    /// Who applies migrations: `on_start` the gateway when it starts, `by_hand` an operator with `sidegate migrate up`.
    /// Default: `on_start` for SQLite, `by_hand` for MySQL.
    pub migrate: Option<Migrate>,
    /// Connections to the database.
    #[serde(default)]
    pub pool: Pool,
    /// How long a connection to the database may take. Default: 2s.
    #[serde(default = "two_seconds")]
    pub connect_timeout: Span,
    /// How long one operation may take in all. Default: 3s.
    #[serde(default = "three_seconds")]
    pub deadline: Span,
    /// TLS to the database.
    pub tls: Option<Tls>,
    /// How long what is kept.
    #[serde(default)]
    pub keep: Keep,
}

/// Who applies migrations.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Migrate {
    /// The gateway, when it starts.
    OnStart,
    /// An operator, with `sidegate migrate up`.
    ByHand,
}

/// How long what is kept.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Addresses and agents of sessions. Default: 90d.
    pub addresses: Span,
    /// Sessions, after they have ended. Default: 30d.
    pub ended_sessions: Span,
    /// Since when tokens of a user are refused; no shorter than any token lives, or tokens count again that were ended.
    /// Default: 400d.
    pub stamps: Span,
    /// What managers have done to users on the pages for that, and why. Default: 1095d.
    pub member_acts: Span,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            addresses: Span::from_secs(90 * DAY),
            ended_sessions: Span::from_secs(30 * DAY),
            stamps: Span::from_secs(400 * DAY),
            member_acts: Span::from_secs(3 * 365 * DAY),
        }
    }
}

const DAY: u64 = 24 * 60 * 60;

fn two_seconds() -> Span {
    Span::from_secs(2)
}

fn three_seconds() -> Span {
    Span::from_secs(3)
}
