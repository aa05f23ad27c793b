//! What the tests stand on: the gateway as a process, an origin that does as it is told, a client that sends bytes.
//!
//! Nothing here sleeps or takes a fixed port. Whoever waits does so for a condition, and for [`PATIENCE`] at most.

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod gateway;
pub(crate) mod http2;
pub(crate) mod keys;
pub(crate) mod own_tables;
pub(crate) mod redis;
pub(crate) mod seen;
pub(crate) mod setup;
pub(crate) mod streams;
pub(crate) mod tls;
pub(crate) mod token;
pub(crate) mod upload;
pub(crate) mod upstream;
pub(crate) mod users;
pub(crate) mod watch;
pub(crate) mod wrapping;

use std::time::Duration;

pub(crate) use client::{Client, Request, Response};
pub(crate) use database::Database;
pub(crate) use gateway::Gateway;
pub(crate) use seen::Seen;
pub(crate) use setup::Setup;
pub(crate) use upstream::{After, Upstream, Wire};
pub(crate) use watch::{Gate, Watch, wait_until};

/// The longest that a test waits for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether files that hold what the gateway prints are to be written anew, with `BLESS=1`, and then read by a person.
pub(crate) fn blesses() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}
