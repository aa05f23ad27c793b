//! A server of counters that several gateways share.

use schemars::JsonSchema;
use serde::Deserialize;

use super::tokens::SecretText;
use crate::config::duration::Span;

/// A Redis or Valkey server for counters that several gateways share. While it is away each counts alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://user:password@host:port/database`, `rediss://…` for TLS, or `redis+unix:///path`; `file:PATH` reads it from
    /// a file.
    pub url: SecretText,
    /// What hides who is counted by `rate_limits`: at least 32 characters, the same for all gateways. `${NAME}` takes it from
    /// the environment, `file:PATH` from a file. Default: `attempts.secret`.
    pub secret: Option<SecretText>,
    /// A PEM file with the authorities that may have signed the server's certificate. Default: those of the system.
    pub ca: Option<String>,
    /// How long an operation may take; after a failure the server is left alone for 1s. Default: 100ms.
    #[serde(default = "hundred_milliseconds")]
    pub deadline: Span,
    /// What the names of all keys begin with. Gateways of one prefix share their counters. Default: `sidegate`.
    #[serde(default = "sidegate")]
    pub prefix: String,
}

fn hundred_milliseconds() -> Span {
    Span::from_millis(100)
}

fn sidegate() -> String {
    "sidegate".to_owned()
}
