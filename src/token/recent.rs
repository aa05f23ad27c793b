//! The proofs of the tokens that one core has seen last, in front of the shared cache: found without a hash, a look at
//! the clock or a write that another core would have to see. What holds for the shared cache holds here: it is the whole
//! token that is compared, and a proof is no permission.

use std::{cell::RefCell, sync::Arc};

use super::cache::{Kept, ProofCache};

/// For how many bytes of the shared cache there is one place here, so that this stays the smaller one.
const BYTES_FOR_A_PLACE: u64 = 4 * 1024;

/// The most places, as a power of two: 256 KiB of them.
const MOST_PLACES: u32 = 14;

/// How heavy a proof may be with its token, in bytes, since one is held here after the shared cache has let go of it.
const HEAVIEST: usize = 2 * 1024;

/// How many places a token may have: those that one line of the processor's cache holds.
const WAYS: usize = 4;

/// One core's proofs.
pub struct RecentProofs<P> {
    sets: RefCell<Box<[Set<P>]>>,
    /// How many bits number a set.
    bits: u32,
}

/// The places of the tokens that share a number, the one that was filled last in front.
#[repr(align(64))]
struct Set<P>([Place<P>; WAYS]);

/// A proof beside the end of its token, so that no other token's proof has to be looked at.
struct Place<P> {
    end: u64,
    proof: Option<Arc<P>>,
}

impl<P: Kept + Send + Sync + 'static> RecentProofs<P> {
    /// Empty, and not larger than fits the shared cache.
    pub fn before(cache: &ProofCache<P>) -> Self {
        let places = (cache.capacity() / BYTES_FOR_A_PLACE).max(2 * WAYS as u64);
        let bits = places.ilog2().min(MOST_PLACES) - WAYS.ilog2();
        let sets = std::iter::repeat_with(Set::default).take(1 << bits);
        Self {
            sets: RefCell::new(sets.collect()),
            bits,
        }
    }

    /// The proof for exactly this token.
    pub fn find(&self, token: &[u8]) -> Option<Arc<P>> {
        let end = end(token);
        let sets = self.sets.borrow();
        let Set(places) = sets.get(self.set(end))?;
        let mut proofs = places.iter().filter(|place| place.end == end);
        let proof = proofs.find_map(|place| place.proof.as_ref().filter(|it| it.token() == token));
        proof.map(Arc::clone)
    }

    /// Keeps a proof, in place of the one that was kept first of those that share its number.
    pub fn keep(&self, proof: &Arc<P>) {
        if proof.weight() + proof.token().len() > HEAVIEST {
            return;
        }
        let end = end(proof.token());
        if let Some(Set(places)) = self.sets.borrow_mut().get_mut(self.set(end)) {
            places.rotate_right(1);
            let proof = Some(Arc::clone(proof));
            places[0] = Place { end, proof };
        }
    }

    /// Drops a token that is of no more use.
    pub fn forget(&self, token: &[u8]) {
        let end = end(token);
        if let Some(Set(places)) = self.sets.borrow_mut().get_mut(self.set(end)) {
            for place in places {
                place.proof.take_if(|proof| proof.token() == token);
            }
        }
    }

    fn set(&self, end: u64) -> usize {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mixed = end.wrapping_mul(ODD) >> (u64::BITS - self.bits);
        usize::try_from(mixed).unwrap_or_default()
    }
}

/// The last bytes of a token are a signature's, in which all differ.
fn end(token: &[u8]) -> u64 {
    token
        .last_chunk()
        .map_or(0, |last| u64::from_le_bytes(*last))
}

impl<P> Default for Set<P> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Place {
            end: 0,
            proof: None,
        }))
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
        assert!(recent.find(b"one.signature").is_some());
        assert!(recent.find(b"two.signature").is_some());
        recent.forget(b"two.signature");
        assert!(recent.find(b"one.signature").is_some());
        assert!(recent.find(b"two.signature").is_none());
    }

    #[test]
    fn the_first_of_those_that_share_a_number_makes_room() {
        let recent = recent(64 << 20);
        let tokens: Vec<String> = (0..=WAYS).map(|one| format!("{one}.signature")).collect();
        for token in &tokens {
            recent.keep(&proof(token.clone()));
        }
        let (first, rest) = tokens.split_first().expect("tokens");
        assert!(recent.find(first.as_bytes()).is_none());
        assert!(rest.iter().all(|it| recent.find(it.as_bytes()).is_some()));
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
        let sets = recent.sets.borrow();
        let places = sets.iter().flat_map(|Set(places)| places);
        let held = places.filter(|place| place.proof.is_some()).count();
        drop(sets);
        assert!((200..=256).contains(&held), "{held}");
        let heavy = "h".repeat(HEAVIEST);
        recent.keep(&proof(heavy.clone()));
        assert!(recent.find(heavy.as_bytes()).is_none());
    }
}
