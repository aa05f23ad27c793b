//! What is counted outside the pipeline, and read when somebody asks.

use std::sync::Arc;

use super::{key_feeds, posting};
use crate::{
    attempts::{Attempts, Shared},
    clock::Clock,
    listener::Workers,
    membership::Membership,
    pipeline::{Live, Snapshots},
    ratelimit::RateLimit,
    telemetry::counters::{Kind, Sample},
    upstream::{Event, Group},
    valkey::Breaker,
};

/// Adds it to the counters of the snapshot, which all that follow share.
pub(super) fn register(live: &Live, workers: &Arc<Workers>, snapshots: &Arc<Snapshots>) {
    count_connections(live, workers);
    count_limits(live, snapshots);
    count_upstreams(live, snapshots);
    key_feeds::count(live, snapshots);
    count_rows(live, snapshots);
    count_logins(live, snapshots);
    posting::count(live, snapshots);
}

fn read_of_attempts<F: Fn(&Attempts) -> Vec<Sample>>(
    snapshots: &Arc<Snapshots>,
    samples: F,
) -> impl Fn() -> Vec<Sample> + use<F> {
    // Weakly: the counters are a part of each snapshot.
    let snapshots = Arc::downgrade(snapshots);
    move || {
        let current = snapshots.upgrade().map(|snapshots| snapshots.current());
        let accounts = current.as_ref().and_then(|live| live.accounts.as_deref());
        let attempts = accounts.and_then(|accounts| accounts.attempts.as_deref());
        attempts.map(&samples).unwrap_or_default()
    }
}

/// The failed logins of whichever snapshot is in effect.
fn count_logins(live: &Live, snapshots: &Arc<Snapshots>) {
    let read = |samples: fn(&Attempts) -> Vec<Sample>| read_of_attempts(snapshots, samples);
    let help = "Logins that failed, or had to wait after failures";
    let ended = read(|attempts| {
        let counts = attempts.counts().into_iter();
        let sample = |(outcome, value): (&str, u64)| Sample {
            labels: vec![("outcome", outcome.to_owned())],
            value,
        };
        counts.map(sample).collect()
    });
    live.counters
        .read("login_attempts", help, Kind::Counter, ended);
    let help = "Accounts, devices and addresses with failed logins in the memory of this process";
    let keys = read(|attempts| {
        vec![Sample {
            labels: Vec::new(),
            value: attempts.keys() as u64,
        }]
    });
    live.counters
        .read("login_attempt_keys", help, Kind::Gauge, keys);
    let shared = |value: fn(&Breaker) -> u64| read_of_places(snapshots, value);
    let help = "Failures of the place where gateways count together";
    let failures = shared(Breaker::failures);
    live.counters
        .read("shared_counters_failures", help, Kind::Counter, failures);
    let help = "Whether the place where gateways count together answered when it was last asked";
    let answers = shared(|breaker| u64::from(!breaker.is_failing()));
    live.counters
        .read("shared_counters_up", help, Kind::Gauge, answers);
}

/// Each place where gateways of whichever snapshot is in effect count together.
fn read_of_places(
    snapshots: &Arc<Snapshots>,
    value: fn(&Breaker) -> u64,
) -> impl Fn() -> Vec<Sample> + use<> {
    let snapshots = Arc::downgrade(snapshots);
    let sample = move |place: &str, breaker: &Breaker| Sample {
        labels: vec![("place", place.to_owned())],
        value: value(breaker),
    };
    move || {
        let Some(live) = snapshots.upgrade().map(|snapshots| snapshots.current()) else {
            return Vec::new();
        };
        let accounts = live.accounts.as_deref();
        let attempts = accounts.and_then(|accounts| accounts.attempts.as_deref());
        let shared = attempts.and_then(Attempts::shared);
        let of_attempts = shared.map(|shared| sample(shared.name(), shared.breaker()));
        let mut limits = live.rate_limits.iter().filter_map(|limit| limit.server());
        let of_limits = limits
            .next()
            .map(|server| sample("redis", server.breaker()));
        let counted = shared.is_some_and(|shared| matches!(shared, Shared::Valkey(_)));
        of_attempts
            .into_iter()
            .chain(of_limits.filter(|_| !counted))
            .collect()
    }
}

/// The rows that rules of whichever snapshot is in effect have asked for.
fn count_rows(live: &Live, snapshots: &Arc<Snapshots>) {
    let read = |samples: fn(&Membership) -> Vec<Sample>| {
        // Weakly: the counters are a part of each snapshot.
        let snapshots = Arc::downgrade(snapshots);
        move || {
            let current = snapshots.upgrade().map(|snapshots| snapshots.current());
            let membership = current.as_ref().and_then(|live| live.membership.as_deref());
            membership.map(samples).unwrap_or_default()
        }
    };
    let help = "Rows of users that rules have asked for, by outcome";
    let asked = read(|membership| {
        let counts = membership.tally().counts().into_iter();
        let sample = |(outcome, value): (&str, u64)| Sample {
            labels: vec![("outcome", outcome.to_owned())],
            value,
        };
        counts.map(sample).collect()
    });
    live.counters.read("user_rows", help, Kind::Counter, asked);
    let help = "Rows of users that are in memory now";
    let kept = read(|membership| {
        vec![Sample {
            labels: Vec::new(),
            value: membership.size(),
        }]
    });
    live.counters
        .read("user_rows_in_memory", help, Kind::Gauge, kept);
}

fn count_connections(live: &Live, workers: &Workers) {
    let open = workers.open_connections();
    let help = "Open connections of clients";
    let read = move || {
        vec![Sample {
            labels: Vec::new(),
            value: open(),
        }]
    };
    live.counters.read("connections", help, Kind::Gauge, read);
}

/// The limits of whichever snapshot is in effect when somebody asks.
fn count_limits(live: &Live, snapshots: &Arc<Snapshots>) {
    let read = |value: fn(&RateLimit) -> u64| {
        // Weakly: the counters are a part of each snapshot.
        let snapshots = Arc::downgrade(snapshots);
        move || {
            let current = snapshots.upgrade().map(|snapshots| snapshots.current());
            let limits = current.iter().flat_map(|live| &live.rate_limits);
            let sample = |limit: &Arc<RateLimit>| Sample {
                labels: vec![("limit", limit.name().to_owned())],
                value: value(limit),
            };
            limits.map(sample).collect()
        }
    };
    let help = "Requests that a limit of the rate refused";
    let refused = read(RateLimit::refused);
    live.counters
        .read("rate_limited", help, Kind::Counter, refused);
    let help =
        "Requests that a limit counted in this process alone although all gateways should have";
    let alone = read(RateLimit::counted_alone);
    live.counters
        .read("rate_limits_counted_alone", help, Kind::Counter, alone);
    let help = "Clients, subjects or accounts that have used something of a limit";
    let keys = read(|limit| limit.keys(Clock.instant()) as u64);
    live.counters
        .read("rate_limit_keys", help, Kind::Gauge, keys);
}

/// What has happened to the upstreams of whichever snapshot is in effect when somebody asks.
fn count_upstreams(live: &Live, snapshots: &Arc<Snapshots>) {
    for (name, help, event) in [
        (
            "upstream_retries",
            "Requests that were sent again after they were lost",
            Event::Repeated,
        ),
        (
            "upstream_broken_answers",
            "Answers that an upstream broke off",
            Event::BrokeOff,
        ),
        (
            "upstream_ejections",
            "Endpoints that were left alone after failures",
            Event::Ejected,
        ),
    ] {
        // Weakly: the counters are a part of each snapshot.
        let snapshots = Arc::downgrade(snapshots);
        let read = move || {
            let current = snapshots.upgrade().map(|snapshots| snapshots.current());
            let groups = current.iter().flat_map(|live| &live.upstreams);
            let sample = |group: &Arc<Group>| Sample {
                labels: vec![("upstream", group.settings().name.clone())],
                value: group.tally().count(event),
            };
            groups.map(sample).collect()
        };
        live.counters.read(name, help, Kind::Counter, read);
    }
}
