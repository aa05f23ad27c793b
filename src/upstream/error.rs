//! How an exchange with an upstream fails, by whose fault.

use std::{error::Error, io};

use super::{simple::BadHead, upload::UploadError};

/// What lies beneath a failure; each client of the protocol has its own.
type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// All endpoints have failed lately, so that none was asked.
    #[error(
        "every endpoint of {upstream} has failed lately; one request a second finds out whether one is back"
    )]
    Down {
        /// Its name in the configuration.
        upstream: String,
    },
    /// It has as many requests as it may have, and as many wait as may wait, or this one has waited long enough.
    #[error("{upstream} has as many requests as it may have")]
    Busy {
        /// Its name in the configuration.
        upstream: String,
    },
    /// The endpoint could not be connected to.
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
    /// The upstream could not be trusted, or did not trust the gateway.
    #[error("TLS with {endpoint} failed")]
    Tls {
        /// The last endpoint that was tried.
        endpoint: String,
        /// What the handshake said.
        #[source]
        source: Cause,
    },
    /// No response head within the limit.
    #[error("no response within the limit")]
    ResponseTimeout,
    /// The connection, or its stream, ended before a response.
    #[error("the upstream ended the exchange before a response")]
    Closed(#[source] Cause),
    /// What came back is not of the protocol that is spoken with it.
    #[error("the response is not valid HTTP")]
    NotHttp(#[source] Cause),
    /// 101, although no upgrade was asked for.
    #[error("the upstream switched protocols without being asked")]
    Switched,
    /// The client went away or broke its body while it was being forwarded.
    #[error("the client's body ended early")]
    ClientBody(#[source] hyper::Error),
    /// The client's body grew over its limit while it was being forwarded.
    #[error("the client's body is too large")]
    ClientBodyTooLarge,
    /// The client stopped in the middle of its body.
    #[error("the client's body stalled")]
    ClientBodyStalled,
}

/// A request that got no response.
#[derive(Debug)]
pub struct Undelivered {
    /// Why.
    pub failure: Failure,
    /// The endpoint that had it last, if one had it.
    pub endpoint: Option<Box<str>>,
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        let endpoint = None;
        Self { failure, endpoint }
    }
}

/// Why a response body broke off. The client sees its connection end, since the head has left already.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The upstream closed or broke the framing.
    #[error("the upstream's body ended early")]
    Broken(#[source] Cause),
    /// Nothing came for too long.
    #[error("the upstream's body stalled")]
    Stalled,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// Nobody is there: no request at all can succeed.
    Connection,
    /// Something went wrong with this request; others may succeed.
    Exchange,
    /// The endpoint's it is not.
    Nobody,
}

impl Failure {
    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Unreachable { .. } | Self::ConnectTimeout { .. } => Blame::Connection,
            Self::Tls { .. }
            | Self::ResponseTimeout
            | Self::Closed(_)
            | Self::NotHttp(_)
            | Self::Switched => Blame::Exchange,
            Self::ClientBody(_)
            | Self::ClientBodyTooLarge
            | Self::ClientBodyStalled
            | Self::Down { .. }
            | Self::Busy { .. } => Blame::Nobody,
        }
    }

    /// Whether the client is at fault, and not the upstream.
    pub fn is_the_clients(&self) -> bool {
        matches!(
            self,
            Self::ClientBody(_) | Self::ClientBodyTooLarge | Self::ClientBodyStalled
        )
    }

    /// What the protocol library's error means.
    pub(super) fn from_exchange(error: hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() || is_bad_head(&error) {
            Self::NotHttp(error.into())
        } else if error.is_user() {
            match error.source().and_then(<dyn Error>::downcast_ref) {
                Some(UploadError::TooLarge) => Self::ClientBodyTooLarge,
                Some(UploadError::Stalled) => Self::ClientBodyStalled,
                Some(UploadError::Broken(_)) | None => Self::ClientBody(error),
            }
        } else {
            Self::closed(error.into())
        }
    }

    /// What the protocol library's error on a connection of HTTP/2 means.
    pub(super) fn from_http2(error: hyper::Error) -> Self {
        let cause = error.source().and_then(<dyn Error>::downcast_ref);
        if cause.is_some_and(h2::Error::is_library) {
            Self::NotHttp(error.into())
        } else {
            Self::closed(error.into())
        }
    }

    /// The same failure for another exchange that waited for the same connection.
    pub(super) fn repeated(&self) -> Self {
        match self {
            Self::Unreachable { endpoint, source } => Self::Unreachable {
                endpoint: endpoint.clone(),
                source: io::Error::new(source.kind(), source.to_string()),
            },
            Self::ConnectTimeout { endpoint } => Self::ConnectTimeout {
                endpoint: endpoint.clone(),
            },
            Self::Tls { endpoint, source } => Self::Tls {
                endpoint: endpoint.clone(),
                source: source.to_string().into(),
            },
            Self::NotHttp(source) => Self::NotHttp(source.to_string().into()),
            Self::Closed(source) => Self::Closed(source.to_string().into()),
            Self::ResponseTimeout
            | Self::Switched
            | Self::ClientBody(_)
            | Self::ClientBodyTooLarge
            | Self::ClientBodyStalled
            | Self::Down { .. }
            | Self::Busy { .. } => Self::Closed(self.to_string().into()),
        }
    }

    /// What the end of a connection before a response means: over TLS the upstream may have refused the gateway's
    /// certificate, which TLS 1.3 says only after the handshake.
    pub(super) fn closed(cause: Cause) -> Self {
        if speaks_of_tls(&*cause) {
            return Self::Tls {
                endpoint: "the upstream".to_owned(),
                source: cause,
            };
        }
        Self::Closed(cause)
    }
}

/// Whether a head was refused before the library had seen it.
fn is_bad_head(error: &hyper::Error) -> bool {
    let error = error.source().and_then(<dyn Error>::downcast_ref);
    let inner = error.and_then(io::Error::get_ref);
    inner.is_some_and(<dyn Error + Send + Sync>::is::<BadHead>)
}

/// Whether the session and not the network is what failed.
fn speaks_of_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref().and_then(io::Error::get_ref);
        if inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) {
            return true;
        }
        next = error.source();
    }
    false
}
