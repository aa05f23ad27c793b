//! Limits on how often something may happen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::rate::Rate;

/// One limit. It holds nothing back until a route or an account names it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Who shares one count.
    pub by: By,
    /// How many in which time, such as `10/1m`.
    pub rate: Rate,
    /// How many at once after a pause. Default: the number of `rate`.
    pub burst: Option<u32>,
    /// How many clients, subjects or accounts are remembered at once; past it, those who have used least are
    /// forgotten first. Each takes about 20 bytes. Default: 65536.
    #[serde(default = "sixty_five_thousand")]
    pub keys: u32,
    /// Where it is counted. Default: `memory`.
    #[serde(default)]
    pub counted_in: CountedIn,
}

/// Where a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CountedIn {
    /// In this process alone.
    #[default]
    Memory,
    /// In the server of `redis`, for all gateways; in this process alone while that is away. A request waits for it, for
    /// `redis.deadline` at most.
    Redis,
}

/// Who shares one count. Routes that name the same limit share it, except by `route`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The client's address, as far as `trusted_proxies` tell it; of an IPv6 address the first 64 bits.
    Client,
    /// The subject of the token; the client where there is none.
    Subject,
    /// The account that a login is tried for: its failures count, by the row and by the name as typed.
    Account,
    /// Everybody together.
    Route,
}

impl RateLimit {
    /// The limits of logins that say nothing, by name. A limit of the same name takes the place of each.
    pub const OF_LOGINS: [(&str, Self); 2] = [
        (
            "login_clients",
            Self {
                by: By::Client,
                rate: Rate::per_seconds(20, 60),
                burst: None,
                keys: sixty_five_thousand(),
                counted_in: CountedIn::Memory,
            },
        ),
        (
            "login_accounts",
            Self {
                by: By::Account,
                rate: Rate::per_seconds(10, 300),
                burst: None,
                keys: sixty_five_thousand(),
                counted_in: CountedIn::Memory,
            },
        ),
    ];
}

const fn sixty_five_thousand() -> u32 {
    65_536
}
