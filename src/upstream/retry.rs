//! What may be sent again, and how much of it.
//!
//! A request that was never sent can go anywhere. One that was sent and that nothing answered goes again when doing it
//! twice is as good as once (RFC 9110 section 9.2.2), and within a budget: when everything fails, sending everything
//! twice would double what the upstream cannot bear.

use std::{cell::Cell, time::Instant};

use ::http::Method;

use super::{balance::Endpoints, error::Failure, settings::Retry};

/// What one retry costs, in hundredths.
const PRICE: u64 = 100;

/// How many retries each second may have besides the share, so that there are some under little load.
const FLOOR: u64 = 3;

/// How many retries may be saved up for a bad moment.
const MOST_SAVED: u64 = 100;

/// An exchange without a response.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) failure: Failure,
    pub(super) stage: Stage,
}

/// How far an exchange came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has left.
    Unsent,
    /// The request has left, and not one byte has come back.
    Unanswered,
    /// Something has come back, or all the time that there was has been spent on waiting.
    Over,
}

impl Lost {
    pub(super) fn unsent(failure: Failure) -> Self {
        let stage = Stage::Unsent;
        Self { failure, stage }
    }

    pub(super) fn unanswered(failure: Failure) -> Self {
        let stage = Stage::Unanswered;
        Self { failure, stage }
    }

    /// Whether the request can be sent again without being done twice.
    pub(super) fn may_repeat(&self, method: &Method) -> bool {
        match self.stage {
            Stage::Unsent => true,
            Stage::Unanswered => method.is_idempotent(),
            Stage::Over => false,
        }
    }
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        let stage = Stage::Over;
        Self { failure, stage }
    }
}

/// Where a request has been.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub(super) tried: Endpoints,
    pub(super) repeated: u32,
}

/// One core's retries of one upstream.
#[derive(Debug)]
pub(super) struct Budget {
    share: u64,
    /// In hundredths of a retry.
    saved: Cell<u64>,
    /// Until when the floor has been paid out.
    paid: Cell<Instant>,
}

impl Budget {
    pub(super) fn new(retry: Retry, now: Instant) -> Self {
        Self {
            share: retry.percent.into(),
            saved: Cell::new(FLOOR * PRICE),
            paid: Cell::new(now),
        }
    }

    /// A request brings its share.
    pub(super) fn earn(&self) {
        self.save(self.share);
    }

    /// Whether there is enough for one retry, which is taken.
    pub(super) fn spend(&self, now: Instant) -> bool {
        self.pay_floor(now);
        let rest = self.saved.get().checked_sub(PRICE);
        if let Some(rest) = rest {
            self.saved.set(rest);
        }
        rest.is_some()
    }

    fn pay_floor(&self, now: Instant) {
        let since = now.saturating_duration_since(self.paid.get()).as_millis();
        let earned = since.saturating_mul((FLOOR * PRICE).into()) / 1000;
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
        if earned > 0 {
            self.paid.set(now);
            // The floor alone saves no more than one second's.
            let most = (FLOOR * PRICE).saturating_sub(self.saved.get());
            self.save(earned.min(most));
        }
    }

    fn save(&self, more: u64) {
        let saved = self.saved.get().saturating_add(more);
        self.saved.set(saved.min(MOST_SAVED * PRICE));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::clock::Clock;

    fn budget(percent: u32, now: Instant) -> Budget {
        let attempts = 1;
        Budget::new(Retry { attempts, percent }, now)
    }

    #[test]
    fn what_was_sent_is_repeated_only_when_twice_is_as_good_as_once() {
        let lost = |stage| Lost {
            failure: Failure::ResponseTimeout,
            stage,
        };
        for (stage, get, post) in [
            (Stage::Unsent, true, true),
            (Stage::Unanswered, true, false),
            (Stage::Over, false, false),
        ] {
            let lost = lost(stage);
            assert_eq!(lost.may_repeat(&Method::GET), get, "{stage:?}");
            assert_eq!(lost.may_repeat(&Method::PUT), get, "{stage:?}");
            assert_eq!(lost.may_repeat(&Method::POST), post, "{stage:?}");
            assert_eq!(lost.may_repeat(&Method::PATCH), post, "{stage:?}");
        }
    }

    #[test]
    fn many_good_requests_pay_for_a_burst_of_bad_ones() {
        let now = Clock.instant();
        let budget = budget(20, now);
        (0..10_000).for_each(|_| budget.earn());
        let granted = (0..1000).filter(|_| budget.spend(now)).count();
        assert_eq!(granted as u64, MOST_SAVED);
    }

    #[test]
    fn a_few_retries_each_second_cost_nothing() {
        let start = Clock.instant();
        let budget = budget(0, start);
        for second in 0..5 {
            let now = start + Duration::from_secs(second);
            let granted = (0..100).filter(|_| budget.spend(now)).count();
            assert_eq!(granted as u64, FLOOR, "second {second}");
        }
    }

    proptest! {
        #[test]
        fn retries_are_never_more_than_their_share_and_the_floor(
            percent in 0..=100_u32,
            // How many milliseconds pass before a request, and whether it fails.
            requests in vec((0..50_u64, any::<bool>()), 1..500),
        ) {
            let start = Clock.instant();
            let budget = budget(percent, start);
            let (mut passed, mut granted) = (0, 0_u64);
            for (count, (pause, fails)) in (1_u64..).zip(requests) {
                passed += pause;
                budget.earn();
                if fails && budget.spend(start + Duration::from_millis(passed)) {
                    granted += 1;
                }
                let floor = FLOOR * PRICE * (1000 + passed) / 1000;
                prop_assert!(granted * PRICE <= count * u64::from(percent) + floor);
            }
        }
    }
}
