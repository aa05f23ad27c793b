//! What the operator says about one upstream, compiled.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use ::http::HeaderValue;
use rustls::pki_types::ServerName;

use super::tls::Tls;

/// One upstream.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in the configuration, for logs.
    pub name: String,
    /// Where it listens; the next one is tried when one cannot be connected to.
    pub endpoints: Vec<Endpoint>,
    /// A Host to send instead of the client's.
    pub host: Option<HeaderValue>,
    /// The longest time to connect to one endpoint.
    pub connect_timeout: Duration,
    /// The longest silence between the end of a request and the head of its response.
    pub response_timeout: Duration,
    /// The longest silence inside a response body.
    pub body_timeout: Duration,
    /// The longest silence on a connection that was switched to another protocol.
    pub tunnel_timeout: Duration,
    /// How long an unused connection is kept; shorter than the upstream's own limit, or requests race its close.
    pub keep_alive: Duration,
    /// How many unused connections one core keeps.
    pub max_idle: usize,
}

/// Where an upstream listens.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// Clear text over TCP.
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// TLS over TCP.
    Tls {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// The name that the certificate has to carry.
        name: ServerName<'static>,
        /// What it is verified by.
        tls: Arc<Tls>,
    },
    /// A Unix socket.
    Unix {
        /// The socket.
        path: PathBuf,
    },
}

impl Endpoint {
    /// What a Host header calls it; a socket has no name.
    pub fn authority(&self) -> String {
        match self {
            Self::Tls {
                host, port: 443, ..
            } if host.contains(':') => format!("[{host}]"),
            Self::Tls {
                host, port: 443, ..
            } => host.clone(),
            Self::Tcp { .. } | Self::Tls { .. } => self.to_string(),
            Self::Unix { .. } => "localhost".to_owned(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } | Self::Tls { host, port, .. } if host.contains(':') => {
                write!(formatter, "[{host}]:{port}")
            }
            Self::Tcp { host, port } | Self::Tls { host, port, .. } => {
                write!(formatter, "{host}:{port}")
            }
            Self::Unix { path } => write!(formatter, "unix:{}", path.display()),
        }
    }
}
