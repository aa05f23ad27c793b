//! Limits of the public listeners.

use std::time::Duration;

use super::framing::Limits;

/// What the operator says about connections, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a client that has closed its sending half may be sent nothing before it is taken to have gone.
    pub half_closed_timeout: Duration,
    /// How long a request head may take from its first byte.
    pub header_timeout: Duration,
    /// What a request head may be at most.
    pub head: Limits,
    /// What a connection of HTTP/2 may do at most.
    pub http2: Http2,
    /// How long a connection that is not in use is kept once the drain has begun.
    pub drain_idle: Duration,
    /// How many connections are open at most; further ones wait in the system's queue.
    pub max_connections: usize,
}

/// Limits of a connection of HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http2 {
    /// Requests at once.
    pub streams: u32,
    /// Requests that are taken back before they were answered, beyond those that were answered.
    pub resets: u32,
}

/// The versions of HTTP that a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 and 1.0.
    Http1,
    /// HTTP/2, in clear text with prior knowledge.
    Http2,
    /// Whichever the client chooses.
    Both,
}
