//! What an error of SQLite means for an operation on the own tables.

use std::time::Duration;

use rusqlite::{ErrorCode, ffi};

use crate::state::{Error, error::Cause};

/// A failed step of an operation.
pub(in crate::state) enum Failure {
    /// SQLite reported it.
    Sqlite(rusqlite::Error),
    /// It was found out without it.
    Settled(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Settled(error)
    }
}

impl Failure {
    pub(super) fn into_error(self, path: &str, limit: Duration) -> Error {
        match self {
            Self::Settled(error) => error,
            Self::Sqlite(error) => explained(&error, path, limit),
        }
    }
}

fn explained(error: &rusqlite::Error, path: &str, limit: Duration) -> Error {
    if let rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..) =
        error
    {
        return Error::Corrupt {
            table: "sidegate_…",
            expected: "of its column's type",
        };
    }
    let failure = of_sqlite(error);
    let code = failure.map_or(ffi::SQLITE_ERROR, |failure| failure.extended_code);
    let reason = ffi::code_to_str(code);
    match failure.map(|failure| failure.code) {
        // The connection waits for a lock as long as an operation may take.
        Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy) => {
            Error::Deadline { limit }
        }
        Some(ErrorCode::Unknown) if is_unknown_name(error) => Error::NotMigrated,
        Some(ErrorCode::NotADatabase | ErrorCode::CannotOpen) => Error::Unavailable {
            cause: Cause::File {
                path: path.to_owned(),
                reason,
            },
        },
        Some(
            ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed,
        ) => Error::Unavailable {
            cause: Cause::Sqlite { code, reason },
        },
        Some(_) | None => Error::Unexpected {
            cause: Cause::Sqlite { code, reason },
        },
    }
}

/// The result code, whether or not SQLite could point at a place in the statement.
fn of_sqlite(error: &rusqlite::Error) -> Option<&ffi::Error> {
    if let rusqlite::Error::SqlInputError { error, .. } = error {
        return Some(error);
    }
    error.sqlite_error()
}

/// SQLite has one code for every mistake in a statement, and messages that are not translated.
fn is_unknown_name(error: &rusqlite::Error) -> bool {
    let message = if let rusqlite::Error::SqlInputError { msg, .. } = error {
        msg.as_str()
    } else if let rusqlite::Error::SqliteFailure(_, Some(message)) = error {
        message.as_str()
    } else {
        ""
    };
    message.starts_with("no such table")
        || message.contains("no such column")
        || message.contains("has no column")
}
