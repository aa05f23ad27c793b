//! What each key has used, in memory that a flood of keys cannot make grow.
//!
//! The table is cut into small sets, and a key can only be in one of them, which a secret hash chooses. A set that is
//! full drops the key that is nearest to having everything back, since forgetting that one gives away least. A key that
//! has used up its quota is the last to go: to free it, somebody has to use up the quota of as many keys as the table
//! holds. There is nothing to sweep: a key that has everything back is worth as much as none, and its place is taken.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::quota::{Nanoseconds, Quota, Taken};

/// How many keys a set holds.
const PLACES: usize = 16;

/// The hash of a key, under a secret of this process.
pub(super) type KeyHash = u64;

/// All keys.
#[derive(Debug)]
pub(super) struct Table(Box<[Mutex<Vec<Used>>]>);

/// What one key has used.
#[derive(Debug, Clone, Copy)]
struct Used {
    key: KeyHash,
    /// When everything is available again.
    full_at: Nanoseconds,
}

impl Table {
    /// Room for this many keys, rounded up to whole sets; the sets grow as they are needed.
    pub(super) fn new(keys: usize) -> Self {
        let sets = keys.div_ceil(PLACES).max(1);
        Self((0..sets).map(|_| Mutex::default()).collect())
    }

    /// Takes one for this key. Both answers come with the moment when it has everything back.
    pub(super) fn take(
        &self,
        key: KeyHash,
        quota: &Quota,
        now: Nanoseconds,
    ) -> Result<Nanoseconds, Nanoseconds> {
        let Some(mut set) = self.set(key) else {
            return Err(now);
        };
        let known = set.iter_mut().find(|used| used.key == key);
        let full_at = known.as_ref().map_or(0, |used| used.full_at);
        let Taken::Admitted(moved) = quota.take(full_at, now) else {
            return Err(full_at);
        };
        match known {
            Some(used) => used.full_at = moved,
            None => insert(&mut set, key, moved, now),
        }
        Ok(moved)
    }

    /// Gives one back to this key.
    pub(super) fn give_back(&self, key: KeyHash, quota: &Quota) {
        if let Some(mut set) = self.set(key)
            && let Some(used) = set.iter_mut().find(|used| used.key == key)
        {
            used.full_at = quota.give_back(used.full_at);
        }
    }

    /// How many keys do not have everything back.
    pub(super) fn keys(&self, now: Nanoseconds) -> usize {
        let sets = self.0.iter().map(|set| {
            let set = set.lock().unwrap_or_else(PoisonError::into_inner);
            set.iter().filter(|used| used.full_at > now).count()
        });
        sets.sum()
    }

    fn set(&self, key: KeyHash) -> Option<MutexGuard<'_, Vec<Used>>> {
        // The hash as a fraction of its range, times the number of sets.
        let place = (u128::from(key) * self.0.len() as u128) >> 64;
        let set = self.0.get(usize::try_from(place).ok()?)?;
        // A panic cannot happen between two changes that belong together.
        Some(set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn insert(set: &mut Vec<Used>, key: KeyHash, full_at: Nanoseconds, now: Nanoseconds) {
    let used = Used { key, full_at };
    let full = set.len() >= PLACES;
    match set.iter_mut().min_by_key(|used| used.full_at) {
        Some(nearest) if full || nearest.full_at <= now => *nearest = used,
        Some(_) | None => set.push(used),
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;

    const SECOND: Nanoseconds = 1_000_000_000;

    fn ten_a_minute() -> Quota {
        let ten = NonZeroU32::new(10).expect("a number");
        Quota::new(ten, Duration::from_secs(60), ten).expect("a quota")
    }

    /// Numbers that are spread as hashes are.
    fn hashes() -> impl Iterator<Item = KeyHash> {
        (1_u64..).map(|number| {
            let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        })
    }

    fn held(table: &Table) -> usize {
        let sets = table.0.iter();
        sets.map(|set| set.lock().expect("a set").len()).sum()
    }

    #[test]
    fn each_key_has_its_own_count_and_time_gives_it_back() {
        let (table, quota) = (Table::new(64), ten_a_minute());
        for _ in 0..10 {
            assert!(table.take(7, &quota, SECOND).is_ok());
        }
        assert_eq!(table.take(7, &quota, SECOND), Err(61 * SECOND));
        assert!(table.take(8, &quota, SECOND).is_ok());
        assert!(table.take(7, &quota, 7 * SECOND).is_ok());
        assert!(table.take(7, &quota, 7 * SECOND).is_err());
        assert_eq!(table.keys(7 * SECOND), 1);
        assert_eq!(table.keys(100 * SECOND), 0);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (table, quota) = (Table::new(64), ten_a_minute());
        for _ in 0..100 {
            assert!(table.take(7, &quota, SECOND).is_ok());
            table.give_back(7, &quota);
        }
        table.give_back(9, &quota);
        assert_eq!(table.keys(SECOND), 0);
    }

    #[test]
    fn a_million_keys_take_no_more_room_than_the_table_has() {
        let (table, quota) = (Table::new(65_536), ten_a_minute());
        for key in hashes().take(1_000_000) {
            assert!(table.take(key, &quota, SECOND).is_ok());
        }
        assert!(held(&table) <= 65_536, "{}", held(&table));
        assert!(held(&table) > 65_000, "{}", held(&table));
        let bytes = table.0.iter().map(|set| {
            size_of::<Mutex<Vec<Used>>>()
                + set.lock().expect("a set").capacity() * size_of::<Used>()
        });
        assert!(bytes.sum::<usize>() <= 65_536 * 32);
    }

    #[test]
    fn a_flood_of_keys_does_not_free_one_that_is_used_up() {
        let (table, quota) = (Table::new(1_024), ten_a_minute());
        let mut keys = hashes();
        let limited: Vec<KeyHash> = keys.by_ref().take(100).collect();
        for key in &limited {
            while table.take(*key, &quota, SECOND).is_ok() {}
        }
        for key in keys.take(100_000) {
            assert!(table.take(key, &quota, SECOND).is_ok());
        }
        for key in &limited {
            assert!(table.take(*key, &quota, SECOND).is_err());
        }
    }

    #[test]
    fn a_key_that_has_everything_back_leaves_its_place() {
        let (table, quota) = (Table::new(1_024), ten_a_minute());
        let mut now = SECOND;
        for key in hashes().take(50_000) {
            now += 7 * SECOND;
            assert!(table.take(key, &quota, now).is_ok());
        }
        assert!(held(&table) <= 64, "{}", held(&table));
    }
}
