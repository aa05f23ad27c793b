//! The monolith's addresses.

use serde::Deserialize;

use crate::config::duration::Span;

/// One upstream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it listens, such as `http://127.0.0.1:8000`, `https://api.internal` or `unix:/run/app.sock`; the next one is
    /// tried when one cannot be connected to.
    pub endpoints: Vec<String>,
    /// TLS to its `https://` endpoints. Default: the certificate is verified by the system's authorities.
    pub tls: Option<UpstreamTls>,
    /// A Host to send instead of the client's.
    pub host: Option<String>,
    /// The longest time to connect. Default: 2s.
    #[serde(default = "two_seconds")]
    pub connect_timeout: Span,
    /// The longest wait for the head of a response. Default: 60s.
    #[serde(default = "one_minute")]
    pub response_timeout: Span,
    /// The longest silence inside a response body. Default: 5m.
    #[serde(default = "five_minutes")]
    pub body_timeout: Span,
    /// The longest silence on a connection that was switched to another protocol, such as a WebSocket. Default: 1h.
    #[serde(default = "one_hour")]
    pub tunnel_timeout: Span,
    /// How long an unused connection is kept; has to be shorter than the upstream's own limit (uvicorn: 5s).
    /// Default: 4s.
    #[serde(default = "four_seconds")]
    pub keep_alive: Span,
    /// How many unused connections each core keeps. Default: 64.
    #[serde(default = "sixty_four")]
    pub max_idle: u16,
}

/// TLS to an upstream, whose certificate is always verified. The files are read again when they have changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// A PEM file with the authorities that may have signed the upstream's certificate; no others are trusted then.
    /// Default: those of the system.
    pub ca: Option<String>,
    /// The name that the certificate has to carry and that the upstream is asked for (SNI). Default: the endpoint's
    /// host.
    pub server_name: Option<String>,
    /// A PEM file with the gateway's own certificate and those that lead to its authority, for an upstream that asks
    /// for one. Default: none.
    pub certificate: Option<String>,
    /// A PEM file with the private key of `certificate`.
    pub key: Option<String>,
}

fn two_seconds() -> Span {
    Span::from_secs(2)
}

fn four_seconds() -> Span {
    Span::from_secs(4)
}

fn one_minute() -> Span {
    Span::from_secs(60)
}

fn five_minutes() -> Span {
    Span::from_secs(300)
}

fn one_hour() -> Span {
    Span::from_secs(3600)
}

fn sixty_four() -> u16 {
    64
}
