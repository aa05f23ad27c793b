//! Why a connection is not served.

use tracing::debug;

use super::{proxy_protocol::ReceiveError, tls::HandshakeError};
use crate::{
    http::client_address::PeerAddress,
    telemetry::counters::{ConnectionRefusal, connection_refused},
};

/// A connection is closed before its first request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwelcome {
    #[error("its address has as many connections as it may have")]
    TooManyOfAddress,
    #[error("it is none of the proxies that may connect here")]
    NoProxy,
    #[error(transparent)]
    ProxyHeader(#[from] ReceiveError),
    #[error("its TLS handshake failed: {0}")]
    Handshake(#[from] HandshakeError),
    #[error("its PROXY header or TLS handshake took too long")]
    TooSlow,
    #[error("the gateway is shutting down")]
    Draining,
}

impl Unwelcome {
    /// Says so where somebody looks for it: whoever can reach the gateway can make as many of them as he likes.
    pub(super) fn report(&self, peer: PeerAddress) {
        let peer = peer.ip().map(|ip| ip.to_string());
        let peer = peer.as_deref().unwrap_or("unix");
        debug!(reason = %self, peer, "a connection was refused");
        if let Some(reason) = self.reason() {
            connection_refused(reason);
        }
    }

    /// Under which reason it is counted; a connection that comes while the gateway stops is no client's fault.
    fn reason(&self) -> Option<ConnectionRefusal> {
        Some(match self {
            Self::TooManyOfAddress => ConnectionRefusal::TooManyOfAddress,
            Self::NoProxy | Self::ProxyHeader(_) => ConnectionRefusal::ProxyHeader,
            Self::Handshake(_) => ConnectionRefusal::TlsHandshake,
            Self::TooSlow => ConnectionRefusal::SlowStart,
            Self::Draining => return None,
        })
    }
}
