//! Failures in sidegate's own tables: the arithmetic of `backoff`, while nobody else can change the counts.
//!
//! The clock is the gateway's own. Gateways whose clocks differ disagree by as much about waits; one that is far ahead
//! keeps nobody out for longer than the longest wait.

use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};

use super::{
    super::{
        Counter,
        backoff::{Backoff, Failures, Milliseconds},
    },
    Counted, Database,
};
use crate::{
    state::{Decide, Error, FailedLogins},
    valkey::Unavailable,
};

/// How long a login waits for the database: less than for what it cannot do without.
const DEADLINE: Duration = Duration::from_millis(500);

pub(super) async fn attempt(
    database: &Database,
    of: &[(Counter, &Backoff)],
    now: Milliseconds,
) -> Result<Counted, Unavailable> {
    let backoffs: Vec<Backoff> = of.iter().map(|(_, backoff)| **backoff).collect();
    let law = backoffs.clone();
    let decide = move |known: &[FailedLogins]| {
        let next = known.iter().zip(&law).map(|(known, backoff)| {
            let next = backoff.attempt(failures(*known), now).ok()?;
            Some(stored(next, backoff.forgotten_at(next)))
        });
        next.collect()
    };
    let counters = of.iter().map(|(counter, _)| *counter);
    let known = change(database, counters, Box::new(decide)).await?;
    let mut waits = known.iter().zip(&backoffs).map(|(known, backoff)| {
        let attempt = backoff.attempt(failures(*known), now);
        attempt.err()
    });
    let waits = waits
        .by_ref()
        .enumerate()
        .find_map(|(place, wait)| Some((place, wait?)));
    Ok(waits.map_or(Counted::At(now), |(place, wait)| {
        Counted::Waits(place, wait)
    }))
}

pub(super) async fn withdraw(
    database: &Database,
    counters: &[Counter],
    began: Milliseconds,
) -> Result<(), Unavailable> {
    let decide = move |known: &[FailedLogins]| {
        let withdrawn = known.iter().map(|known| {
            let next = Backoff::withdraw(failures(*known), began);
            FailedLogins {
                forgotten_at: known.forgotten_at,
                ..stored(next, 0)
            }
        });
        Some(withdrawn.collect())
    };
    let counters = counters.iter().copied();
    change(database, counters, Box::new(decide)).await.map(drop)
}

pub(super) async fn clear(database: &Database, counters: &[Counter]) -> Result<(), Unavailable> {
    let decide = |known: &[FailedLogins]| Some(vec![FailedLogins::default(); known.len()]);
    let counters = counters.iter().copied();
    change(database, counters, Box::new(decide)).await.map(drop)
}

/// A database that has failed is left alone for a moment: it costs no login more than the first one.
async fn change(
    database: &Database,
    counters: impl Iterator<Item = Counter>,
    decide: Decide,
) -> Result<Vec<FailedLogins>, Unavailable> {
    let Database {
        state,
        breaker,
        clock,
    } = database;
    if !breaker.admits(clock.instant()) {
        return Err(Unavailable);
    }
    let counters = counters.map(|Counter(id)| id).collect();
    let counted = timeout(DEADLINE, state.count_failed_logins(counters, decide)).await;
    let limit = DEADLINE;
    match counted.unwrap_or(Err(Error::Deadline { limit })) {
        Ok(known) => {
            if breaker.succeeded() {
                info!("failed logins are counted by all gateways together again");
            }
            Ok(known)
        }
        Err(error) => {
            if breaker.failed(clock.instant()) {
                warn!(%error, "failed logins cannot be counted by all gateways: this process counts alone");
            }
            Err(Unavailable)
        }
    }
}

fn failures(known: FailedLogins) -> Failures {
    Failures {
        count: known.count,
        last: known.last,
        before: known.before,
    }
}

fn stored(next: Failures, forgotten_at: Milliseconds) -> FailedLogins {
    FailedLogins {
        count: next.count,
        last: next.last,
        before: next.before,
        forgotten_at: forgotten_at.div_ceil(1000),
    }
}
