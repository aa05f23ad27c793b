//! Failed logins: who has to wait how long before the next attempt.
//!
//! An attempt counts for the account, by its row and by the name as it was typed, and for the address that it comes from.
//! From a device that the account has logged in from before it counts for that device alone, so that whoever guesses from
//! elsewhere never makes the owner wait. Both the same for names that nobody has. It promises that no counter admits more
//! attempts than its back-off does, and that what is kept are hashes under a secret.

mod backoff;
mod device;
mod memory;
mod shared;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::hmac;
use smallvec::SmallVec;

pub use backoff::{Backoff, BackoffError, Failures};
pub use device::{Carrier, DeviceSettings};
pub use shared::Shared;

use crate::{
    clock::Clock, entropy::Entropy, ratelimit::Network, secret::Secret, valkey::Unavailable,
};
use backoff::Milliseconds;
use device::{DeviceId, Devices};
use memory::Memory;
use shared::Counted;

/// How failures are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For an account, and for each device that it is known from.
    pub accounts: Backoff,
    /// For an address.
    pub addresses: Backoff,
    /// How many accounts, names, devices and addresses this process remembers at most.
    pub keys: usize,
    /// What hides who is counted, and proves known devices. Without one, something that ends with the process.
    pub secret: Option<Secret<Vec<u8>>>,
    /// How known devices are known, if any are.
    pub devices: Option<DeviceSettings>,
    /// Where failures are counted.
    pub place: CountingPlace,
}

/// Where failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountingPlace {
    /// In the memory of this process.
    Memory,
    /// In a Redis or Valkey server, too.
    Valkey,
    /// In sidegate's own tables, too.
    Database,
}

/// Who is counted, hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter([u8; 16]);

/// Counts failures.
pub struct Attempts {
    settings: Settings,
    key: hmac::Key,
    devices: Option<Devices>,
    memory: Memory,
    shared: Option<Shared>,
    start: Instant,
    clock: Clock,
    entropy: Mutex<Entropy>,
    tally: Arc<Tally>,
}

/// What is counted for operators.
#[derive(Debug, Default)]
struct Tally {
    failed: AtomicU64,
    delayed: AtomicU64,
    alone: AtomicU64,
}

/// Whose login is tried, and from where.
#[derive(Clone, Copy)]
pub struct Tried<'a> {
    /// The name, folded; `None` where nobody has typed one, since the user is known by a token.
    pub name: Option<&'a str>,
    /// The id of the row that it finds.
    pub row: Option<&'a str>,
    /// Where from; `None` behind a socket without addresses.
    pub client: Option<Network>,
    /// What the client shows to be known by.
    pub device: Option<&'a str>,
}

/// An attempt that was let through, and counts as a failure until it is known to be none.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    counters: SmallVec<[Counter; 3]>,
    began: Milliseconds,
    /// The same by the clock of whoever counts for all gateways.
    shared: Option<Milliseconds>,
    place: Place,
}

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A device that the account has logged in from.
    KnownDevice,
    /// Anywhere else.
    Elsewhere,
}

/// An attempt has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("after failed logins {who} has to wait before the next attempt")]
pub struct Delayed {
    /// Who.
    pub who: Who,
    /// For how long, at least.
    pub wait: Duration,
}

/// Who has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever tries this account from anywhere but a known device.
    Account,
    /// A known device of this account.
    Device,
    /// Whoever tries from this address.
    Address,
}

impl Attempts {
    /// Nobody has failed yet.
    pub fn new(
        settings: Settings,
        shared: Option<Shared>,
        clock: Clock,
        mut entropy: Entropy,
    ) -> Self {
        let own: [u8; 32] = entropy.bytes();
        let secret = settings.secret.as_ref();
        let secret = secret.map_or(&own[..], |secret| secret.expose());
        let devices = settings.devices.clone();
        let devices = devices.map(|it| Devices::new(it, derive(secret, b"known devices")));
        Self {
            key: derive(secret, b"failed logins"),
            devices,
            memory: Memory::new(settings.keys),
            shared,
            start: clock.instant(),
            clock,
            entropy: Mutex::new(entropy),
            tally: Arc::default(),
            settings,
        }
    }

    /// Others in place of these: nobody has failed yet, and what operators read is counted on.
    #[must_use]
    pub fn in_place_of(self, other: &Self) -> Self {
        Self {
            tally: Arc::clone(&other.tally),
            ..self
        }
    }

    /// How failures are counted.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where failures are counted besides.
    pub fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// What a client shows to be known by.
    pub fn presented(&self, headers: &HeaderMap) -> Option<String> {
        self.devices.as_ref()?.presented(headers)
    }

    /// What a client is to show from now on: a header of the answer to a login.
    pub fn remember(
        &self,
        presented: Option<&str>,
        row: &str,
    ) -> Option<(HeaderName, HeaderValue)> {
        let devices = self.devices.as_ref()?;
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = entropy.bytes();
        drop(entropy);
        let presented = presented.unwrap_or_default();
        devices.remember(presented, (row, fresh), self.clock.unix_seconds())
    }

    /// Counts an attempt, or refuses it and counts nothing.
    pub async fn begin(&self, tried: Tried<'_>) -> Result<Attempt, Delayed> {
        let device = self.device(tried);
        let counted = self.counted(tried, device);
        let place = device.map_or(Place::Elsewhere, |_| Place::KnownDevice);
        let begun = match self.begin_here(&counted, place) {
            Ok(attempt) => self.begin_everywhere(attempt, &counted).await,
            Err(delayed) => Err(delayed),
        };
        begun.inspect_err(|_| {
            self.tally.delayed.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// In the memory of this process. What it knows is a part of what all gateways know, so whoever has to wait here has to
    /// wait, and nobody else needs to be asked.
    fn begin_here(&self, counted: &[(Counter, Who)], place: Place) -> Result<Attempt, Delayed> {
        let mut attempt = Attempt {
            counters: SmallVec::new(),
            began: self.now(),
            shared: None,
            place,
        };
        for &(counter, who) in counted {
            let backoff = self.backoff(who);
            if let Err(wait) = self.memory.attempt(counter, backoff, attempt.began) {
                self.withdraw(&attempt);
                return Err(Delayed::new(who, wait));
            }
            attempt.counters.push(counter);
        }
        Ok(attempt)
    }

    /// Where all gateways count; where that fails, what this process has counted has to do.
    async fn begin_everywhere(
        &self,
        mut attempt: Attempt,
        counted: &[(Counter, Who)],
    ) -> Result<Attempt, Delayed> {
        let Some(shared) = &self.shared else {
            return Ok(attempt);
        };
        let with_backoff = counted
            .iter()
            .map(|&(counter, who)| (counter, self.backoff(who)));
        let with_backoff: SmallVec<[_; 3]> = with_backoff.collect();
        match shared.attempt(&with_backoff).await {
            Ok(Counted::At(began)) => attempt.shared = Some(began),
            Ok(Counted::Waits(place, wait)) => {
                self.withdraw(&attempt);
                let who = counted.get(place).map_or(Who::Account, |(_, who)| *who);
                return Err(Delayed::new(who, wait));
            }
            Err(Unavailable) => {
                self.tally.alone.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(attempt)
    }

    /// It was a failure, as it was counted.
    pub fn failed(&self) {
        self.tally.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// It was the right password. A device has no failures any more; an account and an address keep those of others.
    pub async fn succeeded(&self, attempt: &Attempt) {
        match attempt.place {
            Place::Elsewhere => self.withdrawn(attempt).await,
            Place::KnownDevice => {
                for counter in &attempt.counters {
                    self.memory.clear(*counter);
                }
                if let (Some(shared), Some(_)) = (&self.shared, attempt.shared) {
                    // What cannot be forgotten now is forgotten later.
                    let _ = shared.clear(&attempt.counters).await;
                }
            }
        }
    }

    /// It could not be looked at.
    pub async fn withdrawn(&self, attempt: &Attempt) {
        self.withdraw(attempt);
        if let (Some(shared), Some(began)) = (&self.shared, attempt.shared) {
            // What cannot be withdrawn now is forgotten later.
            let _ = shared.withdraw(&attempt.counters, began).await;
        }
    }

    /// How many logins have failed, how many had to wait, and how many were counted by this process alone although
    /// others should have known.
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let Tally {
            failed,
            delayed,
            alone,
        } = &*self.tally;
        [
            ("failed", failed),
            ("delayed", delayed),
            ("counted_alone", alone),
        ]
        .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    /// How many accounts, names, devices and addresses have failures in this process.
    pub fn keys(&self) -> usize {
        self.memory.keys(self.now())
    }

    /// What stands for a name in a log.
    pub fn pseudonym(&self, name: &str) -> String {
        let Counter(bytes) = self.counter(b"log", &[name.as_bytes()]);
        let bytes = bytes.iter().take(8);
        bytes.fold("#".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn withdraw(&self, attempt: &Attempt) {
        for counter in &attempt.counters {
            self.memory.withdraw(*counter, attempt.began);
        }
    }

    fn device(&self, tried: Tried<'_>) -> Option<DeviceId> {
        let now = self.clock.unix_seconds();
        let presented = tried.device?;
        self.devices.as_ref()?.recognise(presented, tried.row, now)
    }

    /// Those for whom an attempt counts.
    fn counted(&self, tried: Tried<'_>, device: Option<DeviceId>) -> SmallVec<[(Counter, Who); 3]> {
        let row = tried.row.map(str::as_bytes);
        if let (Some(DeviceId(device)), Some(row)) = (device, row) {
            let counter = self.counter(b"device", &[&device, row]);
            return SmallVec::from_iter([(counter, Who::Device)]);
        }
        let name = tried.name.map(str::as_bytes);
        let name = name.map(|name| self.counter(b"name", &[name]));
        let row = row.map(|row| self.counter(b"row", &[row]));
        let client = tried
            .client
            .map(|client| self.counter(b"client", &[&client.octets()]));
        let accounts = [name, row].into_iter().flatten();
        let accounts = accounts.map(|counter| (counter, Who::Account));
        accounts
            .chain(client.map(|counter| (counter, Who::Address)))
            .collect()
    }

    fn counter(&self, kind: &[u8], parts: &[&[u8]]) -> Counter {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind);
        for part in parts {
            context.update(&[0]);
            context.update(part);
        }
        Counter(half(&context.sign()))
    }

    fn backoff(&self, who: Who) -> &Backoff {
        match who {
            Who::Account | Who::Device => &self.settings.accounts,
            Who::Address => &self.settings.addresses,
        }
    }

    fn now(&self) -> Milliseconds {
        let elapsed = self.clock.instant().saturating_duration_since(self.start);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Attempt {
    /// Where it comes from.
    pub fn place(&self) -> Place {
        self.place
    }
}

impl Delayed {
    fn new(who: Who, wait: Milliseconds) -> Self {
        let wait = Duration::from_millis(wait);
        Self { who, wait }
    }

    /// When it is worth to try again, in whole seconds: rounded up, and never 0.
    pub fn retry_after(&self) -> Duration {
        let fraction = u64::from(self.wait.subsec_nanos() > 0);
        Duration::from_secs((self.wait.as_secs() + fraction).max(1))
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attempts")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tried<'_> {
    /// Nothing of what a client typed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tried")
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Account => "the account",
            Self::Device => "the device",
            Self::Address => "the address",
        })
    }
}

/// A key for one purpose.
fn derive(secret: &[u8], purpose: &[u8]) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let derived = hmac::sign(&secret, purpose);
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

/// As many bytes as nobody can guess.
fn half(tag: &hmac::Tag) -> [u8; 16] {
    let first = tag.as_ref().first_chunk();
    // A tag of SHA-256 has twice as many.
    first.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
