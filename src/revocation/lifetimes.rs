//! When a token was issued that does not say so.

use std::time::Duration;

use crate::clock::UnixSeconds;

/// How long tokens live, and how long they did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifetimeHistory {
    /// What they live now.
    pub current: Duration,
    /// What they lived before.
    pub earlier: Vec<Earlier>,
}

/// A lifetime that tokens had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The lifetime.
    pub lifetime: Duration,
    /// The last moment at which a token with it was issued.
    pub until: UnixSeconds,
}

impl LifetimeHistory {
    /// No lifetime but this.
    pub fn always(current: Duration) -> Self {
        Self {
            current,
            earlier: Vec::new(),
        }
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        let earlier = self.earlier.iter().map(|earlier| earlier.lifetime);
        earlier.fold(self.current, Duration::max)
    }

    /// When a token was issued: as it says itself, or one lifetime before it expires. Where more than one lifetime fits,
    /// it is the earliest moment, so that no token is taken for younger than it is; where none does, too.
    pub fn issued(&self, issued_at: Option<UnixSeconds>, expires: UnixSeconds) -> UnixSeconds {
        if let Some(issued_at) = issued_at {
            return issued_at;
        }
        let before = |lifetime: Duration| UnixSeconds(expires.0.saturating_sub(lifetime.as_secs()));
        let last_change = self.earlier.iter().map(|earlier| earlier.until).max();
        let current = before(self.current);
        let earlier = self.earlier.iter();
        let fitting = earlier
            .filter(|earlier| before(earlier.lifetime) <= earlier.until)
            .map(|earlier| before(earlier.lifetime))
            .chain(
                last_change
                    .is_none_or(|change| current >= change)
                    .then_some(current),
            );
        fitting.min().unwrap_or_else(|| before(self.longest()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * DAY)
    }

    fn changed(before: u64, until: u64, now: u64) -> LifetimeHistory {
        LifetimeHistory {
            current: days(now),
            earlier: vec![Earlier {
                lifetime: days(before),
                until: UnixSeconds(until * DAY),
            }],
        }
    }

    fn issued(lifetimes: &LifetimeHistory, expires: u64) -> u64 {
        lifetimes.issued(None, UnixSeconds(expires * DAY)).0 / DAY
    }

    #[test]
    fn a_token_that_says_when_is_believed() {
        let said = Some(UnixSeconds(7));
        let lifetimes = changed(60, 100, 30);
        assert_eq!(lifetimes.issued(said, UnixSeconds(DAY)), UnixSeconds(7));
    }

    #[test]
    fn one_lifetime_before_the_end_is_the_beginning() {
        assert_eq!(issued(&LifetimeHistory::always(days(30)), 130), 100);
        let short = LifetimeHistory::always(days(30));
        assert_eq!(short.issued(None, UnixSeconds(5)), UnixSeconds(0));
    }

    #[test]
    fn where_two_lifetimes_fit_it_is_the_earlier_moment() {
        // Sixty days until day 100, then thirty: what ends on day 140 may be of day 80 or of day 110.
        let shortened = changed(60, 100, 30);
        assert_eq!(issued(&shortened, 140), 80);
        assert_eq!(issued(&shortened, 160), 100);
        assert_eq!(issued(&shortened, 161), 131);
        assert_eq!(issued(&shortened, 120), 60);
    }

    #[test]
    fn a_lifetime_that_was_not_in_use_yet_does_not_count() {
        // Fifteen days until day 100, then thirty: what ends on day 110 is of day 95 and not of day 80.
        let lengthened = changed(15, 100, 30);
        assert_eq!(issued(&lengthened, 110), 95);
        assert_eq!(issued(&lengthened, 130), 100);
        // Neither fits: between the two changes of two machines, perhaps.
        assert_eq!(issued(&lengthened, 120), 90);
    }

    proptest! {
        #[test]
        fn no_token_is_taken_for_younger_than_it_is(
            history in proptest::collection::vec((1_u64..100, 1_u64..500), 0..4),
            current in 1_u64..100,
            minted in 0_u64..1_000,
        ) {
            let mut changes: Vec<u64> = history.iter().map(|(_, until)| *until).collect();
            changes.sort_unstable();
            let earlier: Vec<Earlier> = history.iter().zip(&changes).map(|((lifetime, _), until)| Earlier {
                lifetime: Duration::from_secs(*lifetime),
                until: UnixSeconds(*until),
            }).collect();
            // The lifetime that was in use when it was minted.
            let used = earlier.iter().find(|earlier| minted <= earlier.until.0);
            let used = used.map_or(current, |earlier| earlier.lifetime.as_secs());
            let lifetimes = LifetimeHistory { current: Duration::from_secs(current), earlier };
            let found = lifetimes.issued(None, UnixSeconds(minted + used));
            prop_assert!(found.0 <= minted);
        }
    }
}
