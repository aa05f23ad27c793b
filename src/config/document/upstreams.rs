//! The monolith's addresses.

use serde::Deserialize;

use crate::config::duration::Span;

/// One upstream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it listens, such as `http://127.0.0.1:8000` or `unix:/run/app.sock`; the next one is tried when one cannot
    /// be connected to.
    pub endpoints: Vec<String>,
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
