//! How long ago whoever tells the denylist was last in touch with the source.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::clock::Clock;

/// Nobody watches anything: what the denylist says is all there is.
const UNWATCHED: u64 = u64::MAX;

/// Something is to be watched and has not been read yet, or a gap is known that has not been closed.
const UNKNOWN: u64 = 0;

/// When the source was last heard, in one number, so that reading it takes no lock.
#[derive(Debug)]
pub struct Freshness {
    /// What the moments are counted from.
    epoch: Instant,
    /// Milliseconds since, and one; or one of the two special numbers.
    heard: AtomicU64,
    /// For how many milliseconds that is good.
    limit: AtomicU64,
}

/// What is known of the source at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing is watched.
    Unwatched,
    /// It was heard so long ago, which is not too long.
    Fresh(Duration),
    /// It was heard so long ago, which is too long; `None` where it has not been read yet, or not since a gap.
    Stale(Option<Duration>),
}

impl Freshness {
    /// Nothing is watched yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            epoch: clock.instant(),
            heard: AtomicU64::new(UNWATCHED),
            limit: AtomicU64::new(0),
        }
    }

    /// From now on something is watched, and what was heard is good for so long. It is stale until it is heard, unless
    /// it was watched before.
    pub fn watch(&self, limit: Duration) {
        self.limit.store(milliseconds(limit), Ordering::Relaxed);
        // Whoever watches already has perhaps been heard: then it fails, and that is right.
        let (from, to) = (UNWATCHED, UNKNOWN);
        let (set, kept) = (Ordering::AcqRel, Ordering::Acquire);
        self.heard.compare_exchange(from, to, set, kept).ok();
    }

    /// From now on nothing is.
    pub fn unwatch(&self) {
        self.heard.store(UNWATCHED, Ordering::Release);
    }

    /// Everything that the source had to say up to this moment is in the denylist. To be told after the denylist.
    pub fn heard(&self, at: Instant) {
        let at = milliseconds(at.saturating_duration_since(self.epoch)).saturating_add(1);
        self.heard.store(at.min(UNWATCHED - 1), Ordering::Release);
    }

    /// There may be something that nobody has seen: it is stale until it is heard again.
    pub fn lost(&self) {
        self.heard.store(UNKNOWN, Ordering::Release);
    }

    /// What is known of the source at this moment.
    pub fn at(&self, now: Instant) -> Heard {
        let heard = match self.heard.load(Ordering::Acquire) {
            UNWATCHED => return Heard::Unwatched,
            UNKNOWN => return Heard::Stale(None),
            heard => heard - 1,
        };
        let now = milliseconds(now.saturating_duration_since(self.epoch));
        let age = now.saturating_sub(heard);
        let since = Duration::from_millis(age);
        if age <= self.limit.load(Ordering::Relaxed) {
            Heard::Fresh(since)
        } else {
            Heard::Stale(Some(since))
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(UNWATCHED - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_not_watched_is_never_stale() {
        let freshness = Freshness::new(Clock);
        let now = Clock.instant() + 100 * SECOND;
        assert_eq!(freshness.at(now), Heard::Unwatched);
        freshness.watch(SECOND);
        assert_eq!(freshness.at(now), Heard::Stale(None));
        freshness.unwatch();
        assert_eq!(freshness.at(now), Heard::Unwatched);
    }

    #[test]
    fn what_was_heard_is_good_for_a_time() {
        let freshness = Freshness::new(Clock);
        let before = Clock.instant();
        let heard = before + SECOND;
        freshness.watch(SECOND);
        freshness.heard(heard);
        assert!(matches!(freshness.at(heard), Heard::Fresh(_)));
        // Not before it was heard either: the request began first.
        assert!(matches!(freshness.at(before), Heard::Fresh(_)));
        assert!(matches!(freshness.at(heard + SECOND), Heard::Fresh(_)));
        let late = freshness.at(heard + 2 * SECOND);
        assert_eq!(late, Heard::Stale(Some(2 * SECOND)));
        freshness.lost();
        assert_eq!(freshness.at(heard), Heard::Stale(None));
    }

    #[test]
    fn a_reload_does_not_make_it_stale() {
        let freshness = Freshness::new(Clock);
        let heard = Clock.instant();
        freshness.watch(SECOND);
        freshness.heard(heard);
        freshness.watch(3 * SECOND);
        assert!(matches!(freshness.at(heard + 2 * SECOND), Heard::Fresh(_)));
    }
}
