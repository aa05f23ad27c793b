//! What is watched in the monolith's tables, so that what is written there takes effect at once.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{routes::OnStale, tokens::SecretText, users::Tls};
use crate::config::{duration::Span, rate::Rate};

/// Tables of the monolith that are watched: what is written there takes effect at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Where changes come from: `binlog` is the row binlog of MySQL or MariaDB, read as a replica; `polling` looks at the
    /// tables again and again. Default: `binlog`; for SQLite `polling`.
    pub source: Option<Source>,
    /// The server, with an account that has REPLICATION SLAVE, and SELECT on the tables. `file:PATH` reads it from a file.
    /// Default: `users.database`.
    pub database: Option<SecretText>,
    /// TLS to it. Default: `users.tls`.
    pub tls: Option<Tls>,
    /// The key of fingerprints of watched columns and rows, which are kept in sidegate's own tables: at least 32
    /// characters, the same for all gateways. Needed by `end_sessions` and `row: deleted`.
    pub secret: Option<SecretText>,
    /// The tables. Default: the user table; its `states` block, its password ends sessions, and a row that is deleted
    /// blocks. Without `state` only its states do.
    pub tables: Option<Vec<Table>>,
    /// How often the server says that it is there, 300ms at most. Default: 300ms.
    pub heartbeat: Span,
    /// For how long what was heard of the server counts. Default: 1s.
    pub stale_after: Span,
    /// What happens to a request with a token while nothing was heard for longer, where its route and its group say
    /// nothing else. Default: `ask`.
    pub on_stale: OnStale,
    /// How the user's row is looked up meanwhile.
    pub ask: Ask,
    /// How everything is looked at again, for what no binlog shows: sessions with `sql_log_bin=0`, some cascades.
    pub reconcile: Reconcile,
    /// How tables are looked at again and again, with `source: polling` and while the server does not allow `binlog`.
    pub poll: Poll,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            source: None,
            database: None,
            tls: None,
            secret: None,
            tables: None,
            heartbeat: Span::from_millis(300),
            stale_after: Span::from_secs(1),
            on_stale: OnStale::Ask,
            ask: Ask::default(),
            reconcile: Reconcile::default(),
            poll: Poll::default(),
        }
    }
}

/// How rows are looked up while what watches the tables is behind.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// How many rows may be looked up in which time; a request past that is answered with 503. Default: 200/1s.
    pub rate: Rate,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            rate: Rate::per_seconds(200, 1),
        }
    }
}

/// Where changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The row binlog.
    Binlog,
    /// The tables themselves.
    Polling,
}

/// A table that is watched.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WatchedTable")]
pub struct Table {
    /// The table: `user`, or `schema.user`.
    pub table: String,
    /// The column that says whose row it is: its values are those of `users.columns.id`.
    pub key: String,
    /// What its rows mean.
    pub when: Vec<When>,
    /// The column that says when a row was changed, for polling. Default: `watch.poll.changed_at`.
    pub changed_at: Option<String>,
}

/// What a row means: one of `states`, `column` or `row`, and the effect.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// One of `users.states`, or `all` of them; of the user table alone.
    pub states: Option<String>,
    /// A column: with `becomes`, while it has that value; without, when its value becomes another one.
    pub column: Option<String>,
    /// The value of the column: true, false, null, a whole number or a text.
    #[serde(default, deserialize_with = "written")]
    pub becomes: Option<Value>,
    /// What becomes of the row.
    pub row: Option<Row>,
    /// What it does.
    pub effect: Effect,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "WatchedRow")]
pub enum Row {
    /// It is there no more.
    Deleted,
}

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Its user's tokens are refused while it holds.
    Block,
    /// Its user's tokens are refused that were issued before.
    EndSessions,
}

/// How everything is looked at again.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reconcile {
    /// How long after the end of one look the next begins. Default: 60s.
    pub every: Span,
    /// How many rows are read each second at most. Default: 20000.
    pub rate: u32,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            every: Span::from_secs(60),
            rate: 20_000,
        }
    }
}

/// How tables are looked at again and again.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Poll {
    /// How long after the end of one look the next begins. Default: 1s.
    pub every: Span,
    /// The column that says when a row was changed, such as `TIMESTAMP … ON UPDATE CURRENT_TIMESTAMP`, or seconds since
    /// 1970; it needs an index. With it a look reads the rows that were changed and those of users whose tokens are used,
    /// and all rows only as often as `watch.reconcile` says. Default: none, and each look reads all rows.
    pub changed_at: Option<String>,
    /// How much before the newest of its stamps rows are read again: longer than any transaction takes that writes to the
    /// table, 1s at least. Default: 10s.
    pub overlap: Span,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            every: Span::from_secs(1),
            changed_at: None,
            overlap: Span::from_secs(10),
        }
    }
}

/// A null that is written is a value.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
