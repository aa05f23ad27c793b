//! What a driver error means for a look-up.
//!
//! Only the server's error number and SQLSTATE survive: its messages quote values and account
//! names. Whether a read is worth a second try is decided here.

use std::time::Duration;

use mysql_async::{DriverError, IoError, ServerError};

use crate::store::error::{Cause, Error};
use crate::store::table_map::TableMap;

/// A failed step of a look-up, or of an operation on the gateway's own tables.
pub(crate) enum Failure {
    /// The connection broke; a fresh one may work.
    Lost(Cause),
    /// The server is not there, or not for us now.
    Unavailable(Cause),
    /// The server stopped the statement at its time limit.
    Deadline,
    /// The account was turned away.
    Refused(u16),
    /// No such database, or none named.
    NoDatabase,
    /// No such table.
    NoTable,
    /// This table is missing.
    NoSuchTable(String),
    /// Some column is missing.
    ColumnMissing,
    /// This column of this table is missing.
    NoColumn(String, String),
    /// The value cannot be compared with the column, as a rule because it cannot be written in the
    /// column's character set.
    Incomparable,
    /// Anything else.
    Unexpected(Cause),
}

impl Failure {
    /// The same failure where there was no connection to lose.
    pub(crate) fn while_connecting(self) -> Self {
        match self {
            Self::Lost(cause) | Self::Unexpected(cause) => Self::Unavailable(cause),
            settled @ (Self::Unavailable(_)
            | Self::Deadline
            | Self::Refused(_)
            | Self::NoDatabase
            | Self::NoTable
            | Self::NoSuchTable(_)
            | Self::ColumnMissing
            | Self::NoColumn(..)
            | Self::Incomparable) => settled,
        }
    }

    /// The error that the caller sees.
    pub(super) fn into_error(self, map: &TableMap, limit: Duration) -> Error {
        match self {
            Self::Lost(cause) | Self::Unavailable(cause) => Error::Unavailable { cause },
            Self::Deadline => Error::Deadline { limit },
            Self::Refused(code) => Error::Refused { code },
            Self::NoDatabase => Error::UnknownDatabase,
            Self::NoTable => Error::UnknownTable {
                table: map.table.clone(),
            },
            Self::NoSuchTable(table) => Error::UnknownTable { table },
            Self::NoColumn(column, table) => Error::UnknownColumn { column, table },
            // The column was missing a moment ago and each is there now: the table is being
            // altered, or the server means something that the probes do not ask.
            Self::ColumnMissing => unexplained(1054, "42S22"),
            Self::Incomparable => unexplained(1267, "HY000"),
            Self::Unexpected(cause) => Error::Unexpected { cause },
        }
    }
}

fn unexplained(code: u16, state: &str) -> Error {
    Error::Unexpected {
        cause: Cause::Server {
            code,
            state: state.to_owned(),
        },
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Self {
        match error {
            mysql_async::Error::Io(IoError::Io(error)) => Self::Lost(Cause::Connection(error)),
            mysql_async::Error::Io(IoError::Tls(error)) => {
                Self::Unavailable(Cause::Tls(error.to_string()))
            }
            mysql_async::Error::Server(error) => server(error),
            mysql_async::Error::Driver(error) => driver(&error),
            mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => {
                Self::Unexpected(Cause::Protocol)
            }
        }
    }
}

fn server(error: ServerError) -> Failure {
    let cause = Cause::Server {
        code: error.code,
        state: error.state,
    };
    match error.code {
        // Access denied to the server, the database, the table, the column, or for this host;
        // an expired password; TLS required; an authentication plug-in that is missing.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1251 | 1524 | 1698 | 1820 | 1862 | 3118
        | 3159 | 4151 => Failure::Refused(error.code),
        1046 | 1049 => Failure::NoDatabase,
        1146 => Failure::NoTable,
        1054 => Failure::ColumnMissing,
        // An illegal mix of collations, a character that cannot be converted.
        1267 | 1366 | 3854 | 3988 => Failure::Incomparable,
        1969 | 3024 => Failure::Deadline,
        // The connection was killed, the server shuts down or closed an idle session.
        1053 | 1927 | 1317 | 4031 => Failure::Lost(cause),
        // Too many connections, or too many of this account; read timeouts; out of resources.
        1040 | 1041 | 1129 | 1158..=1161 | 1203 | 1205 | 1226 => Failure::Unavailable(cause),
        _ => Failure::Unexpected(cause),
    }
}

fn driver(error: &DriverError) -> Failure {
    match error {
        DriverError::ConnectionClosed => Failure::Lost(Cause::Connection(
            std::io::ErrorKind::ConnectionAborted.into(),
        )),
        DriverError::PoolDisconnected => Failure::Unavailable(Cause::Closed),
        DriverError::NoClientSslFlagFromServer => {
            Failure::Unavailable(Cause::Tls("the server offers none".to_owned()))
        }
        DriverError::CantParseServerVersion { .. }
        | DriverError::FromValue { .. }
        | DriverError::FromRow { .. }
        | DriverError::Params(_)
        | DriverError::MixedParams
        | DriverError::NestedTransaction
        | DriverError::PacketOutOfOrder
        | DriverError::ReadOnlyTransNotSupported
        | DriverError::StmtParamsMismatch { .. }
        | DriverError::StmtParamsNumberExceedsLimit { .. }
        | DriverError::UnexpectedPacket { .. }
        | DriverError::UnknownAuthPlugin { .. }
        | DriverError::PacketTooLarge
        | DriverError::BadCompressedPacketHeader
        | DriverError::NamedPipesDisabled
        | DriverError::MysqlOldPasswordDisabled
        | DriverError::LocalInfile(_)
        | DriverError::NoKeyFound
        | DriverError::CleartextPluginDisabled
        | DriverError::InvalidParsecSalt
        | DriverError::BulkExecute(_) => Failure::Unexpected(Cause::Protocol),
    }
}
