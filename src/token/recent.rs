//! The proofs of the tokens that one core has seen last, in front of the shared cache: found without a hash, a look at
//! the clock or a write that another core would have to see. What holds for the shared cache holds here: it is the whole
//! token that is compared, and a proof is no permission.

use std::{cell::RefCell, sync::Arc};

use super::cache::{Kept, ProofCache};

/// For how many bytes of the shared cache there is one place here, so that this stays the smaller one.
const BYTES_FOR_A_PLACE: u64 = 4 * 1024;

/// The most places, as a power of two: 128 KiB of them.
const MOST_PLACES: u32 = 14;

/// How heavy a proof may be with its token, in bytes, since one is held here after the shared cache has let go of it.
const HEAVIEST: usize = 2 * 1024;

/// One core's proofs.
pub struct RecentProofs<P> {
    places: RefCell<Box<[Option<Arc<P>>]>>,
    /// How many bits number a place.
    bits: u32,
}

impl<P: Kept + Send + Sync + 'static> RecentProofs<P> {
    /// Empty, and not larger than fits the shared cache.
    pub fn before(cache: &ProofCache<P>) -> Self {
        let places = (cache.capacity() / BYTES_FOR_A_PLACE).max(2);
        let bits = places.ilog2().min(MOST_PLACES);
        Self {
            places: RefCell::new(vec![None; 1 << bits].into()),
            bits,
        }
    }

    /// The proof for exactly this token.
    pub fn find(&self, token: &[u8]) -> Option<Arc<P>> {
        let places = self.places.borrow();
        let proof = places.get(self.place(token))?.as_ref()?;
        (proof.token() == token).then(|| Arc::clone(proof))
    }

    /// Keeps a proof, in place of another that has the same place.
    pub fn keep(&self, proof: &Arc<P>) {
        if proof.weight() + proof.token().len() > HEAVIEST {
            return;
        }
        let place = self.place(proof.token());
        if let Some(place) = self.places.borrow_mut().get_mut(place) {
            *place = Some(Arc::clone(proof));
        }
    }

    /// Drops a token that is of no more use.
    pub fn forget(&self, token: &[u8]) {
        if let Some(place) = self.places.borrow_mut().get_mut(self.place(token)) {
            *place = None;
        }
    }

    /// The last bytes of a token are a signature's, in which all differ.
    fn place(&self, token: &[u8]) -> usize {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let last = token
            .last_chunk()
            .map_or(0, |last| u64::from_le_bytes(*last));
        let mixed = last.wrapping_mul(ODD) >> (u64::BITS - self.bits);
        usize::try_from(mixed).unwrap_or_default()
    }
}

impl<P> std::fmt::Debug for RecentProofs<P> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RecentProofs")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    struct Proof(Bytes);

    impl Kept for Proof {
        fn token(&self) -> &Bytes {
            &self.0
        }

        fn weight(&self) -> usize {
            100
        }
    }

    fn proof(token: impl Into<Bytes>) -> Arc<Proof> {
        Arc::new(Proof(token.into()))
    }

    fn recent(bytes: u64) -> RecentProofs<Proof> {
        RecentProofs::before(&ProofCache::new(bytes))
    }

    #[test]
    fn a_token_that_shares_a_place_with_another_is_not_taken_for_it() {
        let recent = recent(64 << 20);
        recent.keep(&proof("one.signature"));
        assert!(recent.find(b"one.signature").is_some());
        assert!(recent.find(b"two.signature").is_none());
        recent.keep(&proof("two.signature"));
        assert!(recent.find(b"one.signature").is_none());
        assert!(recent.find(b"two.signature").is_some());
        recent.forget(b"two.signature");
        assert!(recent.find(b"two.signature").is_none());
    }

    #[test]
    fn any_bytes_can_be_looked_for() {
        for bytes in [0, 1, 1 << 20, u64::MAX >> 1] {
            let recent = recent(bytes);
            for token in ["", "a", "1234567", "12345678", "a.b.c"] {
                assert!(recent.find(token.as_bytes()).is_none());
                recent.keep(&proof(token));
                assert!(recent.find(token.as_bytes()).is_some());
            }
        }
    }

    #[test]
    fn it_holds_a_bounded_number_of_bounded_proofs() {
        let recent = recent(1 << 20);
        for number in 0..10_000 {
            recent.keep(&proof(format!("{number:0>100}")));
        }
        let held = recent.places.borrow().iter().flatten().count();
        assert!((200..=256).contains(&held), "{held}");
        let heavy = "h".repeat(HEAVIEST);
        recent.keep(&proof(heavy.clone()));
        assert!(recent.find(heavy.as_bytes()).is_none());
    }
}
