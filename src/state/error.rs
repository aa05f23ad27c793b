//! Why an operation on the own tables failed, in words that say what to do.
//!
//! No message, no `Debug` and no source contains a password, a URL or the value of a row.

use std::time::Duration;

use thiserror::Error;

use super::migrate::Obstacle;
pub(super) use crate::store::Cause;

/// A failed operation. Unless it says otherwise nothing of it has happened.
#[derive(Debug, Error)]
pub enum Error {
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
    /// The database does not answer. An operation whose connection broke while it was committed may have happened.
    #[error(
        "sidegate's own database is unavailable; check that it runs and that `state.database` is its address"
    )]
    Unavailable {
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The database, or the wait for a connection, took too long. The operation may have happened.
    #[error(
        "sidegate's own database did not answer within {limit:?}; look for a slow disk or a locked table"
    )]
    Deadline {
        /// How long the operation was allowed to take.
        limit: Duration,
    },
    /// More operations are waiting than the queue holds.
    #[error("too many operations wait for sidegate's own database; its storage is slow or locked")]
    Overloaded,
    /// The account was turned away.
    #[error(
        "sidegate's own database refused the account (error {code}); check its name, password and host, and grant it SELECT, INSERT, UPDATE and DELETE on the tables `sidegate_…`, and what migrations need to the account that applies them"
    )]
    Refused {
        /// The server's error number.
        code: u16,
    },
    /// The URL names no database, or one that is not there.
    #[error(
        "the database that `state.database` names does not exist; make it, or check the last part of the URL"
    )]
    UnknownDatabase,
    /// Tables or columns are missing.
    #[error(
        "sidegate's own tables are missing or older than this version; run `sidegate migrate up`"
    )]
    NotMigrated,
    /// These migrations have not been applied.
    #[error("migrations are pending: {names}; run `sidegate migrate up`")]
    Pending {
        /// Their names.
        names: String,
    },
    /// Something is in the way of migrations.
    #[error(transparent)]
    Migrations(#[from] Obstacle),
    /// A column holds something that sidegate does not write.
    #[error(
        "a row of `{table}` holds a value that is not {expected}; somebody else has written to it: correct the row, or delete it"
    )]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A text that is longer than its column.
    #[error("{what} is too long to be stored")]
    TooLong {
        /// Which text.
        what: &'static str,
    },
    /// The database answered with an error that has no explanation of its own.
    #[error("sidegate's own database could not do what it was asked; its own log says more")]
    Unexpected {
        /// What happened.
        #[source]
        cause: Cause,
    },
}
