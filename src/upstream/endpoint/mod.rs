//! How one endpoint stands, as all cores see it: whether it is used, how much it has to do, since when it is back.
//!
//! Everything is a number that is read without waiting. The cores may disagree for a moment about what they saw; what
//! must not happen twice, such as a trial of an endpoint that has failed, is decided by a compare-and-exchange.

use std::{
    sync::atomic::{
        AtomicBool, AtomicU32, AtomicU64, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

use super::settings::Ejection;

/// The longest ejection, as a multiple of the first.
const LONGEST: u32 = 10;

/// How often an endpoint is tried while there is no other: a request that fails at once costs little, and a monolith
/// that has started again should not be waited for.
const TRIAL_INTERVAL: Duration = Duration::from_secs(1);

/// The weight of an endpoint that gets its whole share.
pub(super) const FULL_WEIGHT: u64 = 1000;

/// The weight of one that has just come back.
const LEAST_WEIGHT: u64 = FULL_WEIGHT / 10;

/// Milliseconds since a moment before everything, so that 0 can mean never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

/// One endpoint's state.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Requests that it has at the moment. Not counted for an only endpoint, which nobody has to choose.
    load: AtomicUsize,
    /// Failures since the last success.
    failures: AtomicU32,
    /// Until when it is left alone. 0 while it is not ejected; only a success ends an ejection.
    out_until: AtomicU64,
    /// When a request may next find out whether it is back.
    next_trial: AtomicU64,
    /// How often it has been ejected without a long rest between.
    ejections: AtomicU32,
    /// When it last came back; 0 if it was never away.
    back_at: AtomicU64,
    /// Whether the health check has found it dead.
    dead: AtomicBool,
}

/// What a report has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It is left alone from now on.
    Out,
    /// It is used again.
    Back,
}

/// Whether there are other endpoints to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Usable,
    None,
}

impl Standing {
    /// Whether requests may be sent there without further thought.
    pub(super) fn is_usable(&self) -> bool {
        self.out_until.load(Relaxed) == 0 && !self.dead.load(Relaxed)
    }

    /// Whether a success would be news.
    pub(super) fn has_failed(&self) -> bool {
        self.failures.load(Relaxed) != 0 || self.out_until.load(Relaxed) != 0
    }

    /// Whether this request, and no other, is to find out whether the endpoint is back.
    pub(super) fn claim_trial(&self, now: Moment, others: Others, ejection: &Ejection) -> bool {
        let until = self.out_until.load(Acquire);
        if until == 0 || self.dead.load(Relaxed) {
            return false;
        }
        let due = self.next_trial.load(Relaxed);
        if now.0 < due || (others == Others::Usable && now.0 < until) {
            return false;
        }
        let next = now.0.saturating_add(trial_interval(ejection));
        let claimed = self.next_trial.compare_exchange(due, next, AcqRel, Relaxed);
        claimed.is_ok()
    }

    /// A response has come.
    pub(super) fn succeeded(&self, now: Moment) -> Change {
        self.failures.store(0, Relaxed);
        if self.out_until.swap(0, AcqRel) == 0 {
            return Change::None;
        }
        self.back_at.store(now.0, Relaxed);
        if self.dead.load(Relaxed) {
            Change::None
        } else {
            Change::Back
        }
    }

    /// Counts a failure and says whether there have been enough of them.
    pub(super) fn count_failure(&self, ejection: &Ejection) -> bool {
        let before = self.failures.load(Relaxed);
        // Not exact when cores fail together, which changes nothing: what counts is that it grows.
        self.failures.store(before.saturating_add(1), Relaxed);
        ejection.failures > 0 && before.saturating_add(1) >= ejection.failures
    }

    /// Leaves the endpoint alone. A trial that fails makes it longer; a request that was under way before does not.
    pub(super) fn eject(&self, now: Moment, ejection: &Ejection) -> Change {
        let until = self.out_until.load(Acquire);
        if now.0 < until {
            return Change::None;
        }
        let period = milliseconds(ejection.period);
        let rested = now.0.saturating_sub(self.back_at.load(Relaxed));
        let recovered = until == 0 && rested > period.saturating_mul(LONGEST.into());
        let before = if recovered {
            0
        } else {
            self.ejections.load(Relaxed)
        };
        let times = before.saturating_add(1).min(LONGEST);
        let out_until = now.0.saturating_add(period.saturating_mul(times.into()));
        let changed = self
            .out_until
            .compare_exchange(until, out_until, AcqRel, Relaxed);
        if changed.is_err() {
            return Change::None;
        }
        self.ejections.store(times, Relaxed);
        let next_trial = now.0.saturating_add(trial_interval(ejection));
        self.next_trial.store(next_trial, Relaxed);
        if until == 0 && !self.dead.load(Relaxed) {
            Change::Out
        } else {
            Change::None
        }
    }

    /// The health check has found it dead.
    pub(super) fn found_dead(&self) -> Change {
        if self.dead.swap(true, AcqRel) {
            Change::None
        } else {
            Change::Out
        }
    }

    /// The health check has found it well. Where it had found it dead before, requests need not try it.
    pub(super) fn found_well(&self, now: Moment) -> Change {
        if !self.dead.load(Relaxed) {
            return Change::None;
        }
        self.failures.store(0, Relaxed);
        self.out_until.store(0, Relaxed);
        self.dead.store(false, Relaxed);
        self.back_at.store(now.0, Relaxed);
        Change::Back
    }

    /// How much of its share it gets, of [`FULL_WEIGHT`].
    pub(super) fn weight(&self, now: Moment, slow_start: Duration) -> u64 {
        let slow_start = milliseconds(slow_start);
        let back_at = self.back_at.load(Relaxed);
        if back_at == 0 || slow_start == 0 {
            return FULL_WEIGHT;
        }
        let since = now.0.saturating_sub(back_at);
        let grown = since.saturating_mul(FULL_WEIGHT) / slow_start;
        grown.clamp(LEAST_WEIGHT, FULL_WEIGHT)
    }

    pub(super) fn load(&self) -> usize {
        self.load.load(Relaxed)
    }

    pub(super) fn add_load(&self) {
        self.load.fetch_add(1, Relaxed);
    }

    pub(super) fn remove_load(&self) {
        self.load.fetch_sub(1, Relaxed);
    }
}

fn trial_interval(ejection: &Ejection) -> u64 {
    milliseconds(ejection.period.min(TRIAL_INTERVAL))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
