//! What holds while the server is away, slow or gone.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::bench::{Bench, ids, settings, written_out};
use super::gate::Gate;
use crate::store::settings::{PoolSettings, Settings};
use crate::store::{Cause, Error, Store};

const SOON: Duration = Duration::from_millis(400);

fn one_connection(url: &str) -> Settings {
    Settings {
        pool: PoolSettings { min: 0, max: 1 },
        ..settings(url)
    }
}

fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. })
}

pub(super) async fn a_server_that_comes_late_is_found(bench: &Bench) {
    bench.two_members().await;
    let mut gate = Gate::closed(bench).await;
    let url = gate.url(bench);
    let store = Store::open(&settings(&url)).expect("no connection is made");
    for _ in 0..3 {
        let error = store.member_by_id("1").await.expect_err("nobody listens");
        assert!(is_unavailable(&error), "{error:?}");
        assert!(is_unavailable(
            &store.inspect().await.expect_err("nobody listens")
        ));
        let password = bench.opts().pass().unwrap_or("no password").to_owned();
        assert!(!written_out(&error).contains(&password));
    }
    gate.open().await;
    assert!(
        store
            .member_by_id("1")
            .await
            .expect("the server is there")
            .is_some()
    );
}

pub(super) async fn a_restart_is_survived(bench: &Bench) {
    bench.two_members().await;
    let mut gate = Gate::opened(bench).await;
    let store = Store::open(&settings(&gate.url(bench))).expect("good settings");
    for _ in 0..3 {
        let look_ups = (0..8).map(|_| ids(&store, "alice@example.com"));
        futures_util::future::join_all(look_ups).await;
        gate.close().await;
        assert!(is_unavailable(
            &store.member_by_id("1").await.expect_err("it is down")
        ));
        gate.open().await;
        assert!(store.member_by_id("1").await.expect("it is up").is_some());
    }
    store.close().await;
}

pub(super) async fn a_black_hole_is_bounded(_: &Bench) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut settings = one_connection(&format!("mysql://a:b@127.0.0.1:{port}/x"));
    settings.connect_timeout = SOON;
    let store = Store::open(&settings).expect("good settings");
    for _ in 0..2 {
        let start = Instant::now();
        let error = store.member_by_id("1").await.expect_err("nobody answers");
        let timed_out = Error::Unavailable {
            cause: Cause::ConnectTimeout(SOON),
        };
        assert_eq!(written_out(&error), written_out(&timed_out));
        assert!(start.elapsed() < 4 * SOON);
    }
    settings.deadline = SOON / 2;
    let store = Store::open(&settings).expect("good settings");
    let error = store.inspect().await.expect_err("nobody answers");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    store.close().await;
}

pub(super) async fn a_frozen_connection_is_replaced(bench: &Bench) {
    bench.two_members().await;
    let gate = Gate::opened(bench).await;
    let mut settings = one_connection(&gate.url(bench));
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    gate.freeze(true);
    for _ in 0..2 {
        let error = store.member_by_id("1").await.expect_err("frozen");
        assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    }
    gate.freeze(false);
    assert_eq!(
        ids(&store, "alice@example.com").await,
        ["1"],
        "the only place is free again"
    );
}

pub(super) async fn killed_connections_are_replaced(bench: &Bench) {
    bench.two_members().await;
    let store = Store::open(&one_connection(&bench.url())).expect("good settings");
    for _ in 0..5 {
        assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
        kill(&mut bench.admin().await, bench).await;
    }
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}

/// Kills the one connection of a store.
async fn kill(admin: &mut Conn, bench: &Bench) {
    let sql = "SELECT id FROM information_schema.processlist WHERE db = ?";
    let victims: Vec<u64> = admin.exec(sql, (bench.database(),)).await.expect("a list");
    let [victim] = victims.as_slice() else {
        panic!("one connection, not {victims:?}")
    };
    admin
        .query_drop(format!("KILL {victim}"))
        .await
        .expect("to kill it");
}

pub(super) async fn a_look_up_whose_connection_dies_is_repeated(bench: &Bench) {
    bench.two_members().await;
    let store = Store::open(&one_connection(&bench.url())).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    let mut admin = bench.admin().await;
    let lock = format!("LOCK TABLES {}.user WRITE", bench.database());
    admin.query_drop(lock).await.expect("a lock");
    let killing = async {
        let waits = "SELECT COUNT(*) FROM information_schema.processlist \
                     WHERE db = ? AND command = 'Execute'";
        while admin
            .exec_first(waits, (bench.database(),))
            .await
            .expect("a count")
            == Some(0)
        {}
        kill(&mut admin, bench).await;
        admin.query_drop("UNLOCK TABLES").await.expect("no lock");
    };
    let (found, ()) = tokio::join!(ids(&store, "alice@example.com"), killing);
    assert_eq!(found, ["1"]);
}

pub(super) async fn a_locked_table_meets_the_deadline(bench: &Bench) {
    bench.two_members().await;
    let mut settings = one_connection(&bench.url());
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    let mut admin = bench.admin().await;
    let lock = format!("LOCK TABLES {}.user WRITE", bench.database());
    admin.query_drop(lock).await.expect("a lock");
    let error = store.member_by_id("1").await.expect_err("locked");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    admin.query_drop("UNLOCK TABLES").await.expect("no lock");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}

pub(super) async fn a_full_pool_meets_the_deadline(bench: &Bench) {
    bench.two_members().await;
    let mut settings = one_connection(&bench.url());
    settings.connect_timeout = SOON / 4;
    settings.deadline = 2 * SOON;
    let store = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    let mut admin = bench.admin().await;
    let lock = format!("LOCK TABLES {}.user WRITE", bench.database());
    admin.query_drop(lock).await.expect("a lock");
    let blocked = futures_util::future::join_all((0..6).map(|_| store.member_by_id("1")));
    let answers = timeout(4 * SOON, blocked)
        .await
        .expect("everybody is answered in time");
    for answer in answers {
        assert!(matches!(answer, Err(Error::Deadline { .. })), "{answer:?}");
    }
    admin.query_drop("UNLOCK TABLES").await.expect("no lock");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}
