//! Leaves alone for a moment what has just failed, and then lets one after the other find out whether it is back.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How long something that has failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How something stands that may fail.
#[derive(Debug)]
pub struct Breaker {
    start: Instant,
    /// Milliseconds after the start; before that, nobody is let through.
    next: AtomicU64,
    failing: AtomicBool,
    failures: AtomicU64,
}

impl Breaker {
    /// Nothing has failed yet.
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            next: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            failures: AtomicU64::new(0),
        }
    }

    /// Whether to try: always, or after a failure once in each pause.
    pub fn admits(&self, now: Instant) -> bool {
        if !self.failing.load(Ordering::Relaxed) {
            return true;
        }
        let now = self.milliseconds(now);
        let next = self.next.load(Ordering::Relaxed);
        if now < next {
            return false;
        }
        let later = now.saturating_add(pause());
        // Whoever moves it is the one who finds out.
        let moved = self
            .next
            .compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed);
        moved.is_ok()
    }

    /// It has failed; whether that is news.
    pub fn failed(&self, now: Instant) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let later = self.milliseconds(now).saturating_add(pause());
        self.next.store(later, Ordering::Relaxed);
        !self.failing.swap(true, Ordering::Relaxed)
    }

    /// It has not failed; whether that is news.
    pub fn succeeded(&self) -> bool {
        self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed)
    }

    /// Whether it has failed when it was last tried.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// How often it has failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.start).as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX)
    }
}

fn pause() -> u64 {
    u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_has_failed_is_tried_once_in_each_pause_until_it_succeeds() {
        let start = Clock.instant();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let breaker = Breaker::new(start);
        assert!(breaker.admits(at(0)) && breaker.admits(at(0)));
        assert!(!breaker.succeeded());
        assert!(breaker.failed(at(5)));
        assert!(!breaker.failed(at(10)));
        assert!(!breaker.admits(at(500)));
        assert!(breaker.admits(at(1010)));
        assert!(!breaker.admits(at(1010)) && !breaker.admits(at(2009)));
        assert!(breaker.admits(at(2010)));
        assert!(breaker.is_failing() && breaker.succeeded() && !breaker.succeeded());
        assert!(breaker.admits(at(2011)) && breaker.admits(at(2011)));
        assert_eq!((breaker.failures(), breaker.is_failing()), (2, false));
    }
}
