//! Limits of the public listeners.

use std::time::Duration;

/// What the operator says about connections, compiled.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a request head may take from its first byte.
    pub header_timeout: Duration,
    /// The largest request head in bytes.
    pub header_size: usize,
    /// The most header lines of a request.
    pub header_count: usize,
    /// How many connections are open at most; further ones wait in the system's queue.
    pub max_connections: usize,
}
