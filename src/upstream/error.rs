//! How an exchange with an upstream fails, by whose fault.

use std::io;

/// Why there is no response. What was already sent to the upstream is not sent again.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No endpoint could be connected to.
    #[error("cannot connect to {endpoint}: {source}")]
    Unreachable {
        /// The last endpoint that was tried.
        endpoint: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Connecting took too long.
    #[error("connecting to {endpoint} took too long")]
    ConnectTimeout {
        /// The last endpoint that was tried.
        endpoint: String,
    },
    /// No response head within the limit.
    #[error("no response within the limit")]
    ResponseTimeout,
    /// The connection ended before a response.
    #[error("the connection was closed before a response")]
    Closed(#[source] hyper::Error),
    /// What came back is not HTTP/1.1.
    #[error("the response is not valid HTTP/1.1")]
    NotHttp(#[source] hyper::Error),
    /// The client went away or broke its body while it was being forwarded.
    #[error("the client's body ended early")]
    ClientBody(#[source] hyper::Error),
}

impl Failure {
    /// What the protocol library's error means.
    pub(super) fn from_exchange(error: hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() {
            Self::NotHttp(error)
        } else if error.is_user() {
            Self::ClientBody(error)
        } else {
            Self::Closed(error)
        }
    }
}
