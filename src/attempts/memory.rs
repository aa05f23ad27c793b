//! Failures in this process alone, in memory that a flood of keys cannot make grow.
//!
//! The table is cut into small sets, and a key can only be in one of them. A set that is full drops the key with the
//! fewest failures, so that a flood of names with one failure each frees nobody who waits.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Counter,
    backoff::{Backoff, Failures, Milliseconds},
};

/// How many keys a set holds.
const PLACES: usize = 16;

/// All keys.
#[derive(Debug)]
pub(super) struct Memory(Box<[Mutex<Vec<Kept>>]>);

/// The failures of one key.
#[derive(Debug, Clone, Copy)]
struct Kept {
    counter: Counter,
    failures: Failures,
    forgotten_at: Milliseconds,
}

impl Memory {
    /// Room for this many keys, rounded up to whole sets; the sets grow as they are needed.
    pub(super) fn new(keys: usize) -> Self {
        let sets = keys.div_ceil(PLACES).max(1);
        Self((0..sets).map(|_| Mutex::default()).collect())
    }

    /// Counts one attempt, or says how long it has to wait and counts nothing.
    pub(super) fn attempt(
        &self,
        counter: Counter,
        backoff: &Backoff,
        now: Milliseconds,
    ) -> Result<(), Milliseconds> {
        let Some(mut set) = self.set(counter) else {
            return Err(1);
        };
        let known = set.iter_mut().find(|kept| kept.counter == counter);
        let failures = known.as_ref().map(|kept| kept.failures);
        let failures = backoff.attempt(failures.unwrap_or_default(), now)?;
        let kept = Kept {
            counter,
            failures,
            forgotten_at: backoff.forgotten_at(failures),
        };
        match known {
            Some(known) => *known = kept,
            None => insert(&mut set, kept, now),
        }
        Ok(())
    }

    /// Withdraws the attempt that began then.
    pub(super) fn withdraw(&self, counter: Counter, began: Milliseconds) {
        if let Some(mut set) = self.set(counter)
            && let Some(kept) = set.iter_mut().find(|kept| kept.counter == counter)
        {
            kept.failures = Backoff::withdraw(kept.failures, began);
        }
    }

    /// Forgets a key.
    pub(super) fn clear(&self, counter: Counter) {
        if let Some(mut set) = self.set(counter) {
            set.retain(|kept| kept.counter != counter);
        }
    }

    /// How many keys have failures.
    pub(super) fn keys(&self, now: Milliseconds) -> usize {
        let sets = self.0.iter().map(|set| {
            let set = set.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = |kept: &&Kept| kept.failures.count > 0 && kept.forgotten_at > now;
            set.iter().filter(counts).count()
        });
        sets.sum()
    }

    fn set(&self, Counter(bytes): Counter) -> Option<MutexGuard<'_, Vec<Kept>>> {
        // The key is a hash already; as a fraction of its range, times the number of sets.
        let (high, _) = bytes.split_first_chunk::<8>()?;
        let place = (u128::from(u64::from_be_bytes(*high)) * self.0.len() as u128) >> 64;
        let set = self.0.get(usize::try_from(place).ok()?)?;
        // A panic cannot happen between two changes that belong together.
        Some(set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn insert(set: &mut Vec<Kept>, kept: Kept, now: Milliseconds) {
    let full = set.len() >= PLACES;
    let worth = |kept: &Kept| {
        if kept.forgotten_at <= now {
            return (0, 0);
        }
        (kept.failures.count, kept.failures.last)
    };
    match set.iter_mut().min_by_key(|kept| worth(kept)) {
        Some(least) if full || worth(least).0 == 0 => *least = kept,
        Some(_) | None => set.push(kept),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn backoff() -> Backoff {
        let seconds = Duration::from_secs;
        Backoff::new(3, seconds(1), seconds(900), seconds(86_400)).expect("a back-off")
    }

    /// Numbers that are spread as hashes are.
    fn counters() -> impl Iterator<Item = Counter> {
        (1_u128..).map(|number| {
            let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
            Counter((mixed ^ (mixed >> 61)).to_be_bytes())
        })
    }

    fn held(memory: &Memory) -> usize {
        let sets = memory.0.iter();
        sets.map(|set| set.lock().expect("a set").len()).sum()
    }

    #[test]
    fn each_key_has_failures_of_its_own() {
        let (memory, backoff) = (Memory::new(64), backoff());
        let [one, other] = [1, 2].map(|byte| Counter([byte; 16]));
        for _ in 0..3 {
            assert!(memory.attempt(one, &backoff, 5).is_ok());
        }
        assert_eq!(memory.attempt(one, &backoff, 5), Err(1000));
        assert!(memory.attempt(other, &backoff, 5).is_ok());
        assert_eq!((memory.keys(5), memory.keys(86_400_005)), (2, 0));
        memory.clear(one);
        memory.withdraw(other, 5);
        assert_eq!(memory.keys(5), 0);
        assert!(memory.attempt(one, &backoff, 5).is_ok());
    }

    #[test]
    fn a_flood_of_names_frees_nobody_who_waits() {
        let (memory, backoff) = (Memory::new(1_024), backoff());
        let mut counters = counters();
        let waiting: Vec<Counter> = counters.by_ref().take(100).collect();
        for counter in &waiting {
            while memory.attempt(*counter, &backoff, 5).is_ok() {}
        }
        for counter in counters.take(100_000) {
            assert!(memory.attempt(counter, &backoff, 6).is_ok());
        }
        for counter in &waiting {
            assert!(memory.attempt(*counter, &backoff, 6).is_err());
        }
        assert!(held(&memory) <= 1_024, "{}", held(&memory));
    }

    #[test]
    fn threads_that_try_at_once_get_no_more_attempts() {
        let (memory, backoff) = (Memory::new(64), backoff());
        let admitted: usize = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| {
                scope.spawn(|| {
                    let attempts = 0..300;
                    let attempt = |_: &u32| memory.attempt(Counter([7; 16]), &backoff, 5).is_ok();
                    attempts.filter(attempt).count()
                })
            });
            threads
                .map(|thread| thread.join().expect("a count"))
                .iter()
                .sum()
        });
        assert_eq!(admitted, 3);
    }
}
