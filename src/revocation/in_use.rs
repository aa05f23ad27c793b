//! Whose tokens are used: noted where a token is looked at anyway, and never on the way of one that was looked at before.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// In how many calls everybody who waits is woken once, to be noted again.
pub(super) const TURNS: usize = 16;

/// Among how many sets members are divided, so that cores seldom wait for one another.
const PARTS: usize = 64;

/// How many are noted in each set between two calls; who finds no place is read with everybody else.
const MOST: usize = 2_048;

/// The longest id that is noted; no row has a longer one.
const LONGEST: usize = 190;

type Part = HashSet<Arc<str>, ahash::RandomState>;

/// Members, since the last call.
pub(super) struct InUse {
    wanted: AtomicBool,
    parts: Box<[Mutex<Part>]>,
    hasher: ahash::RandomState,
    turn: AtomicUsize,
}

impl InUse {
    pub(super) fn new() -> Self {
        Self {
            wanted: AtomicBool::new(false),
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            hasher: ahash::RandomState::new(),
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
        if !wanted {
            drop(self.take());
        }
    }

    pub(super) fn note(&self, member: &str) {
        if !self.wanted.load(Ordering::Relaxed) {
            return;
        }
        // What a column cannot be compared with would hide all that is asked for together with it.
        if member.len() > LONGEST || !member.is_ascii() {
            return;
        }
        let hash = self.hasher.hash_one(member) >> 32;
        let place = usize::try_from(hash).unwrap_or_default() % PARTS;
        let Some(part) = self.parts.get(place) else {
            return;
        };
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        if part.len() < MOST && !part.contains(member) {
            part.insert(member.into());
        }
    }

    pub(super) fn take(&self) -> Vec<Arc<str>> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(std::mem::take(
                &mut *part.lock().unwrap_or_else(PoisonError::into_inner),
            ));
        }
        all
    }

    /// Whose turn it is to be woken.
    pub(super) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % TURNS
    }
}

impl fmt::Debug for InUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InUse")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, UnixSeconds},
        revocation::{Block, Denylist, Grant},
    };

    fn grant(member: &str) -> Arc<Grant> {
        Arc::new(Grant::new(member, UnixSeconds(1), None))
    }

    fn called(denylist: &Denylist) -> Vec<String> {
        let mut called: Vec<String> = denylist
            .roll_call()
            .iter()
            .map(ToString::to_string)
            .collect();
        called.sort();
        called
    }

    #[test]
    fn who_uses_a_token_is_called_once_and_again_when_it_is_used_again() {
        let denylist = Denylist::new(Clock);
        let (one, other) = (grant("1"), grant("2"));
        denylist.judge(&one).expect("nothing against it");
        assert!(called(&denylist).is_empty(), "nobody wants to know");
        denylist.note_use(true);
        // Also one that was judged before anybody wanted to know.
        for grant in [&one, &one, &other] {
            denylist.judge(grant).expect("nothing against it");
        }
        assert_eq!(called(&denylist), ["1", "2"]);
        denylist.judge(&one).expect("nothing against it");
        assert_eq!(called(&denylist), ["1"]);
        assert!(called(&denylist).is_empty());
        denylist.block("1", Block::Deleted);
        assert!(denylist.judge(&one).is_err());
        assert!(called(&denylist).is_empty(), "nobody who is refused");
        denylist.judge(&other).expect("nothing against it");
        denylist.note_use(false);
        assert!(called(&denylist).is_empty());
    }

    #[test]
    fn no_more_are_noted_than_there_is_room_for_and_nothing_that_is_no_id() {
        let denylist = Denylist::new(Clock);
        denylist.note_use(true);
        for member in ["한국", &"1".repeat(LONGEST + 1)] {
            denylist.judge(&grant(member)).expect("nothing against it");
        }
        assert!(called(&denylist).is_empty());
        for member in 0..(PARTS * MOST + 100_000) {
            let grant = grant(&member.to_string());
            denylist.judge(&grant).expect("nothing against it");
        }
        assert!(called(&denylist).len() <= PARTS * MOST);
    }

    #[tokio::test]
    async fn who_has_a_stream_open_is_called_every_so_often() {
        let denylist = Arc::new(Denylist::new(Clock));
        denylist.note_use(true);
        let cut = denylist.subscribe(grant("1"));
        let waiting = cut.revoked();
        tokio::pin!(waiting);
        let mut rounds = 0;
        for _ in 0..3 {
            loop {
                rounds += 1;
                assert!(rounds < 100, "it is called");
                assert!(futures_util::poll!(&mut waiting).is_pending());
                if called(&denylist) == ["1"] {
                    break;
                }
            }
        }
        denylist.block("1", Block::Deleted);
        assert!(futures_util::poll!(&mut waiting).is_ready());
    }
}
