//! A map that is read without waiting: in pieces, each of which is replaced whole.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;

/// How many pieces there are. A write copies one: with a hundred thousand entries that is a hundred.
const SHARDS: usize = 1024;

/// A piece.
pub(super) type Shard<V> = HashMap<Arc<str>, V, ahash::RandomState>;

/// The map. Readers wait for nobody; writers have to take turns, which is up to whoever holds it.
pub(super) struct Shards<V> {
    hasher: ahash::RandomState,
    shards: Box<[ArcSwap<Shard<V>>]>,
}

impl<V: Clone> Shards<V> {
    pub(super) fn new() -> Self {
        let hasher = ahash::RandomState::new();
        let empty = Arc::new(Shard::with_hasher(hasher.clone()));
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        Self {
            shards: shards.collect(),
            hasher,
        }
    }

    /// What there is under this key.
    pub(super) fn find(&self, key: &str) -> Option<V> {
        let shard = self.shard(key)?.load();
        shard.get(key).cloned()
    }

    /// Puts what `change` makes of it in its place, or nothing; says whether that is another than before.
    pub(super) fn edit(&self, key: &str, change: impl FnOnce(Option<&V>) -> Option<V>) -> bool
    where
        V: PartialEq,
    {
        let Some(shard) = self.shard(key) else {
            return false;
        };
        let old = shard.load();
        let before = old.get(key);
        let after = change(before);
        if before == after.as_ref() {
            return false;
        }
        let mut edited = Shard::clone(&old);
        match after {
            Some(value) => edited.insert(key.into(), value),
            None => edited.remove(key),
        };
        // What has grown once and is small again gives its room back.
        if edited.capacity() > 4 * edited.len() {
            edited.shrink_to_fit();
        }
        shard.store(Arc::new(edited));
        true
    }

    /// Gives every piece to `change`, with what of `incoming` belongs there, and puts what that makes of it in its place.
    pub(super) fn rewrite<I>(&self, incoming: I, change: impl Fn(&Shard<V>, Shard<V>) -> Shard<V>)
    where
        I: IntoIterator<Item = (Arc<str>, V)>,
    {
        let mut parts: Vec<Shard<V>> = Vec::new();
        parts.resize_with(SHARDS, || Shard::with_hasher(self.hasher.clone()));
        for (key, value) in incoming {
            let place = self.place(&key);
            if let Some(part) = parts.get_mut(place) {
                part.insert(key, value);
            }
        }
        for (shard, part) in self.shards.iter().zip(parts) {
            let mut made = change(&shard.load(), part);
            made.shrink_to_fit();
            shard.store(Arc::new(made));
        }
    }

    /// Keeps only what `keeps` wants, as it wants it.
    pub(super) fn retain(&self, keeps: impl Fn(&V) -> Option<V>) -> bool
    where
        V: PartialEq,
    {
        let mut changed = false;
        for shard in &self.shards {
            let old = shard.load();
            if old
                .values()
                .all(|value| keeps(value).as_ref() == Some(value))
            {
                continue;
            }
            let kept = old.iter();
            let kept = kept.filter_map(|(key, value)| Some((Arc::clone(key), keeps(value)?)));
            let mut made = Shard::with_hasher(self.hasher.clone());
            made.extend(kept);
            shard.store(Arc::new(made));
            changed = true;
        }
        changed
    }

    /// Shows every value to `see`.
    pub(super) fn each(&self, mut see: impl FnMut(&V)) {
        for shard in &self.shards {
            shard.load().values().for_each(&mut see);
        }
    }

    fn shard(&self, key: &str) -> Option<&ArcSwap<Shard<V>>> {
        self.shards.get(self.place(key))
    }

    fn place(&self, key: &str) -> usize {
        // The map inside takes the upper and the lower bits for itself; these are neither.
        let hash = self.hasher.hash_one(key) >> 32;
        usize::try_from(hash).unwrap_or_default() % SHARDS
    }
}
