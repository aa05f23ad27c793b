//! How much is allowed: GCRA, the leaky bucket as a single number.
//!
//! The number is the moment at which everything is available again. Taking one moves it by one interval; what would
//! move it further than the burst reaches is refused. Pure arithmetic on nanoseconds: no clock, no state.

use std::{num::NonZeroU32, time::Duration};

/// Nanoseconds since some start; 584 years of them fit.
pub(super) type Nanoseconds = u64;

/// The longest time that a burst may take to come back: past it the limit is a lock.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What one costs in time.
    interval: Nanoseconds,
    burst: u32,
}

/// Why a quota cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// More than one for each microsecond.
    #[error("this rate is too high to be kept")]
    TooFast,
    /// The burst takes more than thirty days to come back.
    #[error("this takes more than 30 days to recover")]
    TooSlow,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many more could be taken at once.
    pub remaining: u32,
    /// When there will be one more than that.
    pub until_more: Duration,
}

/// Whether one could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was, and this is when everything is available again.
    Admitted(Nanoseconds),
    /// It was not; nothing has changed.
    Refused,
}

impl Quota {
    /// `count` for each `period`, and `burst` at once after a pause.
    pub fn new(count: NonZeroU32, period: Duration, burst: NonZeroU32) -> Result<Self, QuotaError> {
        let (period, count) = (period.as_nanos(), u128::from(count.get()));
        if period < count * 1_000 {
            return Err(QuotaError::TooFast);
        }
        // Rounded up: a nanosecond less often is within the rate, a nanosecond more often is not.
        let interval = period.div_ceil(count);
        if interval * u128::from(burst.get()) > LONGEST.as_nanos() {
            return Err(QuotaError::TooSlow);
        }
        Ok(Self {
            interval: u64::try_from(interval).map_err(|_| QuotaError::TooSlow)?,
            burst: burst.get(),
        })
    }

    /// How many can be taken at once after a pause.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// The time in which the whole burst comes back.
    pub fn window(&self) -> Duration {
        Duration::from_nanos(self.reach())
    }

    /// The same in whole microseconds, in which other processes can be told of it: rounded up, as before.
    #[must_use]
    pub fn in_microseconds(self) -> Self {
        let interval = self.interval.next_multiple_of(1_000);
        Self { interval, ..self }
    }

    /// What one costs, and what the whole burst does.
    pub(super) fn microseconds(&self) -> [u64; 2] {
        let interval = self.interval.div_ceil(1_000);
        [interval, interval * u64::from(self.burst)]
    }

    /// What is left when everything is available again after so long.
    pub(super) fn left_of(&self, used: Duration) -> Left {
        let used = Nanoseconds::try_from(used.as_nanos()).unwrap_or(Nanoseconds::MAX);
        self.left(used, 0)
    }

    fn reach(&self) -> Nanoseconds {
        self.interval * u64::from(self.burst)
    }

    /// Takes one, if it is there. `full_at` is when everything is available again; in the past for what was never used.
    pub(super) fn take(&self, full_at: Nanoseconds, now: Nanoseconds) -> Taken {
        let moved = full_at.max(now).saturating_add(self.interval);
        if moved - now > self.reach() {
            return Taken::Refused;
        }
        Taken::Admitted(moved)
    }

    /// The same after one was given back.
    pub(super) fn give_back(&self, full_at: Nanoseconds) -> Nanoseconds {
        full_at.saturating_sub(self.interval)
    }

    pub(super) fn left(&self, full_at: Nanoseconds, now: Nanoseconds) -> Left {
        let used = full_at.saturating_sub(now).min(self.reach());
        let available = (self.reach() - used) / self.interval;
        // What is owed beyond whole intervals comes back first.
        let owed = used % self.interval;
        let until_more = match (used, owed) {
            (0, _) => 0,
            (_, 0) => self.interval,
            (_, owed) => owed,
        };
        Left {
            remaining: u32::try_from(available).unwrap_or(self.burst),
            until_more: Duration::from_nanos(until_more),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Nanoseconds = 1_000_000_000;

    fn quota(count: u32, seconds: u64, burst: u32) -> Quota {
        let number = |number| NonZeroU32::new(number).expect("a number");
        let period = Duration::from_secs(seconds);
        Quota::new(number(count), period, number(burst)).expect("a quota")
    }

    fn admitted(quota: Quota, times: &[Nanoseconds]) -> Vec<bool> {
        let mut full_at = 0;
        let one = |&now: &Nanoseconds| match quota.take(full_at, now) {
            Taken::Admitted(moved) => {
                full_at = moved;
                true
            }
            Taken::Refused => false,
        };
        times.iter().map(one).collect()
    }

    #[test]
    fn a_burst_passes_and_then_one_for_each_interval() {
        let ten_a_minute = quota(10, 60, 3);
        let at = |seconds: u64| 1_000 + seconds * SECOND;
        let times = [
            at(0),
            at(0),
            at(0),
            at(0),
            at(5),
            at(6),
            at(6),
            at(18),
            at(18),
            at(18),
        ];
        let expected = [
            true, true, true, false, false, true, false, true, true, false,
        ];
        assert_eq!(admitted(ten_a_minute, &times), expected);
    }

    #[test]
    fn what_is_left_is_told() {
        let ten_a_minute = quota(10, 60, 10);
        let left = |full_at, now| {
            let left = ten_a_minute.left(full_at, now);
            (left.remaining, left.until_more.as_secs())
        };
        assert_eq!(left(0, 5 * SECOND), (10, 0));
        assert_eq!(left(6 * SECOND, 0), (9, 6));
        assert_eq!(left(6 * SECOND, 2 * SECOND), (9, 4));
        assert_eq!(left(60 * SECOND, 0), (0, 6));
        assert_eq!(left(58 * SECOND, 0), (0, 4));
        assert_eq!(left(54 * SECOND, 0), (1, 6));
    }

    #[test]
    fn rates_that_cannot_be_kept_are_refused() {
        let number = |number| NonZeroU32::new(number).expect("a number");
        let make = |count, period, burst| Quota::new(number(count), period, number(burst));
        let second = Duration::from_secs(1);
        assert_eq!(make(1_000_001, second, 1), Err(QuotaError::TooFast));
        assert!(make(1_000_000, second, 1_000_000).is_ok());
        let month = Duration::from_secs(30 * 86_400);
        assert!(make(1, month, 1).is_ok());
        assert_eq!(make(1, month, 2), Err(QuotaError::TooSlow));
    }

    proptest! {
        /// In any stretch of time, at most the burst and what comes back in it.
        #[test]
        fn never_more_than_the_burst_and_the_rate(
            count in 1_u32..50, seconds in 1_u64..100, burst in 1_u32..30,
            gaps in proptest::collection::vec(0_u64..20 * SECOND, 1..120),
        ) {
            let quota = quota(count, seconds, burst);
            let times: Vec<Nanoseconds> = gaps.iter().scan(1, |now, gap| { *now += gap; Some(*now) }).collect();
            let admitted = admitted(quota, &times);
            let passed: Vec<Nanoseconds> = times.iter().zip(&admitted)
                .filter_map(|(time, admitted)| admitted.then_some(*time)).collect();
            for (first, begin) in passed.iter().enumerate() {
                for (last, end) in passed.iter().enumerate().skip(first) {
                    let within = u64::from(burst) + (end - begin) / quota.interval;
                    prop_assert!((last - first + 1) as u64 <= within);
                }
            }
        }

        /// Whatever keeps to the burst and the rate is never refused.
        #[test]
        fn what_is_within_is_never_refused(
            count in 1_u32..50, seconds in 1_u64..100, burst in 1_u32..30,
            gaps in proptest::collection::vec(0_u64..20 * SECOND, 1..120),
        ) {
            let quota = quota(count, seconds, burst);
            let mut now = 1;
            // A bucket that is kept in another way: what has been used, and when it was last looked at.
            let mut used = 0_u128;
            let mut full_at = 0;
            for gap in gaps {
                now += gap;
                used = used.saturating_sub(gap.into());
                let within = used + u128::from(quota.interval) <= u128::from(quota.reach());
                let taken = quota.take(full_at, now);
                prop_assert_eq!(matches!(taken, Taken::Admitted(_)), within);
                if let Taken::Admitted(moved) = taken {
                    full_at = moved;
                    used += u128::from(quota.interval);
                }
            }
        }

        /// What is given back can be taken again, and no more than that.
        #[test]
        fn giving_back_undoes_taking(count in 1_u32..50, burst in 1_u32..30, used in 0_u32..30) {
            let quota = quota(count, 60, burst);
            let full_at = 1 + quota.interval * u64::from(used.min(burst - 1));
            if let Taken::Admitted(moved) = quota.take(full_at, 1) {
                prop_assert_eq!(quota.give_back(moved), full_at);
            }
        }
    }
}
