//! What a driver error means for an operation on the own tables.

use std::time::Duration;

use crate::{
    state::{Error, error::Cause},
    store::MySqlFailure,
};

/// A failed step of an operation.
pub(in crate::state) enum Failure {
    /// The server has undone the transaction: it may be done again.
    Undone(Error),
    /// The server stopped the statement at its time limit.
    Late,
    /// Anything else.
    Settled(Error),
}

impl Failure {
    pub(super) fn closed() -> Self {
        Self::Settled(Error::Unavailable {
            cause: Cause::Closed,
        })
    }

    pub(super) fn timed_out(limit: Duration) -> Self {
        Self::Settled(Error::Unavailable {
            cause: Cause::ConnectTimeout(limit),
        })
    }

    /// What failed while there was no connection to lose.
    pub(super) fn while_connecting(error: mysql_async::Error) -> Self {
        let failure = MySqlFailure::from(error);
        // The pool may have handed out a connection that had been closed meanwhile, and has others.
        if let MySqlFailure::Lost(cause) = failure {
            return Self::Undone(Error::Unavailable { cause });
        }
        classified(failure.while_connecting())
    }

    /// What failed when the commit had been sent.
    pub(super) fn while_committing(self) -> Self {
        match self {
            Self::Undone(error @ Error::Unavailable { .. }) => Self::Settled(error),
            other @ (Self::Undone(_) | Self::Late | Self::Settled(_)) => other,
        }
    }

    pub(super) fn is_undone(&self) -> bool {
        matches!(self, Self::Undone(_))
    }

    pub(super) fn into_error(self, limit: Duration) -> Error {
        match self {
            Self::Undone(error) | Self::Settled(error) => error,
            Self::Late => Error::Deadline { limit },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Settled(error)
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Self {
        classified(MySqlFailure::from(error))
    }
}

fn classified(failure: MySqlFailure) -> Failure {
    match failure {
        MySqlFailure::Lost(cause) => Failure::Undone(Error::Unavailable { cause }),
        MySqlFailure::Unavailable(cause) => Failure::Settled(Error::Unavailable { cause }),
        MySqlFailure::Deadline => Failure::Late,
        MySqlFailure::Refused(code) => Failure::Settled(Error::Refused { code }),
        MySqlFailure::NoDatabase => Failure::Settled(Error::UnknownDatabase),
        MySqlFailure::NoTable
        | MySqlFailure::NoSuchTable(_)
        | MySqlFailure::ColumnMissing
        | MySqlFailure::NoColumn(..) => Failure::Settled(Error::NotMigrated),
        MySqlFailure::Incomparable => unexpected(1366),
        MySqlFailure::Unexpected(cause) => by_code(cause),
    }
}

fn by_code(cause: Cause) -> Failure {
    let Cause::Server { code, .. } = &cause else {
        return Failure::Settled(Error::Unexpected { cause });
    };
    match code {
        // A deadlock, a row that somebody else has inserted meanwhile, a transaction that a cluster did not certify.
        1213 | 1062 | 1020 => Failure::Undone(Error::Unexpected { cause }),
        // A server that may only be read, as one that has failed over may be for a while; a cluster without a quorum.
        1290 | 1792 | 1836 | 1047 => Failure::Settled(Error::Unavailable { cause }),
        _ => Failure::Settled(Error::Unexpected { cause }),
    }
}

fn unexpected(code: u16) -> Failure {
    let state = "HY000".to_owned();
    Failure::Settled(Error::Unexpected {
        cause: Cause::Server { code, state },
    })
}
