//! Why the stream ended, or never began, in words that say what to do.
//!
//! Some faults pass by themselves, some lose the position, and some stay until somebody grants or sets something: the last
//! kind is when polling takes over.

use mysql_async::{DriverError, IoError};
use thiserror::Error;

/// A stream that ended.
#[derive(Debug, Error)]
pub enum Fault {
    /// The server does not let this account replicate.
    #[error(
        "the account may not replicate (error {code}); GRANT REPLICATION SLAVE ON *.* to it, in the database that `watch.database` names"
    )]
    NotAllowed {
        /// The server's error number: 1045, which also stands for a wrong password, or 1227.
        code: u16,
    },
    /// The server does not let this account in.
    #[error(
        "the account was refused (error {code}); check the name, password and host in `watch.database`"
    )]
    Refused {
        /// The server's error number.
        code: u16,
    },
    /// There is no binlog.
    #[error("the server writes no binlog; set `log_bin` and restart it")]
    Disabled,
    /// Rows are not logged.
    #[error("the server logs statements and not rows; set `binlog_format=ROW` (it is {format})")]
    Format {
        /// The format that it has.
        format: String,
    },
    /// The table is not one.
    #[error(
        "there is no table `{table}` for this account, or it is a view; check `watch.tables` and grant SELECT on it"
    )]
    NoTable {
        /// As configured.
        table: String,
    },
    /// A column is not there.
    #[error(
        "the table `{table}` has no column `{column}`; check `watch.tables`, and grant SELECT on it"
    )]
    NoColumn {
        /// As configured.
        table: String,
        /// As configured.
        column: String,
    },
    /// The server does not have, or never had, what follows our position.
    #[error("the server cannot go on from our position (error {code}); everything is read anew")]
    PositionLost {
        /// The server's error number: 1236 or one of its kin.
        code: u16,
    },
    /// Another replica has our number.
    #[error("another replica uses the same server id; another one is taken")]
    ServerIdTaken,
    /// Nothing was heard for too long.
    #[error("the server has not been heard for {silence:?}")]
    Silent {
        /// How long.
        silence: std::time::Duration,
    },
    /// The server ended the stream.
    #[error("the server ended the stream")]
    Ended,
    /// The connection failed or broke.
    #[error("the connection failed: {0}")]
    Connection(#[source] std::io::Error),
    /// TLS failed, or the server offers none.
    #[error("TLS failed")]
    Tls,
    /// The server answered with an error that has no explanation of its own.
    #[error("the server reported error {code}")]
    Server {
        /// The server's error number.
        code: u16,
    },
    /// What came was not understood.
    #[error("the stream was not understood: {0}")]
    Protocol(&'static str),
}

impl Fault {
    /// Whether it stays until somebody changes a grant, a setting or the table.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::NotAllowed { .. }
            | Self::Refused { .. }
            | Self::Disabled
            | Self::Format { .. }
            | Self::NoTable { .. }
            | Self::NoColumn { .. } => true,
            Self::PositionLost { .. }
            | Self::ServerIdTaken
            | Self::Silent { .. }
            | Self::Ended
            | Self::Connection(_)
            | Self::Tls
            | Self::Server { .. }
            | Self::Protocol(_) => false,
        }
    }

    /// The same fault where a replica asks to be one: there a refusal is a missing grant and no wrong password.
    pub(super) fn while_registering(self) -> Self {
        if let Self::Refused { code } = self {
            return Self::NotAllowed { code };
        }
        self
    }
}

impl From<mysql_async::Error> for Fault {
    fn from(error: mysql_async::Error) -> Self {
        match error {
            mysql_async::Error::Io(IoError::Io(error)) => Self::Connection(error),
            mysql_async::Error::Io(IoError::Tls(_)) => Self::Tls,
            mysql_async::Error::Server(error) => server(error.code),
            mysql_async::Error::Driver(DriverError::ConnectionClosed) => {
                Self::Connection(std::io::ErrorKind::ConnectionAborted.into())
            }
            mysql_async::Error::Driver(_) => Self::Protocol("the driver's part of it"),
            mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => Self::Protocol("an event"),
        }
    }
}

fn server(code: u16) -> Fault {
    match code {
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1251 | 1524 | 1698 | 1820 | 1862 | 3118
        | 3159 | 4151 => Fault::Refused { code },
        // No binlog, a purged file or id, an id of another server, a malformed one.
        1236 | 1941 | 1789 | 1790 => Fault::PositionLost { code },
        4052 => Fault::ServerIdTaken,
        _ => Fault::Server { code },
    }
}
