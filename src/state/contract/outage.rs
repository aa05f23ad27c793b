//! What holds while the database is away, slow or gone.

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use mysql_async::prelude::Queryable as _;
use tokio::time::Instant;

use super::bench::{NOW, UP, bare, migrated, settings};
use crate::{
    state::{Change, Error, State},
    store::{
        PoolSettings,
        contract::{
            bench::{Bench, written_out_of},
            gate::Gate,
        },
    },
};

const SOON: Duration = Duration::from_millis(400);

fn change(member: &str) -> Change {
    let member = member.to_owned();
    Change::Deleted { member }
}

fn is_unavailable<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Unavailable { .. }))
}

pub(super) async fn a_restart_is_survived(bench: &Bench) {
    migrated(bench).await;
    let mut gate = Gate::opened(bench).await;
    let state = State::open(&settings(&gate.url(bench))).expect("good settings");
    for round in 0..3 {
        let member = round.to_string();
        assert!(state.stamp(change(&member), NOW).await.expect("it is up"));
        assert!(state.tally().is_up());
        gate.close().await;
        let lost = state.stamp(change("lost"), NOW).await;
        assert!(is_unavailable(&lost), "{lost:?}");
        assert!(!state.tally().is_up());
        let password = bench.opts().pass().unwrap_or("no password").to_owned();
        let error = lost.expect_err("it is down");
        assert!(!written_out_of(&error).contains(&password));
        gate.open().await;
        assert!(
            !state.stamp(change(&member), NOW).await.expect("it is up"),
            "it was kept"
        );
    }
    state.close().await;
}

pub(super) async fn a_locked_row_meets_the_deadline(bench: &Bench) {
    let state = migrated(bench).await;
    state.stamp(change("1"), NOW).await.expect("a row");
    let mut settings = settings(&bench.url());
    settings.deadline = SOON;
    let slow = State::open(&settings).expect("good settings");
    let mut admin = bench.admin().await;
    let database = bench.database();
    for sql in [
        "BEGIN".to_owned(),
        format!("SELECT * FROM {database}.sidegate_stamps FOR UPDATE"),
    ] {
        admin.query_drop(sql).await.expect("a lock");
    }
    let start = Instant::now();
    let at = NOW;
    let member = "1".to_owned();
    let error = slow.stamp(Change::NotBefore { member, at }, NOW).await;
    assert!(
        matches!(
            error,
            Err(Error::Deadline { .. } | Error::Unavailable { .. })
        ),
        "{error:?}"
    );
    assert!(start.elapsed() < 4 * SOON);
    admin.query_drop("ROLLBACK").await.expect("no lock");
    let member = "1".to_owned();
    let done = slow.stamp(Change::NotBefore { member, at }, NOW).await;
    assert!(
        done.expect("the lock is gone"),
        "nothing of the first attempt has happened"
    );
}

pub(super) async fn a_deadlock_is_done_again(bench: &Bench) {
    let states = [migrated(bench).await, bare(bench)];
    let both = |round: u64| {
        // In opposite orders, which `record` sorts; the rows of the log are a second lock.
        let one = vec![change(&format!("{round}a")), change(&format!("{round}b"))];
        let other = vec![change(&format!("{round}b")), change(&format!("{round}a"))];
        futures_util::future::join(states[0].record(one, NOW), states[1].record(other, NOW))
    };
    for round in 0..30 {
        let (one, other) = both(round).await;
        let (one, other) = (one.expect("to record"), other.expect("to record"));
        assert_eq!(one + other, 2, "each once");
    }
}

pub(super) async fn a_killed_connection_loses_nothing(bench: &Bench) {
    let mut settings = settings(&bench.url());
    settings.pool = PoolSettings { min: 0, max: 1 };
    let state = State::open(&settings).expect("good settings");
    state.migrate(UP, NOW).await.expect("to migrate");
    let mut admin = bench.admin().await;
    for round in 0..5 {
        assert!(
            state
                .stamp(change(&round.to_string()), NOW)
                .await
                .expect("to stamp")
        );
        let sql = "SELECT id FROM information_schema.processlist WHERE db = ?";
        let victims: Vec<u64> = admin.exec(sql, (bench.database(),)).await.expect("a list");
        for victim in victims {
            admin
                .query_drop(format!("KILL {victim}"))
                .await
                .expect("to kill it");
        }
    }
    assert_eq!(state.stamps_load().await.expect("to load").0.len(), 5);
}

pub(super) async fn an_account_that_may_only_read_is_told(bench: &Bench) {
    migrated(bench).await;
    let name = bench.database();
    let mut admin = bench.admin().await;
    for sql in [
        format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'a'"),
        format!("GRANT SELECT ON {name}.* TO '{name}'@'%'"),
    ] {
        admin.query_drop(sql).await.expect("an account");
    }
    let url = bench.url_of(&format!("{name}:a"), None);
    let state = State::open(&settings(&url)).expect("good settings");
    state.inspect().await.expect("it may read");
    let error = state.stamp(change("1"), NOW).await;
    assert!(
        matches!(error, Err(Error::Refused { code: 1142 })),
        "{error:?}"
    );
}

pub(super) async fn a_frozen_server_meets_the_deadline(bench: &Bench) {
    migrated(bench).await;
    let gate = Gate::opened(bench).await;
    let mut settings = settings(&gate.url(bench));
    settings.deadline = SOON;
    let state = State::open(&settings).expect("good settings");
    state.stamp(change("1"), NOW).await.expect("it is up");
    gate.freeze(true);
    let start = Instant::now();
    let error = state.stamp(change("2"), NOW).await;
    assert!(
        matches!(error, Err(Error::Deadline { limit: SOON })),
        "{error:?}"
    );
    assert!(start.elapsed() < 4 * SOON);
    gate.freeze(false);
    state.stamp(change("3"), NOW).await.expect("it is up again");
}

pub(super) async fn a_file_is_for_its_own_user(bench: &Bench) {
    migrated(bench).await;
    let url = bench.url();
    let path = url.strip_prefix("sqlite:").expect("a file");
    let mode = std::fs::metadata(path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

pub(super) async fn a_locked_file_meets_the_deadline(bench: &Bench) {
    migrated(bench).await;
    let mut settings = settings(&bench.url());
    settings.deadline = SOON;
    let state = State::open(&settings).expect("good settings");
    let url = bench.url();
    let path = url.strip_prefix("sqlite:").expect("a file");
    let other = rusqlite::Connection::open(path).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let error = state.stamp(change("1"), NOW).await;
    assert!(matches!(error, Err(Error::Deadline { .. })), "{error:?}");
    state.stamps_load().await.expect("readers do not wait");
    other.execute_batch("ROLLBACK").expect("no lock");
    assert!(
        state
            .stamp(change("1"), NOW)
            .await
            .expect("the lock is gone")
    );
}

pub(super) async fn a_folder_that_comes_late_is_found(bench: &Bench) {
    let url = bench.url();
    let path = url
        .strip_prefix("sqlite:")
        .expect("a file")
        .replace("users.db", "later");
    let state = State::open(&settings(&format!("sqlite:{path}/state.db"))).expect("good settings");
    let outcome = state.inspect().await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
    std::fs::create_dir(&path).expect("a folder");
    state.migrate(UP, NOW).await.expect("to migrate");
    state.inspect().await.expect("all is there");
}

pub(super) async fn what_is_in_memory_stays_there(_: &Bench) {
    let state = State::open(&settings("sqlite::memory:")).expect("good settings");
    state.migrate(UP, NOW).await.expect("to migrate");
    assert!(state.stamp(change("1"), NOW).await.expect("to stamp"));
    assert!(!state.stamp(change("1"), NOW).await.expect("to stamp"));
    state.close().await;
}
