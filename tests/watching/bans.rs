//! What the monolith writes, and whose requests are refused for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use sidegate::clock::Clock;

use super::monolith::{Monolith, issued_in, status, status_of};
use crate::harness::{
    After, Gateway, Request, Setup, Upstream, client::Connection, token, wait_until,
};

pub(super) const WATCH: &str = "{ secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\" }";

/// A bound that a loaded machine keeps, too; what is usual is measured by `benches/revocation`.
const BOUND: Duration = Duration::from_secs(5);

/// Starts it and waits until it follows.
pub(super) fn follow(setup: Setup) -> Gateway {
    let gateway = setup.start();
    fresh(&gateway);
    gateway
}

/// Waits until a route that waits for nothing but a fresh watch answers.
pub(super) fn fresh(gateway: &Gateway) {
    wait_until("the watch to be fresh", || {
        status(gateway, "/refuse/a", 9) == 200
    });
}

#[test]
fn a_ban_bites_while_that_users_requests_run_and_its_end_lets_them_through() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, WATCH));
    let stop = Arc::new(AtomicBool::new(false));
    let (admitted, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let slipped = Arc::new(AtomicUsize::new(0));
    let client = gateway.client();
    let banned = token::access("1");
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (stop, client, banned) = (Arc::clone(&stop), client, banned.clone());
            let (admitted, refused) = (Arc::clone(&admitted), Arc::clone(&refused));
            let slipped = Arc::clone(&slipped);
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    // Whoever asks after somebody was refused is refused, too.
                    let before = refused.load(Ordering::SeqCst);
                    match client.send(&Request::get("/a").token(&banned)).status {
                        200 if before > 0 => slipped.fetch_add(1, Ordering::SeqCst),
                        200 => admitted.fetch_add(1, Ordering::SeqCst),
                        401 => refused.fetch_add(1, Ordering::SeqCst),
                        other => panic!("{other}"),
                    };
                }
            })
        })
        .collect();
    wait_until("requests", || admitted.load(Ordering::SeqCst) > 20);
    let committed = Clock.instant();
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    wait_until("a refusal", || refused.load(Ordering::SeqCst) > 20);
    let took = committed.elapsed();
    stop.store(true, Ordering::SeqCst);
    for thread in load {
        thread.join().expect("a thread");
    }
    assert!(took < BOUND, "{took:?}");
    assert_eq!(slipped.load(Ordering::SeqCst), 0, "after the first refusal");
    let response = gateway.send(&Request::get("/a").token(&banned));
    assert_eq!(response.status, 401);
    let challenge = response.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("invalid_token"), "{challenge}");
    assert_eq!(status(&gateway, "/a", 2), 200, "nobody else");
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("to be let through", || status(&gateway, "/a", 1) == 200);
}

#[test]
fn a_changed_password_ends_the_tokens_from_before_and_no_later_ones() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, WATCH));
    let (old, new) = (issued_in(1, 0), issued_in(1, 100));
    assert_eq!(status_of(&gateway, "/a", &old), 200);
    monolith.sql("UPDATE user SET point = 7 WHERE id = 1");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    wait_until("the old token to end", || {
        status_of(&gateway, "/a", &old) == 401
    });
    assert_eq!(status_of(&gateway, "/a", &new), 200);
    assert_eq!(
        status_of(&gateway, "/a", &issued_in(2, 0)),
        200,
        "nobody else's"
    );
}

#[test]
fn what_a_session_says_about_the_time_does_not_save_a_token() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, WATCH));
    let old = issued_in(1, 0);
    monolith.sql("SET SESSION timestamp = 1000000000");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    wait_until("the old token to end", || {
        status_of(&gateway, "/a", &old) == 401
    });
}

#[test]
fn a_row_that_is_deleted_blocks_and_one_of_the_same_id_is_somebody_else() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, WATCH));
    let (old, new) = (issued_in(1, 0), issued_in(1, 100));
    monolith.sql("DELETE FROM user WHERE id = 1");
    wait_until("to be blocked", || status_of(&gateway, "/a", &new) == 401);
    monolith
        .sql("INSERT INTO user (id, email, hashed_password, is_active) VALUES (1, 'x', 'y', 1)");
    wait_until("to be let through", || {
        status_of(&gateway, "/a", &new) == 200
    });
    assert_eq!(status_of(&gateway, "/a", &old), 401);
    // In one transaction it is the same one all the time.
    let old = issued_in(2, 0);
    monolith.sql("BEGIN");
    monolith.sql("DELETE FROM user WHERE id = 2");
    monolith
        .sql("INSERT INTO user (id, email, hashed_password, is_active) VALUES (2, 'x', 'hash', 1)");
    monolith.sql("COMMIT");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 3");
    wait_until("what follows", || status(&gateway, "/a", 3) == 401);
    assert_eq!(status_of(&gateway, "/a", &old), 200);
}

#[test]
fn two_gateways_learn_of_one_ban() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let one = follow(monolith.setup(&upstream, WATCH));
    let other = one.follow();
    fresh(&other);
    let old = issued_in(2, 0);
    monolith.sql("UPDATE user SET is_active = 0 WHERE id = 1");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 2");
    for gateway in [&one, &other] {
        wait_until("the ban", || status(gateway, "/a", 1) == 401);
        wait_until("the end of sessions", || {
            status_of(gateway, "/a", &old) == 401
        });
    }
}

#[test]
fn other_tables_and_columns_block_by_their_own_words() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    monolith.sql(
        "CREATE TABLE sanction (user_id INT PRIMARY KEY, kind VARCHAR(20), lifted_at DATETIME)",
    );
    monolith.sql("INSERT INTO sanction VALUES (2, 'ban', NULL)");
    let watch = "{ database: \"${WATCH_URL}\", tables: [{ table: user, key: id, when: [{ states: withdrawn, effect: block }] }, \
                 { table: sanction, key: user_id, when: [{ column: lifted_at, becomes: null, effect: block }] }] }";
    let gateway = follow(monolith.setup(&upstream, watch).without("state"));
    assert_eq!(status(&gateway, "/a", 2), 401, "from before");
    monolith.sql("INSERT INTO sanction VALUES (1, 'ban', NULL)");
    wait_until("a sanction", || status(&gateway, "/a", 1) == 401);
    monolith.sql("UPDATE user SET is_active = 0 WHERE id = 1");
    monolith.sql("UPDATE sanction SET lifted_at = NOW()");
    wait_until("the other's end", || status(&gateway, "/a", 2) == 200);
    assert_eq!(status(&gateway, "/a", 1), 401, "the other table still does");
    monolith.sql("UPDATE user SET is_active = 1");
    wait_until("its end", || status(&gateway, "/a", 1) == 200);
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 4");
    monolith.sql("INSERT INTO sanction VALUES (5, 'ban', NULL)");
    wait_until("what follows", || status(&gateway, "/a", 5) == 401);
    assert_eq!(
        status(&gateway, "/a", 4),
        200,
        "nobody has asked for that state"
    );
}

#[test]
fn a_table_in_sqlite_is_looked_at_again_and_again() {
    let upstream = Upstream::start();
    let setup = Setup::before(&upstream)
        .section("state", "{ database: \"sqlite:state.db\" }")
        .section(
            "watch",
            "{ secret: \"${SECRET_KEY}\", poll: { every: 100ms } }",
        )
        .routes("- { match: \"/**\", access: required, on_stale: refuse }");
    let gateway = setup.start();
    wait_until("the watch to be fresh", || status(&gateway, "/a", 1) == 200);
    assert_eq!(status(&gateway, "/a", 2), 401, "banned from the beginning");
    let (old, new) = (issued_in(4, 0), issued_in(4, 100));
    let users = rusqlite::Connection::open(gateway.setup().users().path()).expect("the table");
    let run = |sql: &str| users.execute(sql, []).map(drop).expect(sql);
    run("UPDATE user SET is_restricted = 1 WHERE id = 1");
    wait_until("a ban", || status(&gateway, "/a", 1) == 401);
    run("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("its end", || status(&gateway, "/a", 1) == 200);
    run("UPDATE user SET hashed_password = 'another' WHERE id = 4");
    wait_until("the end of sessions", || {
        status_of(&gateway, "/a", &old) == 401
    });
    assert_eq!(status_of(&gateway, "/a", &new), 200);
    run("DELETE FROM user WHERE id = 4");
    wait_until("the deletion", || status_of(&gateway, "/a", &new) == 401);
}

#[test]
fn open_streams_that_were_ended_are_counted_by_the_reason() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/a" {
            wire.respond(200, &[], b"hello");
            return After::Keep;
        }
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        wire.send(b"9\r\ndata: 1\n\n\r\n");
        wire.hang()
    });
    let setup = Setup::before(&upstream)
        .section("state", "{ database: \"sqlite:state.db\" }")
        .section(
            "watch",
            "{ secret: \"${SECRET_KEY}\", poll: { every: 100ms } }",
        )
        .routes("- { match: \"/**\", access: required, on_stale: refuse }");
    let gateway = setup.start();
    wait_until("the watch to be fresh", || status(&gateway, "/a", 1) == 200);
    let counted = |reason: &str| {
        let line = format!("sidegate_streams_ended_total{{reason=\"{reason}\"}} 1");
        gateway.ask("/metrics").text().lines().any(|it| it == line)
    };
    let short = serde_json::json!({ "exp": token::now() + 2, "sub": "1" });
    let tokens = [
        token::signed(&short),
        token::access("1"),
        token::access("4"),
    ];
    let open: Vec<Connection> = tokens.map(|token| begin(&gateway, &token)).into();
    wait_until("the expiry", || counted("expired"));
    let users = rusqlite::Connection::open(gateway.setup().users().path()).expect("the table");
    let run = |sql: &str| users.execute(sql, []).map(drop).expect(sql);
    run("UPDATE user SET is_restricted = 1 WHERE id = 1");
    wait_until("the ban", || counted("blocked"));
    run("UPDATE user SET hashed_password = 'another' WHERE id = 4");
    wait_until("the end of sessions", || counted("sessions_ended"));
    assert!(!counted("deleted"));
    drop(open);
}

fn begin(gateway: &Gateway, token: &str) -> Connection {
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/events").token(token).bytes());
    assert_eq!(connection.head().status, 200);
    connection
}
