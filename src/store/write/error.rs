//! Why something could not be written, in words that say what to do.
//!
//! No message, no `Debug` and no source contains a value.

use std::time::Duration;

use thiserror::Error;

use super::operations::Operation;
use crate::store::{error::Cause, mysql::Failure as MySqlFailure, settings::SettingsError};

/// A failed operation. Unless it says otherwise nothing of it has happened.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A name that cannot be one of a column.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database does not answer. An operation whose connection broke while it was committed may have happened.
    #[error(
        "the user database cannot be written now; check that it runs and that `users.write.database` is its address"
    )]
    Unavailable {
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// It took too long. The operation may have happened.
    #[error(
        "the user database did not write within {limit:?}; look for a locked table or an index that the login column lacks"
    )]
    Deadline {
        /// How long it was allowed to take.
        limit: Duration,
    },
    /// More operations are waiting than the queue holds.
    #[error("too many operations wait for the user database; its storage is slow or locked")]
    Overloaded,
    /// The account was turned away, or may not write this.
    #[error(
        "the user database refused the account of `users.write` (error {code}); check its name and password, and grant it SELECT, and INSERT, UPDATE and DELETE as far as `users.write.actions` needs them"
    )]
    Refused {
        /// The server's error number.
        code: u16,
    },
    /// A database, a table or a column is not there.
    #[error(
        "a table or a column that is to be written is not there; compare `users` with the database"
    )]
    UnknownName,
    /// A column has to have a value, and nothing says which.
    #[error("a column that has to have a value is not given one; add it to what is written")]
    NoDefault,
    /// A unique index has the value already.
    #[error("another row has the same value in a unique index")]
    Duplicate,
    /// A column does not take the value: it is too long, of another type, or of characters that the column does not have.
    #[error("a column does not take the value that is to be written")]
    Unfit,
    /// The id of a new row is not known.
    #[error(
        "the id of the new row cannot be found out; write where ids come from, or let `users.columns.login` be a column of `users.table`"
    )]
    LostKey,
    /// Other rows refer to this one, or the other way round.
    #[error(
        "rows of other tables refer to the row; add these tables to `users.join`, or let the database delete them"
    )]
    Referenced,
    /// A key holds something that cannot be compared with.
    #[error("the column `{column}` holds a value that is neither a number nor UTF-8 text")]
    Corrupt {
        /// The column as configured.
        column: String,
    },
    /// The database answered with an error that has no explanation of its own.
    #[error("the user database could not write what it was asked to; its own log says more")]
    Unexpected {
        /// What happened.
        #[source]
        cause: Cause,
    },
}

/// A failed step of an operation.
pub(super) enum Failure {
    /// The server has undone the transaction, or nothing of it was done: it may be done again.
    Undone(WriteError),
    /// The server stopped a statement at its time limit.
    Late,
    /// Somebody else has the value of this column.
    Conflict(String),
    /// Anything else.
    Settled(WriteError),
}

impl Failure {
    pub(super) fn closed() -> Self {
        Self::unavailable(Cause::Closed)
    }

    pub(super) fn unavailable(cause: Cause) -> Self {
        Self::Settled(WriteError::Unavailable { cause })
    }

    /// What failed while there was no connection to lose.
    pub(super) fn while_connecting(error: mysql_async::Error) -> Self {
        let failure = MySqlFailure::from(error);
        // The pool may have handed out a connection that had been closed meanwhile, and has others.
        if let MySqlFailure::Lost(cause) = failure {
            return Self::Undone(WriteError::Unavailable { cause });
        }
        classified(failure.while_connecting())
    }

    /// What failed when the commit had been sent: nobody knows whether it was done.
    pub(super) fn while_committing(self) -> Self {
        match self {
            Self::Undone(error @ WriteError::Unavailable { .. }) => Self::Settled(error),
            other @ (Self::Undone(_) | Self::Late | Self::Conflict(_) | Self::Settled(_)) => other,
        }
    }

    pub(super) fn is_undone(&self) -> bool {
        matches!(self, Self::Undone(_))
    }

    /// What its caller is told.
    pub(super) fn into_outcome<O: Operation>(self, limit: Duration) -> Result<O::Done, WriteError> {
        match self {
            Self::Undone(error) | Self::Settled(error) => Err(error),
            Self::Late => Err(WriteError::Deadline { limit }),
            Self::Conflict(column) => O::conflicting(column).ok_or(WriteError::Duplicate),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Settled(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settled(WriteError::Settings(error))
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Self {
        classified(MySqlFailure::from(error))
    }
}

fn classified(failure: MySqlFailure) -> Failure {
    match failure {
        MySqlFailure::Lost(cause) => Failure::Undone(WriteError::Unavailable { cause }),
        MySqlFailure::Unavailable(cause) => {
            by_code(cause, |cause| WriteError::Unavailable { cause })
        }
        MySqlFailure::Deadline => Failure::Late,
        MySqlFailure::Refused(code) => Failure::Settled(WriteError::Refused { code }),
        MySqlFailure::NoDatabase
        | MySqlFailure::NoTable
        | MySqlFailure::NoSuchTable(_)
        | MySqlFailure::ColumnMissing
        | MySqlFailure::NoColumn(..) => Failure::Settled(WriteError::UnknownName),
        MySqlFailure::Incomparable => Failure::Settled(WriteError::Unfit),
        MySqlFailure::Unexpected(cause) => by_code(cause, |cause| WriteError::Unexpected { cause }),
    }
}

fn by_code(cause: Cause, otherwise: impl Fn(Cause) -> WriteError) -> Failure {
    let Cause::Server { code, .. } = &cause else {
        return Failure::Settled(otherwise(cause));
    };
    Failure::Settled(match code {
        // A deadlock, a transaction that a cluster did not certify.
        1213 | 1020 => return Failure::Undone(WriteError::Unexpected { cause }),
        1205 => return Failure::Late,
        1062 => WriteError::Duplicate,
        // NULL, out of range, truncated, wrong, too long, a check.
        1048 | 1264 | 1265 | 1292 | 1366 | 1406 | 3819 | 4025 => WriteError::Unfit,
        1364 => WriteError::NoDefault,
        1451 | 1452 => WriteError::Referenced,
        // A server that may only be read, as one that has failed over may be for a while; a cluster without a quorum.
        1290 | 1792 | 1836 | 1047 => WriteError::Unavailable { cause },
        _ => otherwise(cause),
    })
}
