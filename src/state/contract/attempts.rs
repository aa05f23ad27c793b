//! What counts of failed logins promise.

use std::sync::Arc;

use super::bench::{NOW, migrated};
use crate::{
    clock::UnixSeconds,
    state::{CounterId, FailedLogins, Purge, State},
    store::contract::bench::Bench,
};

fn id(byte: u8) -> CounterId {
    [byte; 16]
}

async fn read(state: &State, ids: &[CounterId]) -> Vec<FailedLogins> {
    let read = state.count_failed_logins(ids.to_vec(), Box::new(|_| None));
    read.await.expect("to count")
}

/// One more for each.
async fn add(state: &State, ids: &[CounterId]) {
    let more = |known: &[FailedLogins]| {
        let more = known.iter().map(|known| FailedLogins {
            count: known.count + 1,
            last: u64::from(known.count) + 1_800_000_000_123,
            before: known.last,
            forgotten_at: NOW.0 + 10,
        });
        Some(more.collect())
    };
    let added = state.count_failed_logins(ids.to_vec(), Box::new(more));
    added.await.expect("to count");
}

pub(super) async fn counts_are_kept_as_they_were_decided(bench: &Bench) {
    let state = migrated(bench).await;
    assert_eq!(read(&state, &[id(1)]).await, [FailedLogins::default()]);
    add(&state, &[id(2), id(1)]).await;
    add(&state, &[id(1), id(3)]).await;
    let [one, two, three]: [FailedLogins; 3] = read(&state, &[id(1), id(2), id(3)])
        .await
        .try_into()
        .expect("three");
    assert_eq!((one.count, two.count, three.count), (2, 1, 1));
    assert_eq!(
        (one.last, one.before),
        (1_800_000_000_124, 1_800_000_000_123)
    );
    // What is read in another order comes in that order.
    let counts: Vec<u32> = read(&state, &[id(3), id(1)])
        .await
        .iter()
        .map(|failed| failed.count)
        .collect();
    assert_eq!(counts, [1, 2]);
}

pub(super) async fn counts_of_many_at_once_are_all_counted(bench: &Bench) {
    let state = Arc::new(migrated(bench).await);
    // The same ones in another order: neither waits for the other.
    let adding = (0..40).map(|number| {
        let ids = if number % 2 == 0 {
            [id(1), id(2), id(3)]
        } else {
            [id(3), id(2), id(1)]
        };
        let state = Arc::clone(&state);
        async move { add(&state, &ids).await }
    });
    futures_util::future::join_all(adding).await;
    let counts: Vec<u32> = read(&state, &[id(1), id(2), id(3)])
        .await
        .iter()
        .map(|failed| failed.count)
        .collect();
    assert_eq!(counts, [40, 40, 40]);
}

pub(super) async fn forgotten_counts_are_deleted(bench: &Bench) {
    let state = migrated(bench).await;
    add(&state, &[id(1)]).await;
    read(&state, &[id(2)]).await;
    let purge = |at| state.purge(Purge::FailedLogins, UnixSeconds(at));
    let gone = purge(NOW.0 + 10).await.expect("to forget");
    assert!(gone <= 1, "{gone}: only the one without failures");
    assert_eq!(read(&state, &[id(1)]).await[0].count, 1);
    assert!(purge(NOW.0 + 11).await.expect("to forget") >= 1);
    assert_eq!(read(&state, &[id(1)]).await[0].count, 0);
}
