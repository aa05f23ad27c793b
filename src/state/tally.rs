//! How the own database stands, for metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::error::Error;

/// What was asked of it, and whether it answered last.
#[derive(Debug, Default)]
pub struct Tally {
    down: AtomicBool,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    pub(super) fn note<T>(&self, outcome: &Result<T, Error>) {
        self.down.store(outcome.is_err(), Ordering::Relaxed);
        let count = if outcome.is_ok() {
            &self.done
        } else {
            &self.failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the last operation was done; true before the first.
    pub fn is_up(&self) -> bool {
        !self.down.load(Ordering::Relaxed)
    }

    /// Operations by outcome.
    pub fn counts(&self) -> [(&'static str, u64); 2] {
        [
            ("done", self.done.load(Ordering::Relaxed)),
            ("failed", self.failed.load(Ordering::Relaxed)),
        ]
    }
}
