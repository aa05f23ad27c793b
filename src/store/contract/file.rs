//! What only a file has.

use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, timeout};

use super::bench::{Bench, ids, settings, written_out};
use crate::store::{Cause, Error, Store};

const SOON: Duration = Duration::from_millis(300);

fn file(bench: &Bench) -> String {
    bench.url().trim_start_matches("sqlite:").to_owned()
}

/// A table whose every look-up would take for ever.
async fn endless(bench: &Bench) {
    bench
        .run(&[
            "CREATE VIEW user AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) \
             SELECT id, CAST(-id AS TEXT) AS email, 'x' AS hashed_password FROM n",
        ])
        .await;
}

pub(super) async fn a_missing_file_is_named_and_not_made(bench: &Bench) {
    let store = bench.store();
    let path = file(bench);
    let error = store.inspect().await.expect_err("no file");
    assert!(
        matches!(
            error,
            Error::Unavailable {
                cause: Cause::File { .. }
            }
        ),
        "{error:?}"
    );
    assert!(written_out(&error).contains(&path));
    assert!(!std::path::Path::new(&path).exists());
    bench.two_members().await;
    assert_eq!(
        ids(&store, "alice@example.com").await,
        ["1"],
        "found as soon as it is there"
    );
}

pub(super) async fn an_endless_query_is_interrupted(bench: &Bench) {
    endless(bench).await;
    let mut settings = bench.settings();
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    for _ in 0..3 {
        let start = Instant::now();
        let error = store.members_by_login("y").await.expect_err("endless");
        assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
        assert!(start.elapsed() < 4 * SOON);
    }
    timeout(4 * SOON, store.close())
        .await
        .expect("the thread is free");
}

pub(super) async fn an_abandoned_query_is_interrupted(bench: &Bench) {
    endless(bench).await;
    let store = bench.store();
    timeout(SOON, store.members_by_login("y"))
        .await
        .expect_err("endless");
    let start = Instant::now();
    store
        .inspect()
        .await
        .expect("the thread is free long before the deadline");
    assert!(start.elapsed() < 4 * SOON);
}

pub(super) async fn a_locked_file_meets_the_deadline(bench: &Bench) {
    bench.two_members().await;
    let mut settings = bench.settings();
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    let writer = Connection::open(file(bench)).expect("a writer");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let error = store.member_by_id("1").await.expect_err("locked");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    writer.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}

pub(super) async fn a_file_that_is_no_database_is_unavailable(bench: &Bench) {
    std::fs::write(
        file(bench),
        "not a database, but long enough to look like one".repeat(40),
    )
    .expect("a file");
    let store = bench.store();
    for error in [
        store.inspect().await.expect_err("no database"),
        store.members_by_login("x").await.expect_err("no database"),
    ] {
        assert!(
            matches!(
                error,
                Error::Unavailable {
                    cause: Cause::File { .. }
                }
            ),
            "{error:?}"
        );
    }
}

pub(super) async fn nothing_can_be_written(bench: &Bench) {
    bench.two_members().await;
    let before = std::fs::read(file(bench)).expect("a file");
    let store = bench.store();
    store.inspect().await.expect("everything is there");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    store.close().await;
    assert_eq!(std::fs::read(file(bench)).expect("a file"), before);
}

pub(super) async fn shared_memory_is_read(_: &Bench) {
    let uri = "file:shared_memory_is_read?mode=memory&cache=shared";
    let owner = Connection::open(uri).expect("a database in memory");
    owner
        .execute_batch(
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT);
             INSERT INTO user VALUES (1, 'a', 'x')",
        )
        .expect("a table");
    let store = Store::open(&settings(&format!("sqlite:{uri}"))).expect("good settings");
    assert_eq!(ids(&store, "a").await, ["1"]);
    owner
        .execute_batch("INSERT INTO user VALUES (2, 'a', 'x')")
        .expect("the owner may write");
    assert_eq!(ids(&store, "a").await, ["1", "2"]);
    let empty = Store::open(&settings("sqlite::memory:")).expect("good settings");
    let error = empty.inspect().await.expect_err("an empty database");
    assert!(matches!(error, Error::UnknownTable { .. }), "{error:?}");
}

pub(super) async fn numbers_in_text_columns_keep_their_spelling(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id, email NUMERIC, hashed_password TEXT)",
            "INSERT INTO user VALUES ('a', 42, 'x'), ('b', '42abc', 'x'), ('c', 1.5, 'x')",
        ])
        .await;
    let store = bench.store();
    assert_eq!(ids(&store, "42").await, ["a"]);
    assert_eq!(ids(&store, "42abc").await, ["b"]);
    assert_eq!(ids(&store, "1.5").await, ["c"]);
    assert!(ids(&store, "042").await.is_empty());
    assert!(ids(&store, "1.50").await.is_empty());
}

pub(super) async fn closing_ends_the_thread(bench: &Bench) {
    bench.two_members().await;
    let store = bench.store();
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    timeout(SOON, store.close())
        .await
        .expect("an idle thread ends at once");
}
