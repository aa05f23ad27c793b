//! What the store has to be told: which database, which table, which columns, how long.
//!
//! The values are what the configuration means, not how it was written. `TableMap` checks the
//! names; nothing here talks to a database.

use std::time::Duration;

use thiserror::Error;

use super::url::DatabaseUrl;
use super::write::WriteSettings;
use crate::member::StateName;

/// Everything a store needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the database is.
    pub database: DatabaseUrl,
    /// `user` or `schema.user`.
    pub table: String,
    /// Further tables that a member's row is made of. Where there are any, columns are named `alias.column`.
    pub joins: Vec<Join>,
    /// The columns a login needs.
    pub columns: Columns,
    /// The states that block a member; the first that matches holds.
    pub states: Vec<StateRule>,
    /// The columns that are handed on, in this order.
    pub shown: Vec<Shown>,
    /// The columns that rules ask for, in this order.
    pub ruled: Vec<String>,
    /// How many connections are kept and how many there may be. SQLite has one in any case.
    pub pool: PoolSettings,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a whole look-up may take, the wait for a connection included.
    pub deadline: Duration,
    /// TLS towards MySQL; `None` leaves it to the URL's `require_ssl`.
    pub tls: Option<TlsSettings>,
    /// How the tables are written, if they are.
    pub write: Option<WriteSettings>,
}

/// A table that is joined to the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// `user` or `schema.user`.
    pub table: String,
    /// What names of its columns begin with; `None` is the last part of the table's name.
    pub alias: Option<String>,
    /// Its columns, and the columns of the first table that they equal.
    pub on: Vec<(String, String)>,
    /// Whether a member is one without a row here.
    pub is_optional: bool,
}

/// The names of the columns that a login needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The row's identity.
    pub id: String,
    /// What a client calls itself: an e-mail, a login name.
    pub login: String,
    /// The stored password.
    pub password: String,
    /// What it was salted with, where that is not in what is stored.
    pub salt: Option<String>,
}

/// A blocked state and the columns that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRule {
    /// What the state is called.
    pub name: StateName,
    /// The columns that must all have these values.
    pub all: Vec<(String, Expected)>,
}

/// The value that a state expects of a column. NULL matches `Null` and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The column is NULL.
    Null,
    /// Zero is false and any other integer is true, as the database itself has it.
    Boolean(bool),
    /// Exactly this integer.
    Integer(i64),
    /// Exactly this text, byte by byte.
    Text(String),
}

/// A column that is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The column of the table.
    pub column: String,
    /// What it is called in `Member::shown`.
    pub as_name: String,
    /// Its JSON type.
    pub column_type: ColumnType,
}

/// The JSON type that a shown column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A number without a fraction, up to `u64::MAX`.
    Integer,
    /// Any finite number.
    Number,
    /// `true` or `false`, from 1 and 0.
    Boolean,
    /// A string.
    Text,
    /// `2024-01-02T03:04:05`, with six more digits where there are microseconds.
    DateTime,
    /// `2024-01-02`.
    Date,
    /// The JSON that the column's text is.
    Json,
}

/// The bounds of the connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Connections that are kept when idle.
    pub min: usize,
    /// Connections that there may be; at least one.
    pub max: usize,
}

/// TLS towards the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The authorities that may have signed the server's certificate, in PEM; no other is trusted
    /// then. `None` trusts the public ones.
    pub authorities: Option<Vec<u8>>,
}

/// A setting that cannot be used. Names come from the configuration and are no secret.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// An identifier is empty or contains a NUL.
    #[error(
        "`{name}` cannot be the name of a table or a column; write the name as the database has it"
    )]
    Name {
        /// The name as configured.
        name: String,
    },
    /// A table name with more than one dot.
    #[error("`{table}` is not a table; write `table` or `schema.table`")]
    Table {
        /// The table as configured.
        table: String,
    },
    /// Two tables that are called the same.
    #[error("two tables are called `{alias}`; give one of them another name with `as`")]
    SameAlias {
        /// The name.
        alias: String,
    },
    /// A table that is joined by nothing.
    #[error("nothing says which rows of `{table}` belong to a member; write `on`")]
    NoKeys {
        /// The table as configured.
        table: String,
    },
    /// The id is a column of another table than the first.
    #[error(
        "the id `{column}` is a column of a table that is joined; it has to be one of `users.table`"
    )]
    ElsewhereId {
        /// The column as configured.
        column: String,
    },
    /// A column of a table that is not there.
    #[error("the column `{column}` is of no table that is known here; the tables are {known}")]
    UnknownAlias {
        /// The column as configured.
        column: String,
        /// What the tables are called.
        known: String,
    },
    /// A state without a condition would block everybody.
    #[error(
        "the state `{state}` names no column and would hold for everybody; give it at least one"
    )]
    EmptyState {
        /// The state's name.
        state: StateName,
    },
    /// The pool's bounds contradict each other.
    #[error(
        "a pool of {min} to {max} connections is impossible; `max` is at least 1 and not below `min`"
    )]
    Pool {
        /// The configured minimum.
        min: usize,
        /// The configured maximum.
        max: usize,
    },
}
