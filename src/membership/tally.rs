//! How often a row was known, had to be waited for, or could not be had.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Looked;

/// The counts.
#[derive(Debug, Default)]
pub struct Tally {
    hits: AtomicU64,
    misses: AtomicU64,
    failures: AtomicU64,
}

impl Tally {
    /// A row was known.
    pub fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// A row was waited for.
    pub fn waited(&self, looked: &Looked) {
        let count = match looked {
            Ok(_) => &self.misses,
            Err(_) => &self.failures,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Each count with its name.
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("hit", read(&self.hits)),
            ("miss", read(&self.misses)),
            ("failed", read(&self.failures)),
        ]
    }
}
