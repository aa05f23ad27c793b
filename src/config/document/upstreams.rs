//! The monolith's addresses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{duration::Span, percent::Percent};

/// One upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it listens, such as `http://127.0.0.1:8000`, `https://api.internal` or `unix:/run/app.sock`; several share
    /// the requests. A name is looked up for each new connection.
    pub endpoints: Vec<String>,
    /// TLS to its `https://` endpoints. Default: the certificate is verified by the system's authorities.
    pub tls: Option<UpstreamTls>,
    /// What is spoken with it: `http1`; `http2`, which is chosen in the TLS handshake and taken for granted in clear text;
    /// or `auto`, which leaves the choice to the upstream where there is TLS. Default: http1.
    #[serde(default)]
    pub protocol: Protocol,
    /// The longest silence on a connection of HTTP/2 with open streams before a ping asks whether it is still there.
    /// gRPC servers close connections that ask more often than every 5m. Default: 6m.
    #[serde(default = "six_minutes")]
    pub ping_interval: Span,
    /// A Host to send instead of the client's.
    pub host: Option<String>,
    /// Whom an `assertion` to it is meant for, its `aud`. Default: the upstream's name.
    pub audience: Option<String>,
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
    /// How old a connection becomes at most, so that a name that has moved is followed. Default: 5m.
    #[serde(default = "five_minutes")]
    pub connection_age: Span,
    /// How many unused connections each core keeps to each endpoint. Default: 64.
    #[serde(default = "sixty_four")]
    pub max_idle: u16,
    /// How long an endpoint that is back gets less than its share; 0s: it gets all of it at once. Default: 10s.
    #[serde(default = "ten_seconds")]
    pub slow_start: Span,
    /// What is sent again, to another endpoint.
    #[serde(default)]
    pub retry: Retry,
    /// When an endpoint that fails is left alone.
    #[serde(default)]
    pub ejection: Ejection,
    /// How endpoints are asked whether they are well. Default: they are not asked.
    pub health: Option<Health>,
    /// How many requests the upstream has at once.
    #[serde(default)]
    pub concurrency: Concurrency,
}

/// What is sent again, to another endpoint: a request without a body and with an idempotent method whose connection
/// broke before anything came back. What could not even be sent goes to every other endpoint once and is not counted.
/// A response is never asked for twice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often one request is sent again. Default: 1.
    pub attempts: u8,
    /// How many of all requests may be, so that an outage is not made worse; three each second on each core are always
    /// allowed. Default: 20%.
    pub budget: Percent,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 1,
            budget: Percent::new(20),
        }
    }
}

/// When an endpoint that fails is left alone: it cannot be connected to, it does not answer in time, or not in HTTP;
/// a status is no failure. The last endpoint is left alone only when it cannot be connected to. Where all are, requests
/// are refused at once, and one request a second finds out whether an endpoint is back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ejection {
    /// After how many failures in a row; 0: never. Default: 5.
    pub failures: u16,
    /// For how long at first; each time again it is longer, up to ten times. Default: 10s.
    pub period: Span,
}

impl Default for Ejection {
    fn default() -> Self {
        Self {
            failures: 5,
            period: ten_seconds(),
        }
    }
}

/// How each endpoint is asked whether it is well: `GET` with a 2xx answer is good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// What is asked for, such as `/health`.
    pub path: String,
    /// How long from one question to the next. Default: 5s.
    #[serde(default = "five_seconds")]
    pub interval: Span,
    /// How long an answer may take, connecting included. Default: 1s.
    #[serde(default = "one_second")]
    pub timeout: Span,
    /// How many good answers in a row bring an endpoint back. Default: 2.
    #[serde(default = "two")]
    pub healthy: u16,
    /// How many bad answers in a row take an endpoint out. Default: 3.
    #[serde(default = "three")]
    pub unhealthy: u16,
}

/// How many requests the upstream has at once, on all cores together, each until its response has ended, however long
/// that takes: streams and long polls count, what has switched protocols does not. Further ones wait in line; those for
/// which there is no place are refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Concurrency {
    /// How many there are. Default: 1024.
    pub requests: u32,
    /// How many wait. Default: 128.
    pub queue: u32,
    /// For how long. Default: 1s.
    pub wait: Span,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            requests: 1024,
            queue: 128,
            wait: one_second(),
        }
    }
}

fn one_second() -> Span {
    Span::from_secs(1)
}

/// What is spoken with an upstream.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UpstreamProtocol")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// What the upstream chooses.
    Auto,
}

/// TLS to an upstream, whose certificate is always verified. The files are read again when they have changed.
#[derive(Debug, Deserialize, JsonSchema)]
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

fn five_seconds() -> Span {
    Span::from_secs(5)
}

fn ten_seconds() -> Span {
    Span::from_secs(10)
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

fn two() -> u16 {
    2
}

fn three() -> u16 {
    3
}

fn six_minutes() -> Span {
    Span::from_secs(360)
}

fn sixty_four() -> u16 {
    64
}
