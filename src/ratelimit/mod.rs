//! Limits on how often something may happen: who shares a count, how much is allowed, who has used what.
//!
//! A limit promises never to admit more than its quota for a key that it remembers, to keep the memory of all keys
//! within a bound, and to keep no key: what it holds are hashes under a secret. It reads no clock.

mod quota;
mod shared;
mod table;

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub use quota::{Left, Quota, QuotaError};
pub use shared::{Pending, settle};

use crate::{secret::Secret, valkey::Valkey};
use quota::Nanoseconds;
use shared::Shared;
use table::{KeyHash, Table};

/// Who shares one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A client's address; for IPv6 its network of 64 bits.
    Client,
    /// What a token says; without one, the client's address.
    Subject,
    /// A login name and the row that it means.
    Account,
    /// Everybody on one route.
    Route,
}

/// What a limit is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// Who shares one count.
    pub by: By,
    /// How much is allowed.
    pub quota: Quota,
    /// How many keys are remembered at most.
    pub keys: usize,
    /// What hides keys where all gateways count together; `None` where this process counts alone.
    pub shared: Option<Secret<Vec<u8>>>,
}

/// One of those who are counted.
#[derive(Clone, Copy, Hash)]
pub enum Key<'a> {
    /// The client's network; `None` for all that have no address, behind a Unix socket.
    Client(Option<Network>),
    /// A token's subject.
    Subject(&'a str),
    /// A login name, folded.
    Login(&'a str),
    /// The id of a row.
    Row(&'a str),
    /// A route's `match` and its host.
    Route(&'a str, &'a str),
}

/// An address as far as it tells clients apart: whoever has one IPv6 address has 2^64 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

/// One limit and who has used what of it.
pub struct RateLimit {
    settings: Arc<Settings>,
    table: Table,
    secret: RandomState,
    start: Instant,
    shared: Option<Shared>,
    refused: Arc<AtomicU64>,
    alone: Arc<AtomicU64>,
}

/// How a key stands with a limit.
#[derive(Debug, Clone)]
pub struct Standing {
    settings: Arc<Settings>,
    left: Left,
}

/// A limit is used up.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the limit {name} (by {by}) is used up{advice}", name = self.0.name(), by = self.0.by(), advice = self.1)]
pub struct Exceeded(Standing, Advice);

/// What an operator might want to know besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    None,
    /// The address that was counted may be a proxy's.
    PerhapsProxy,
}

impl RateLimit {
    /// Nobody has used anything yet. The secret is a new one, so that nobody can tell which keys share a place.
    pub fn new(settings: Settings, secret: RandomState, start: Instant) -> Self {
        Self {
            table: Table::new(settings.keys),
            settings: Arc::new(settings),
            secret,
            start,
            shared: None,
            refused: Arc::default(),
            alone: Arc::default(),
        }
    }

    /// The same, counted in this server besides, where that is wanted.
    #[must_use]
    pub fn counted_in(self, server: Arc<Valkey>) -> Self {
        let secret = self.settings.shared.as_ref();
        let shared = secret.map(|secret| Shared::new(server, secret, &self.settings));
        Self { shared, ..self }
    }

    /// A limit of the same name in place of another: nobody has used anything of it, and refusals are counted on.
    #[must_use]
    pub fn in_place_of(self, other: &Self) -> Self {
        Self {
            refused: Arc::clone(&other.refused),
            alone: Arc::clone(&other.alone),
            ..self
        }
    }

    /// What it is made of.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The server that it is counted in besides, if there is one.
    pub fn server(&self) -> Option<&Arc<Valkey>> {
        self.shared.as_ref().map(Shared::server)
    }

    /// The operator's name for it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Who shares one count.
    pub fn by(&self) -> By {
        self.settings.by
    }

    /// Takes one for this key.
    pub fn take(&self, key: Key<'_>, now: Instant) -> Result<Standing, Exceeded> {
        let now = self.nanoseconds(now);
        let quota = &self.settings.quota;
        let standing = |full_at| Standing {
            settings: Arc::clone(&self.settings),
            left: quota.left(full_at, now),
        };
        let taken = self.table.take(self.hash(key), quota, now);
        taken.map(standing).map_err(|full_at| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Exceeded(standing(full_at), Advice::None)
        })
    }

    /// Gives one back that was taken for this key.
    pub fn give_back(&self, key: Key<'_>) {
        self.table.give_back(self.hash(key), &self.settings.quota);
    }

    /// How often it has refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many keys have used something of it.
    pub fn keys(&self, now: Instant) -> usize {
        self.table.keys(self.nanoseconds(now))
    }

    fn hash(&self, key: Key<'_>) -> KeyHash {
        self.secret.hash_one(key)
    }

    fn nanoseconds(&self, now: Instant) -> Nanoseconds {
        let elapsed = now.saturating_duration_since(self.start).as_nanos();
        Nanoseconds::try_from(elapsed).unwrap_or(Nanoseconds::MAX)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RateLimit")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Key<'_> {
    /// The kind alone: the rest is what clients typed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Client(_) => "Client",
            Self::Subject(_) => "Subject",
            Self::Login(_) => "Login",
            Self::Row(_) => "Row",
            Self::Route(..) => "Route",
        })
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        })
    }
}

impl Network {
    /// All of it, as an IPv6 address has it.
    pub fn octets(&self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }
}

impl Standing {
    fn name(&self) -> &str {
        &self.settings.name
    }

    /// Who shares the count.
    pub fn by(&self) -> By {
        self.settings.by
    }

    /// An item of `RateLimit-Policy`: the quota, and the seconds in which all of it comes back.
    pub fn policy(&self) -> String {
        let quota = &self.settings.quota;
        let (burst, window) = (quota.burst(), whole_seconds(quota.window()));
        format!("\"{}\";q={burst};w={window}", self.name())
    }

    /// An item of `RateLimit`: what is left, and the seconds until there is more.
    pub fn current(&self) -> String {
        let Left {
            remaining,
            until_more,
        } = self.left;
        let seconds = whole_seconds(until_more);
        format!("\"{}\";r={remaining};t={seconds}", self.name())
    }
}

impl Exceeded {
    /// The same with something for the operator.
    #[must_use]
    pub fn advise(self, advice: Advice) -> Self {
        Self(self.0, advice)
    }

    /// How the key stands.
    pub fn standing(&self) -> &Standing {
        &self.0
    }

    /// When it is worth to try again.
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(whole_seconds(self.0.left.until_more))
    }
}

/// Rounded up, and never 0: a client that comes back then is not refused for having been told so.
fn whole_seconds(duration: Duration) -> u64 {
    let fraction = u64::from(duration.subsec_nanos() > 0);
    (duration.as_secs() + fraction).max(1)
}

impl fmt::Display for By {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Client => "client",
            Self::Subject => "subject",
            Self::Account => "account",
            Self::Route => "route",
        })
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "",
            Self::PerhapsProxy => {
                "; the peer that was counted speaks for somebody else: if it is a proxy of yours, add it to \
                 trusted_proxies"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::clock::Clock;

    fn limit(count: u32, seconds: u64) -> RateLimit {
        let count = NonZeroU32::new(count).expect("a number");
        let quota = Quota::new(count, Duration::from_secs(seconds), count);
        let settings = Settings {
            name: "logins".into(),
            by: By::Client,
            quota: quota.expect("a quota"),
            keys: 1_000,
            shared: None,
        };
        RateLimit::new(settings, RandomState::new(), Clock.instant())
    }

    fn client(address: &str) -> Key<'static> {
        let address: IpAddr = address.parse().expect("an address");
        Key::Client(Some(address.into()))
    }

    #[test]
    fn a_minute_gives_back_what_was_used() {
        let limit = limit(10, 60);
        let key = client("192.0.2.1");
        let start = limit.start;
        let at = |seconds: u64| start + Duration::from_millis(seconds * 1_000);
        for remaining in (0..10).rev() {
            let standing = limit.take(key, at(0)).expect("it is within");
            assert_eq!(standing.current(), format!("\"logins\";r={remaining};t=6"));
            assert_eq!(standing.policy(), "\"logins\";q=10;w=60");
        }
        let exceeded = limit.take(key, at(1)).expect_err("it is used up");
        assert_eq!(exceeded.retry_after(), Duration::from_secs(5));
        assert_eq!(exceeded.standing().current(), "\"logins\";r=0;t=5");
        assert_eq!(
            exceeded.to_string(),
            "the limit logins (by client) is used up"
        );
        assert!(limit.take(key, at(6)).is_ok());
        assert!(limit.take(key, at(6)).is_err());
        assert_eq!(
            (limit.refused(), limit.keys(at(6)), limit.keys(at(66))),
            (2, 1, 0)
        );
    }

    #[test]
    fn whoever_waits_as_told_is_admitted() {
        let limit = limit(7, 10);
        let key = client("192.0.2.1");
        let mut now = limit.start;
        for _ in 0..50 {
            now += match limit.take(key, now) {
                Ok(_) => Duration::from_millis(1),
                Err(exceeded) => {
                    let after = exceeded.retry_after();
                    assert!(limit.take(key, now + after).is_ok());
                    after
                }
            };
        }
    }

    #[test]
    fn addresses_of_one_network_are_one_client() {
        let network = |address: &str| {
            let address: IpAddr = address.parse().expect("an address");
            Network::from(address)
        };
        assert!(network("2001:db8::1") == network("2001:db8::ffff:1:2"));
        assert!(network("2001:db8::1") != network("2001:db8:0:1::1"));
        assert!(network("192.0.2.1") != network("192.0.2.2"));
        assert!(network("::ffff:192.0.2.1") == network("192.0.2.1"));
        assert!(network("::ffff:192.0.2.1") != network("::ffff:192.0.2.2"));
    }

    #[test]
    fn threads_that_take_at_once_get_no_more_than_there_is() {
        let limit = limit(500, 3600);
        let now = limit.start;
        let admitted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let taken = (0..300).filter(|_| limit.take(client("192.0.2.1"), now).is_ok());
                    admitted.fetch_add(taken.count() as u64, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(admitted.into_inner(), 500);
        assert_eq!(limit.refused(), 700);
    }

    #[test]
    fn nothing_that_is_printed_has_a_key_in_it() {
        let limit = limit(1, 60);
        drop(limit.take(Key::Login("somebody@x.test"), limit.start));
        let printed = format!("{limit:?} {:?}", Key::Login("somebody@x.test"));
        assert!(!printed.contains("somebody"), "{printed}");
    }

    #[test]
    fn kinds_of_keys_are_apart() {
        let limit = limit(1, 60);
        for key in [
            Key::Subject("7"),
            Key::Row("7"),
            Key::Login("7"),
            Key::Route("7", ""),
        ] {
            assert!(limit.take(key, limit.start).is_ok());
            assert!(limit.take(key, limit.start).is_err());
        }
    }
}
