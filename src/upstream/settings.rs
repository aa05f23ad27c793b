//! What the operator says about one upstream, compiled.

use std::time::Duration;

use ::http::HeaderValue;

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
    /// How long an unused connection is kept; shorter than the upstream's own limit, or requests race its close.
    pub keep_alive: Duration,
    /// How many unused connections one core keeps.
    pub max_idle: usize,
}

/// Where an upstream listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}
