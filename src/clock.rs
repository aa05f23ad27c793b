//! The only place that reads the time.
//!
//! Everything that decides takes a [`UnixSeconds`] or an [`Instant`] as an argument, so that a decision can be
//! repeated by `sidegate explain` and by a test.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use x509_cert::der::DateTime;

/// Whole seconds since 1970-01-01T00:00:00Z, the unit of a JWT's `NumericDate` (RFC 7519 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// This moment plus a lifetime; saturates instead of wrapping.
    #[must_use]
    pub fn plus(self, lifetime: Duration) -> Self {
        Self(self.0.saturating_add(lifetime.as_secs()))
    }
}

impl fmt::Display for UnixSeconds {
    /// As RFC 3339 writes it, in UTC: `2024-01-02T03:04:05Z`; what is behind the year 9999, which a token may claim, as a
    /// number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(moment) => moment.fmt(formatter),
            Err(_) => write!(formatter, "{} s after 1970", self.0),
        }
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

    /// The same in milliseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the wall clock"
    )]
    pub fn unix_milliseconds(self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let elapsed = since_epoch.unwrap_or_default().as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "253402300800 s after 1970"),
            (u64::MAX, "18446744073709551615 s after 1970"),
        ] {
            assert_eq!(UnixSeconds(seconds).to_string(), text);
        }
    }
}
