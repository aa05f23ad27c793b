//! How long the next attempt has to wait: arithmetic on milliseconds, without a clock and without a place to keep anything.
//!
//! A few failures cost nothing. Then each doubles the wait, up to a bound, and after a quiet time all are forgotten. An
//! attempt counts as a failure from its beginning, so that a thousand at once are not a thousand guesses; one that was no
//! failure is withdrawn.

use std::time::Duration;

/// Milliseconds since some start that all who count together share.
pub(super) type Milliseconds = u64;

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    after: u32,
    first: Milliseconds,
    longest: Milliseconds,
    forget: Milliseconds,
}

/// Why waits cannot grow so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackoffError {
    /// The first attempt would have to wait for one before it.
    #[error("nobody would ever be admitted")]
    Never,
    /// A wait of nothing, or one that shrinks.
    #[error("the longest wait is shorter than the first one, or the first one is nothing")]
    Shrinking,
    /// Whoever waits as told would be forgotten meanwhile, and so never wait long.
    #[error("failures are forgotten before the longest wait is over")]
    Forgetful,
    /// Past it the delay is a lock.
    #[error("this takes more than 30 days")]
    Lock,
}

/// The failures of one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many there are.
    pub count: u32,
    /// When the last one began.
    pub last: u64,
    /// When the one before it began: what `last` is again when that one is withdrawn.
    pub before: u64,
}

/// The longest time that anything may take.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

impl Backoff {
    /// After `after` failures the next attempt waits for `first`, then for twice that, and so on up to `longest`. All is
    /// forgotten after `forget` without a failure.
    pub fn new(
        after: u32,
        first: Duration,
        longest: Duration,
        forget: Duration,
    ) -> Result<Self, BackoffError> {
        if after == 0 {
            return Err(BackoffError::Never);
        }
        if first < Duration::from_millis(1) || longest < first {
            return Err(BackoffError::Shrinking);
        }
        if forget <= longest {
            return Err(BackoffError::Forgetful);
        }
        if forget > LONGEST {
            return Err(BackoffError::Lock);
        }
        Ok(Self {
            after,
            first: milliseconds(first),
            longest: milliseconds(longest),
            forget: milliseconds(forget),
        })
    }

    /// `after`, and the three times in milliseconds.
    pub(super) fn numbers(&self) -> [u64; 4] {
        [u64::from(self.after), self.first, self.longest, self.forget]
    }

    /// How long an attempt waits after this many failures.
    fn delay(&self, count: u32) -> Milliseconds {
        let Some(doublings) = count.checked_sub(self.after) else {
            return 0;
        };
        // Past 42 doublings a millisecond is longer than anything may take.
        let delay = self.first.saturating_mul(1 << doublings.min(42));
        delay.min(self.longest)
    }

    /// Counts an attempt as a failure, or says how long it has to wait and counts nothing.
    pub(super) fn attempt(
        &self,
        known: Failures,
        now: Milliseconds,
    ) -> Result<Failures, Milliseconds> {
        let Failures { count, last, .. } = self.remembered(known, now);
        let until = last.saturating_add(self.delay(count));
        // A failure that is further ahead than any wait is long was written by a clock that has been set back since.
        let set_back = last > now.saturating_add(self.longest);
        if count > 0 && now < until && !set_back {
            return Err(until - now);
        }
        Ok(Failures {
            count: count.saturating_add(1),
            last: now,
            before: last,
        })
    }

    /// The same without the attempt that began then.
    pub(super) fn withdraw(known: Failures, began: Milliseconds) -> Failures {
        Failures {
            count: known.count.saturating_sub(1),
            last: if known.last == began {
                known.before
            } else {
                known.last
            },
            before: known.before,
        }
    }

    /// What is not forgotten yet.
    pub(super) fn remembered(&self, known: Failures, now: Milliseconds) -> Failures {
        if self.forgotten_at(known) <= now {
            return Failures::default();
        }
        known
    }

    /// When all of it is forgotten.
    pub(super) fn forgotten_at(&self, known: Failures) -> Milliseconds {
        known.last.saturating_add(self.forget)
    }

    /// How many guesses there are at most within a time that is shorter than what it takes to be forgotten.
    #[cfg(test)]
    fn most_within(&self, window: Milliseconds) -> u32 {
        let mut at = 0;
        let mut count = 0;
        while at <= window {
            count += 1;
            at += self.delay(count);
            if self.delay(count) == 0 && count > self.after {
                break;
            }
        }
        count
    }
}

fn milliseconds(duration: Duration) -> Milliseconds {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(after: u32, first: u64, longest: u64, forget: u64) -> Backoff {
        let seconds = Duration::from_secs;
        Backoff::new(after, seconds(first), seconds(longest), seconds(forget)).expect("a back-off")
    }

    fn any_backoff() -> impl Strategy<Value = Backoff> {
        (1_u32..8, 1_u64..5, 1_u64..60, 1_u64..600).prop_map(|(after, first, more, quiet)| {
            backoff(after, first, first + more, first + more + quiet)
        })
    }

    /// When attempts at these moments were let through, all of them failures.
    fn admitted(backoff: &Backoff, times: &[Milliseconds]) -> Vec<Milliseconds> {
        let mut known = Failures::default();
        let one = |now: &&Milliseconds| match backoff.attempt(known, **now) {
            Ok(next) => {
                known = next;
                true
            }
            Err(_) => false,
        };
        times.iter().filter(one).copied().collect()
    }

    #[test]
    fn waits_double_after_the_first_failures_up_to_the_longest() {
        let backoff = backoff(3, 1, 10, 3600);
        let mut known = Failures::default();
        let mut now = 5;
        let mut waits = Vec::new();
        for _ in 0..9 {
            known = backoff.attempt(known, now).expect("admitted");
            let wait = backoff.attempt(known, now).err().unwrap_or_default();
            if wait > 0 {
                assert_eq!(backoff.attempt(known, now + wait - 1), Err(1));
            }
            waits.push(wait / 1000);
            now += wait;
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 10, 10, 10]);
    }

    #[test]
    fn a_quiet_time_forgets_everything() {
        let backoff = backoff(1, 10, 100, 200);
        let known = Failures {
            count: 30,
            last: 1_000_000,
            before: 0,
        };
        assert_eq!(backoff.attempt(known, 1_000_000), Err(100_000));
        assert!(backoff.attempt(known, 1_199_999).expect("admitted").count == 31);
        assert!(backoff.attempt(known, 1_200_000).expect("admitted").count == 1);
    }

    #[test]
    fn a_clock_that_was_ahead_for_a_year_locks_nobody_out() {
        let backoff = backoff(1, 10, 100, 200);
        let year = 365 * 86_400_000;
        let known = Failures {
            count: 30,
            last: year,
            before: 0,
        };
        let next = backoff.attempt(known, 5).expect("admitted");
        assert_eq!(next.count, 31);
        assert_eq!(backoff.attempt(next, 6), Err(99_999));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let make = |after, first, longest, forget| {
            let seconds = Duration::from_secs;
            Backoff::new(after, seconds(first), seconds(longest), seconds(forget)).err()
        };
        assert_eq!(make(0, 1, 2, 3), Some(BackoffError::Never));
        assert_eq!(make(1, 0, 2, 3), Some(BackoffError::Shrinking));
        assert_eq!(make(1, 3, 2, 4), Some(BackoffError::Shrinking));
        assert_eq!(make(1, 1, 2, 2), Some(BackoffError::Forgetful));
        assert_eq!(make(1, 1, 2, 31 * 86_400), Some(BackoffError::Lock));
        assert_eq!(make(1, 1, 1, 2), None);
    }

    proptest! {
        /// In no stretch of time more than its bound, however attempts are spread.
        #[test]
        fn never_more_guesses_than_the_bound(
            backoff in any_backoff(),
            gaps in proptest::collection::vec(0_u64..20_000, 1..200),
        ) {
            let times: Vec<u64> = gaps.iter().scan(1, |now, gap| { *now += gap; Some(*now) }).collect();
            let passed = admitted(&backoff, &times);
            for (first, begin) in passed.iter().enumerate() {
                for (last, end) in passed.iter().enumerate().skip(first) {
                    let window = end - begin;
                    // A quiet time may lie within a longer one, and the count begins anew.
                    let times = u32::try_from(window / backoff.forget).expect("few") + 1;
                    let most = times * backoff.most_within(window.min(backoff.forget));
                    prop_assert!(u32::try_from(last - first + 1).expect("few") <= most);
                }
            }
        }

        /// More failures never mean a shorter wait, and no wait is longer than the longest.
        #[test]
        fn waits_only_grow(backoff in any_backoff(), count in 0_u32..200) {
            prop_assert!(backoff.delay(count) <= backoff.delay(count + 1));
            prop_assert!(backoff.delay(count) <= backoff.longest);
        }

        /// Whoever waits as told is admitted, and not a moment earlier.
        #[test]
        fn a_wait_is_as_long_as_it_was_said_to_be(
            backoff in any_backoff(), count in 0_u32..60, last in 0_u64..1_000_000, later in 0_u64..100_000,
        ) {
            let known = Failures { count, last, before: 0 };
            let now = last + later;
            if let Err(wait) = backoff.attempt(known, now) {
                prop_assert!(wait <= backoff.longest);
                prop_assert_eq!(backoff.attempt(known, now + wait - 1), Err(1));
                prop_assert!(backoff.attempt(known, now + wait).is_ok());
            }
        }

        /// An attempt that is withdrawn has not happened, as long as no other came between.
        #[test]
        fn withdrawing_undoes_an_attempt(
            backoff in any_backoff(), count in 0_u32..60, last in 0_u64..1_000_000, later in 1_u64..100_000,
        ) {
            let known = Failures { count, last, before: 0 };
            let now = last + later;
            let known = backoff.remembered(known, now);
            if let Ok(next) = backoff.attempt(known, now) {
                let undone = Backoff::withdraw(next, now);
                prop_assert_eq!((undone.count, undone.last), (known.count, known.last));
            }
        }

        /// However many at once: failures are counted before anybody knows that they are.
        #[test]
        fn many_at_once_are_no_more_guesses(backoff in any_backoff(), at_once in 1_usize..100) {
            let passed = admitted(&backoff, &vec![7; at_once]).len();
            prop_assert!(passed <= backoff.after as usize);
        }
    }
}
