//! Failed logins, and who has to wait after them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tokens::SecretText;
use crate::config::duration::Span;

/// Failed logins: after some of them the next attempt has to wait, each time twice as long. In place of the limit
/// `login_accounts`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Attempts {
    /// What hides who is counted, and proves known devices: at least 32 characters, the same for all gateways.
    /// `${NAME}` takes it from the environment, `file:PATH` from a file. Needed by `known_devices`, and to count in `redis` or in a `database`. Default: one that
    /// ends with the process.
    pub secret: Option<SecretText>,
    /// Where failures are counted. Default: `database` where there is `state`, else `memory`.
    pub counted_in: Option<CountedIn>,
    /// Waits of an account, whoever tries it, and of each of its known devices.
    pub accounts: Backoff,
    /// Waits of a client's address, whichever accounts it tries; known devices are not counted here. Of an IPv6
    /// address the first 64 bits.
    pub addresses: Backoff,
    /// Devices from which an account has logged in before: they wait for their own failures alone. Default: none is
    /// known.
    pub known_devices: Option<KnownDevices>,
    /// How many accounts, devices and addresses this process remembers at once; past it, those with the fewest failures
    /// are forgotten first. Each takes about 50 bytes. Default: 65536.
    pub keys: u32,
}

/// Where failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedIn {
    /// In this process alone, and forgotten when it ends.
    Memory,
    /// In the tables of `state`, for all gateways; in this process alone while they are away.
    Database,
    /// In the server of `redis`, for all gateways; in this process alone while that is away.
    Redis,
}

/// How waits grow.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// After how many failures the next attempt has to wait. Default: 5; for addresses 20.
    pub after: Option<u32>,
    /// How long it waits then; twice as long after each further failure. Default: 1s.
    pub delay: Option<Span>,
    /// The longest wait. Default: 15m; for addresses 30s.
    pub longest: Option<Span>,
    /// After how long without a failure all are forgotten: longer than the longest wait, at most 30d. Default: 1d; for
    /// addresses 15m.
    pub forget: Option<Span>,
}

/// How devices are known from which an account has logged in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KnownDevices {
    /// Where clients carry what they are known by: it is given with the answer to a login. Default: `cookie`.
    pub carried_by: Carrier,
    /// The name of the cookie or header. Default: `__Host-known_device`, or the header `Known-Device`.
    pub name: Option<String>,
    /// How long a device is known after its last login. Default: 90d.
    pub lifetime: Span,
}

/// Where clients carry something.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// In a cookie for this host alone, over TLS.
    #[default]
    Cookie,
    /// In a header that answers to logins have and that clients send with the next login.
    Header,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            secret: None,
            counted_in: None,
            accounts: Backoff::default(),
            addresses: Backoff::default(),
            known_devices: None,
            keys: 65_536,
        }
    }
}

impl Default for KnownDevices {
    fn default() -> Self {
        Self {
            carried_by: Carrier::default(),
            name: None,
            lifetime: Span::from_secs(90 * 86_400),
        }
    }
}
