//! What happens to an upstream beside failures to answer, counted for operators.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is worth a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A request was sent again after it was lost.
    Repeated,
    /// A response ended before its body was whole.
    BrokeOff,
    /// An endpoint was left alone after failures.
    Ejected,
}

/// How often each has happened, on all cores. None of it is part of a request that goes well.
#[derive(Debug, Default)]
pub struct Tally {
    repeated: AtomicU64,
    broke_off: AtomicU64,
    ejected: AtomicU64,
}

impl Tally {
    /// How often this has happened.
    pub fn count(&self, event: Event) -> u64 {
        self.of(event).load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, event: Event) {
        self.of(event).fetch_add(1, Ordering::Relaxed);
    }

    fn of(&self, event: Event) -> &AtomicU64 {
        match event {
            Event::Repeated => &self.repeated,
            Event::BrokeOff => &self.broke_off,
            Event::Ejected => &self.ejected,
        }
    }
}
