//! The cache of proofs: the whole token is the key, so that nothing shorter can stand for another.
//!
//! It holds what a signature proved, never a permission: whoever takes a value out compares the times, the user's
//! state and the route's rule again. Only verified tokens enter, so garbage cannot evict anything.

use std::sync::Arc;

use bytes::Bytes;

/// The length of a token that takes one place, in bytes.
const USUAL: usize = 512;

/// A shared, bounded cache from token to proof.
pub struct ProofCache<P>(moka::sync::Cache<Bytes, Arc<P>, ahash::RandomState>);

impl<P: Send + Sync + 'static> ProofCache<P> {
    /// `capacity` is the number of tokens of up to 512 bytes that it keeps; a longer one takes the place of several.
    pub fn new(capacity: u64) -> Self {
        // No time to live: `exp` is compared on every hit, and a clock reading per entry would cost more than it frees.
        let builder =
            moka::sync::Cache::builder()
                .max_capacity(capacity)
                .weigher(|token: &Bytes, _proof| {
                    1 + u32::try_from(token.len() / USUAL).unwrap_or(u32::MAX - 1)
                });
        Self(builder.build_with_hasher(ahash::RandomState::new()))
    }

    /// The proof for exactly this token.
    pub fn find(&self, token: &[u8]) -> Option<Arc<P>> {
        self.0.get(token)
    }

    /// Keeps a proof.
    pub fn keep(&self, token: Bytes, proof: Arc<P>) {
        self.0.insert(token, proof);
    }

    /// Drops a token that is of no more use, for example an expired one.
    pub fn forget(&self, token: &[u8]) {
        self.0.invalidate(token);
    }
}

impl<P> std::fmt::Debug for ProofCache<P> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProofCache")
    }
}
