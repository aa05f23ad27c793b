//! Why a look-up failed, in words that say what to do.
//!
//! The variants carry what the next decision needs: an outage, a missing grant and a wrong column
//! name are different things. No message, no `Debug` and no source contains a password, a login,
//! a URL or the value of a row. A row that does not exist is no error.

use std::time::Duration;

use thiserror::Error;

use super::settings::SettingsError;

/// A failed look-up.
#[derive(Debug, Error)]
pub enum Error {
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database does not answer.
    #[error(
        "the user database is unavailable; check that it runs and that `users.database` is its address"
    )]
    Unavailable {
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The database, or the wait for a connection, took too long.
    #[error(
        "the user database did not answer within {limit:?}; look for a slow or locked table, or an index that the login column lacks"
    )]
    Deadline {
        /// How long the look-up was allowed to take.
        limit: Duration,
    },
    /// More look-ups are waiting than the queue holds.
    #[error("too many look-ups wait for the user database; its storage is slow or locked")]
    Overloaded,
    /// The account was turned away.
    #[error(
        "the user database refused the account (error {code}); check its name, password and host, and grant it SELECT on the configured columns"
    )]
    Refused {
        /// The server's error number.
        code: u16,
    },
    /// The URL names no database, or one that is not there.
    #[error(
        "the database that `users.database` names does not exist; check the last part of the URL"
    )]
    UnknownDatabase,
    /// The table is not there.
    #[error("there is no table `{table}`; check `users.table` and the database that the URL names")]
    UnknownTable {
        /// The table as configured.
        table: String,
    },
    /// A column is not there.
    #[error(
        "the table `{table}` has no column `{column}`; check `users.columns`, `users.states` and the columns that dialects show"
    )]
    UnknownColumn {
        /// The first missing column.
        column: String,
        /// The table as configured.
        table: String,
    },
    /// A column holds something that it should not.
    #[error(
        "the column `{column}` holds a value that is not {expected}; correct the row, or the type that the configuration gives the column"
    )]
    Corrupt {
        /// The column as configured.
        column: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Several rows answer to one id, and none is spelt exactly like it.
    #[error(
        "several rows of `{table}` share one `{column}`; `users.columns.id` must be a unique column"
    )]
    Ambiguous {
        /// The id column.
        column: String,
        /// The table as configured.
        table: String,
    },
    /// The database answered with an error that has no explanation of its own.
    #[error("the user database could not answer the look-up; its own log says more")]
    Unexpected {
        /// What happened.
        #[source]
        cause: Cause,
    },
}

/// What lies beneath an error. Server messages are left out on purpose: they quote values.
#[derive(Debug, Error)]
pub enum Cause {
    /// The connection failed or broke.
    #[error("the connection failed")]
    Connection(#[source] std::io::Error),
    /// The connection took too long to be made.
    #[error("no connection was made within {0:?}")]
    ConnectTimeout(Duration),
    /// TLS failed, or the server offers none.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server reported an error.
    #[error("the server reported error {code} ({state})")]
    Server {
        /// The server's error number.
        code: u16,
        /// Its SQLSTATE.
        state: String,
    },
    /// The server says something that this driver does not understand.
    #[error("the server's protocol was not understood")]
    Protocol,
    /// The SQLite file cannot be opened.
    #[error("cannot open `{path}`: {reason}")]
    File {
        /// The configured path.
        path: String,
        /// SQLite's words for it.
        reason: &'static str,
    },
    /// SQLite reported an error.
    #[error("SQLite reported error {code}: {reason}")]
    Sqlite {
        /// The extended result code.
        code: i32,
        /// SQLite's words for it.
        reason: &'static str,
    },
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}
