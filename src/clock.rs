//! The only place that reads the time.
//!
//! Everything that decides takes a [`UnixSeconds`] or an [`Instant`] as an argument, so that a decision can be
//! repeated by `sidegate explain` and by a test.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970-01-01T00:00:00Z, the unit of a JWT's `NumericDate` (RFC 7519 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// This moment plus a lifetime; saturates instead of wrapping.
    #[must_use]
    pub fn plus(self, lifetime: std::time::Duration) -> Self {
        Self(self.0.saturating_add(lifetime.as_secs()))
    }
}

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// The wall clock. A clock before 1970 reads as 0, which makes every token look not yet expired but also
    /// every `nbf` look unreached; both are what the claims say.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the wall clock"
    )]
    pub fn unix_seconds(self) -> UnixSeconds {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        UnixSeconds(since_epoch.map_or(0, |elapsed| elapsed.as_secs()))
    }

    /// The monotonic clock, for durations and deadlines.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the monotonic clock"
    )]
    pub fn instant(self) -> Instant {
        Instant::now()
    }
}
