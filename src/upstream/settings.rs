//! What the operator says about one upstream, compiled.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use ::http::{HeaderValue, uri::PathAndQuery};
use rustls::pki_types::ServerName;

use super::tls::Tls;

/// The most endpoints that one upstream may have.
pub const MOST_ENDPOINTS: usize = 64;

/// One upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in the configuration, for logs.
    pub name: String,
    /// Where it listens: at most [`MOST_ENDPOINTS`], which share the requests.
    pub endpoints: Vec<Endpoint>,
    /// What is spoken with it.
    pub protocol: Protocol,
    /// The longest silence on a connection of HTTP/2 with open streams before it is asked whether it is still there.
    pub ping_interval: Duration,
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
    /// How old a connection becomes at most, so that a name that has moved is followed.
    pub connection_age: Duration,
    /// How many unused connections one core keeps to each endpoint.
    pub max_idle: usize,
    /// How long an endpoint that is back gets less than its share.
    pub slow_start: Duration,
    /// What is sent again, and how much of it.
    pub retry: Retry,
    /// When failing endpoints are left alone.
    pub ejection: Ejection,
    /// How endpoints are asked whether they are well, if they are.
    pub health: Option<HealthCheck>,
    /// How many requests there are at once.
    pub concurrency: Concurrency,
}

/// Which part of the requests may be sent again, to another endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often one request may be sent again.
    pub attempts: u32,
    /// How many of a hundred requests may be.
    pub percent: u32,
}

/// When an endpoint is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ejection {
    /// After how many failures in a row; never, if 0.
    pub failures: u32,
    /// For how long the first time.
    pub period: Duration,
}

/// How endpoints are asked whether they are well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked for.
    pub path: PathAndQuery,
    /// How long from one question to the next.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many good answers in a row bring an endpoint back.
    pub healthy: u32,
    /// How many bad ones in a row take it out.
    pub unhealthy: u32,
}

/// How many requests there are at once, on all cores together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// How many the upstream has.
    pub requests: usize,
    /// How many more wait.
    pub queue: usize,
    /// For how long.
    pub wait: Duration,
}

/// What is spoken with an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2: chosen in the TLS handshake, or known without asking in clear text.
    Http2,
    /// What the upstream chooses in the TLS handshake; HTTP/1.1 in clear text.
    Auto,
}

/// Where an upstream listens.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Whether connections are encrypted.
    pub fn has_tls(&self) -> bool {
        match self {
            Self::Tls { .. } => true,
            Self::Tcp { .. } | Self::Unix { .. } => false,
        }
    }

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

#[cfg(test)]
impl Settings {
    /// Endpoints on this machine, with the limits that a configuration has by default.
    pub(super) fn local(ports: &[u16]) -> Self {
        let endpoint = |&port: &u16| Endpoint::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        };
        Self {
            name: "monolith".to_owned(),
            endpoints: ports.iter().map(endpoint).collect(),
            protocol: Protocol::Http1,
            ping_interval: Duration::from_secs(360),
            host: None,
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(300),
            tunnel_timeout: Duration::from_secs(3600),
            keep_alive: Duration::from_secs(4),
            connection_age: Duration::from_secs(300),
            max_idle: 64,
            slow_start: Duration::from_secs(10),
            retry: Retry {
                attempts: 1,
                percent: 20,
            },
            ejection: Ejection {
                failures: 5,
                period: Duration::from_secs(10),
            },
            health: None,
            concurrency: Concurrency {
                requests: 1024,
                queue: 128,
                wait: Duration::from_secs(1),
            },
        }
    }
}
