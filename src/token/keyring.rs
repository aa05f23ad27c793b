//! The keys of one issuer: those that are listed, with their times, and those that it publishes.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;

use super::key::{Algorithm, Key};
use crate::clock::UnixSeconds;

/// How many keys are tried for a token that does not say which one has signed it.
pub const MOST_TRIED: usize = 4;

/// How much earlier than its time a key is believed: replicas whose clocks differ change keys together.
const EARLY: Duration = Duration::from_secs(60);

/// A key as an operator or an issuer lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: Key,
    /// What tokens call it; a listed key without a name is tried for every name.
    pub kid: Option<Box<str>>,
    /// From when it signs; it is believed a minute earlier.
    pub active_from: Option<UnixSeconds>,
    /// From when it neither signs nor is believed.
    pub retires_at: Option<UnixSeconds>,
}

impl ListedKey {
    /// A key that has always been there and stays.
    pub fn lasting(key: Key, kid: Option<Box<str>>) -> Self {
        Self {
            key,
            kid,
            active_from: None,
            retires_at: None,
        }
    }

    /// Whether it signs new tokens now.
    pub fn signs_at(&self, now: UnixSeconds) -> bool {
        self.key.can_sign()
            && self.active_from.is_none_or(|from| from <= now)
            && self.retires_at.is_none_or(|end| now < end)
    }

    /// The first moment in which its signatures are believed.
    fn believed_from(&self) -> UnixSeconds {
        let from = self.active_from.map_or(0, |from| from.0);
        UnixSeconds(from.saturating_sub(EARLY.as_secs()))
    }

    /// The first moment in which they no longer are.
    fn believed_until(&self) -> UnixSeconds {
        self.retires_at.unwrap_or(UnixSeconds(u64::MAX))
    }
}

/// A key that proofs refer to, so that they end with it.
pub struct TrustedKey {
    listed: ListedKey,
    decoding: DecodingKey,
    withdrawn: AtomicBool,
}

impl TrustedKey {
    pub(super) fn new(listed: ListedKey) -> Self {
        Self {
            decoding: listed.key.decoding(),
            listed,
            withdrawn: AtomicBool::new(false),
        }
    }

    /// What tokens call it.
    pub fn kid(&self) -> Option<&str> {
        self.listed.kid.as_deref()
    }

    /// The one algorithm that it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.listed.key.algorithm()
    }

    /// Whether its issuer no longer publishes it.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Relaxed)
    }

    pub(super) fn believed_from(&self) -> UnixSeconds {
        self.listed.believed_from()
    }

    pub(super) fn believed_until(&self) -> UnixSeconds {
        self.listed.believed_until()
    }

    /// Whether this is its signature of the message; `signature` is base64url.
    pub(super) fn has_signed(&self, message: &str, signature: &str) -> bool {
        let algorithm = self.algorithm().library();
        let message = message.as_bytes();
        let verified = jsonwebtoken::crypto::verify(signature, message, &self.decoding, algorithm);
        matches!(verified, Ok(true))
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listed.fmt(formatter)
    }
}

/// The keys that an issuer publishes, as they were last heard of. Readers never wait.
#[derive(Debug, Default)]
pub struct PublishedKeys {
    current: ArcSwap<Vec<Arc<TrustedKey>>>,
    generation: AtomicU64,
}

impl PublishedKeys {
    /// Takes up a new list. A key that stays is the same object, so that its proofs stay too; those of a key that is
    /// gone end here.
    pub fn replace(&self, keys: Vec<ListedKey>) {
        let before = self.current.load_full();
        let kept = |key: &ListedKey| before.iter().find(|old| old.listed == *key).cloned();
        let keys = keys.into_iter();
        let keys = keys.map(|key| kept(&key).unwrap_or_else(|| Arc::new(TrustedKey::new(key))));
        let keys: Vec<Arc<TrustedKey>> = keys.collect();
        let gone = before
            .iter()
            .filter(|old| !keys.iter().any(|key| Arc::ptr_eq(old, key)));
        let gone: Vec<_> = gone.cloned().collect();
        let added = keys.len() + gone.len() != before.len();
        self.current.store(Arc::new(keys));
        for key in &gone {
            key.withdrawn.store(true, Ordering::Relaxed);
        }
        if added || !gone.is_empty() {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The list as it is.
    pub fn listed(&self) -> Vec<ListedKey> {
        let current = self.current.load();
        current.iter().map(|key| key.listed.clone()).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.current.load().len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes whenever the keys do.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Keyring {
    listed: Vec<Arc<TrustedKey>>,
    published: Option<Arc<PublishedKeys>>,
}

/// Which keys may have signed a token.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) keys: Vec<Arc<TrustedKey>>,
    /// Why there is none.
    pub(super) none: NoKey,
}

/// Why no key comes into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has none of that name, as far as is known.
    Unknown,
    /// It has, for another algorithm.
    Algorithm,
    /// Its time has not come.
    NotYet,
    /// Its time is over.
    Retired,
}

impl Keyring {
    pub(super) fn new(listed: Vec<ListedKey>, published: Option<Arc<PublishedKeys>>) -> Self {
        let listed = listed.into_iter();
        let listed = listed.map(|key| Arc::new(TrustedKey::new(key))).collect();
        Self { listed, published }
    }

    pub(super) fn publishes(&self) -> bool {
        self.published.is_some()
    }

    pub(super) fn generation(&self) -> u64 {
        let published = self.published.as_ref();
        published.map_or(0, |published| published.generation())
    }

    /// The keys that may have signed a token with this header, the newest first. `kid` is looked up and nothing else
    /// (RFC 8725 section 3.10).
    pub(super) fn candidates(&self, kid: Option<&str>, alg: &str, now: UnixSeconds) -> Candidates {
        let published = self.published.as_ref().map(|keys| keys.current.load_full());
        let published = published.iter().flat_map(|keys| keys.iter());
        let listed = self.listed.iter().filter(|key| match (kid, key.kid()) {
            (None, _) | (Some(_), None) => true,
            (Some(kid), Some(other)) => kid == other,
        });
        let published = published.filter(|key| kid.is_none() || kid == key.kid());
        let mut found = Candidates {
            keys: Vec::new(),
            none: NoKey::Unknown,
        };
        for key in listed.chain(published) {
            if key.algorithm().name() != alg {
                // A key of the right kind whose time is wrong says more.
                if found.none == NoKey::Unknown {
                    found.none = NoKey::Algorithm;
                }
            } else if now < key.believed_from() {
                found.none = NoKey::NotYet;
            } else if now >= key.believed_until() {
                found.none = NoKey::Retired;
            } else if found.keys.len() < MOST_TRIED {
                found.keys.push(Arc::clone(key));
            }
        }
        found
    }
}
