//! What earlier requests found out about tokens: the whole token is the key, so that nothing shorter can stand for
//! another. Both caches are bounded by the memory that they take, and a long token is kept like a short one.
//!
//! [`ProofCache`] holds what a signature proved, never a permission: whoever takes a value out compares the times, the
//! user's state and the route's rule again. Only verified tokens enter. In front of it each core has what it has seen
//! last, in [`RecentProofs`](super::recent::RecentProofs). [`ForgeryCache`] holds tokens whose signature
//! is wrong, in a place of its own, so that a flood of them evicts nothing but each other.

use std::sync::Arc;

use bytes::Bytes;

use crate::clock::UnixSeconds;

/// What an entry takes besides what is in it: the cache's own records, by measurement.
const ENTRY: usize = 256;

/// How long a forgery is remembered, in seconds: a key may come into use meanwhile.
const REMEMBERED: u64 = 60;

/// What is kept for a token.
pub trait Kept {
    /// The token.
    fn token(&self) -> &Bytes;
    /// About how many bytes it takes besides the token.
    fn weight(&self) -> usize;
}

/// A shared, bounded cache from token to proof.
pub struct ProofCache<P>(moka::sync::Cache<Bytes, Arc<P>, ahash::RandomState>);

impl<P: Kept + Send + Sync + 'static> ProofCache<P> {
    /// `bytes` is about how much memory it takes when it is full.
    pub fn new(bytes: u64) -> Self {
        // No time to live: `exp` is compared on every hit, and a clock reading per entry would cost more than it frees.
        let builder = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|token: &Bytes, proof: &Arc<P>| weight(token.len() + proof.weight()));
        Self(builder.build_with_hasher(ahash::RandomState::new()))
    }

    /// The proof for exactly this token.
    pub fn find(&self, token: &[u8]) -> Option<Arc<P>> {
        self.0.get(token)
    }

    /// Keeps a proof, unless another core was faster; the answer is the one that all cores have then, so that what is kept
    /// with it is made once.
    pub fn keep(&self, proof: Arc<P>) -> Arc<P> {
        let entry = self.0.entry(proof.token().clone());
        // `or_insert` would look and then write, with room for another core between the two.
        entry.or_insert_with(|| proof).into_value()
    }

    /// Drops a token that is of no more use, for example an expired one.
    pub fn forget(&self, token: &[u8]) {
        self.0.invalidate(token);
    }

    /// How many there are and how many bytes they take, about.
    pub fn size(&self) -> (u64, u64) {
        (self.0.entry_count(), self.0.weighted_size())
    }

    /// How many bytes it may take.
    pub fn capacity(&self) -> u64 {
        self.0.policy().max_capacity().unwrap_or_default()
    }
}

impl<P> std::fmt::Debug for ProofCache<P> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProofCache")
    }
}

/// Tokens that nobody's key has signed.
pub struct ForgeryCache(moka::sync::Cache<Bytes, Forgery, ahash::RandomState>);

/// Until when, and by which keys, a token counts as forged.
#[derive(Clone, Copy)]
struct Forgery {
    until: UnixSeconds,
    generation: u64,
}

impl ForgeryCache {
    /// `bytes` is about how much memory it takes when it is full.
    pub fn new(bytes: u64) -> Self {
        let builder = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|token: &Bytes, _: &Forgery| weight(token.len()));
        Self(builder.build_with_hasher(ahash::RandomState::new()))
    }

    /// Whether the signature of exactly this token was found to be wrong a short time ago, by the same keys.
    pub fn holds(&self, token: &[u8], generation: u64, now: UnixSeconds) -> bool {
        let forgery = self.0.get(token);
        forgery.is_some_and(|forgery| now < forgery.until && forgery.generation == generation)
    }

    /// Remembers it.
    pub fn keep(&self, token: Bytes, generation: u64, now: UnixSeconds) {
        let until = UnixSeconds(now.0.saturating_add(REMEMBERED));
        self.0.insert(token, Forgery { until, generation });
    }

    /// How many there are and how many bytes they take, about.
    pub fn size(&self) -> (u64, u64) {
        (self.0.entry_count(), self.0.weighted_size())
    }
}

impl std::fmt::Debug for ForgeryCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ForgeryCache")
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sized(Bytes, usize);

    impl Kept for Sized {
        fn token(&self) -> &Bytes {
            &self.0
        }

        fn weight(&self) -> usize {
            self.1
        }
    }

    fn sized(token: Bytes, weight: usize) -> Arc<Sized> {
        Arc::new(Sized(token, weight))
    }

    fn token(number: usize, length: usize) -> Bytes {
        format!("{number:0>length$}").into()
    }

    #[test]
    fn a_long_token_is_kept_like_a_short_one() {
        let cache = ProofCache::new(64 * 1024);
        for length in [16, 4096, 4097, 9 * 1024, 16 * 1024] {
            cache.keep(sized(token(1, length), length));
            assert!(cache.find(&token(1, length)).is_some(), "{length}");
        }
    }

    #[test]
    fn cores_that_prove_a_token_at_once_go_on_with_one_proof() {
        let cache = ProofCache::new(64 * 1024);
        let first = cache.keep(sized(token(1, 300), 300));
        let second = cache.keep(sized(token(1, 300), 300));
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn proofs_take_no_more_memory_than_they_may() {
        let cache = ProofCache::new(100_000);
        for number in 0..2_000 {
            let length = 16 + number % 5_000;
            cache.keep(sized(token(number, length), 3 * length));
        }
        cache.0.run_pending_tasks();
        let (count, bytes) = cache.size();
        assert!((1..=400).contains(&count), "{count}");
        assert!(bytes <= 100_000, "{bytes}");
    }

    #[test]
    fn a_flood_of_forgeries_is_bounded_and_evicts_no_proof() {
        let proofs = ProofCache::new(100_000);
        let forgeries = ForgeryCache::new(100_000);
        let now = UnixSeconds(1_000);
        proofs.keep(sized(token(0, 300), 300));
        for number in 1..5_000 {
            forgeries.keep(token(number, 300), 0, now);
        }
        forgeries.0.run_pending_tasks();
        assert!(forgeries.size().1 <= 100_000);
        assert!(proofs.find(&token(0, 300)).is_some());
    }

    #[test]
    fn a_forgery_is_one_for_a_minute_and_for_the_same_keys() {
        let forgeries = ForgeryCache::new(100_000);
        forgeries.keep(token(1, 300), 7, UnixSeconds(1_000));
        let holds = |generation, now| forgeries.holds(&token(1, 300), generation, UnixSeconds(now));
        assert!(holds(7, 1_059));
        assert!(!holds(7, 1_060));
        assert!(!holds(8, 1_000));
        assert!(!forgeries.holds(&token(2, 300), 7, UnixSeconds(1_000)));
    }
}
