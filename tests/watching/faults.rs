//! What goes wrong between the gateway and the server: nothing is lost, and no good token is called a bad one.

use serde_json::json;

use super::{
    bans::{WATCH, follow, fresh},
    monolith::{Monolith, Server, USERS, issued_ago, issued_in, status, status_of},
    wire::Wire,
};
use crate::harness::{Gateway, Request, Upstream, wait_until};

/// With a look at everything so rarely that no test sees one.
const STREAM_ALONE: &str =
    "{ secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", reconcile: { every: 1d } }";

fn banned(gateway: &Gateway, user: u32) {
    wait_until("the ban", || status(gateway, "/a", user) == 401);
}

fn metric(gateway: &Gateway, line: &str) -> bool {
    gateway.ask("/metrics").text().lines().any(|it| it == line)
}

/// Cuts the wire; returns when the gateway has given up what came over it, and nothing on the way can make it fresh again.
fn cut_off(gateway: &Gateway, wire: &Wire) {
    wire.cut(true);
    wait_until("the stream to be given up", || {
        metric(gateway, "sidegate_watch_phase{phase=\"connecting\"} 1")
    });
    wait_until("the watch to be behind", || {
        status(gateway, "/refuse/a", 9) == 503
    });
}

#[test]
fn what_was_written_while_no_gateway_ran_is_known_to_the_next() {
    let server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let mut gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    let gone = issued_in(4, 100);
    monolith.sql("DELETE FROM user WHERE id = 8");
    wait_until("a deletion", || status(&gateway, "/a", 8) == 401);
    for purged in [false, true] {
        let (first, second, third) = if purged { (5, 6, 7) } else { (1, 2, 3) };
        let old = issued_in(second, 0);
        assert_eq!(status_of(&gateway, "/a", &old), 200);
        gateway.sigkill();
        monolith.sql(&format!(
            "UPDATE user SET is_restricted = 1 WHERE id = {first}"
        ));
        monolith.sql(&format!(
            "UPDATE user SET hashed_password = 'another' WHERE id = {second}"
        ));
        monolith.sql(&format!("DELETE FROM user WHERE id = {third}"));
        monolith.sql("DELETE FROM user WHERE id = 4");
        if purged {
            monolith.sql("FLUSH LOGS");
            monolith.sql("FLUSH LOGS");
            let newest = monolith.column("SHOW BINARY LOGS").pop().expect("a file");
            wait_until("to purge", || {
                monolith.sql(&format!("PURGE BINARY LOGS TO '{newest}'"));
                monolith.column("SHOW BINARY LOGS").len() == 1
            });
        }
        gateway = gateway.follow();
        fresh(&gateway);
        assert_eq!(status(&gateway, "/a", first), 401);
        wait_until("the end of sessions", || {
            status_of(&gateway, "/a", &old) == 401
        });
        assert_eq!(status_of(&gateway, "/a", &issued_in(second, 100)), 200);
        assert_eq!(status(&gateway, "/a", third), 401);
        assert_eq!(status_of(&gateway, "/a", &gone), 401);
        assert_eq!(status(&gateway, "/a", 8), 401, "known for longer");
    }
}

#[test]
fn sessions_that_began_after_a_change_that_nobody_saw_go_on() {
    // What others write just before would say that it was written just now.
    let server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let mut gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    let state = rusqlite::Connection::open(gateway.setup().folder().join("state.db"));
    let state = state.expect("the own tables");
    wait_until("a checkpoint", || {
        let count = state.query_row("SELECT COUNT(*) FROM sidegate_checkpoints", [], |row| {
            row.get::<_, i64>(0)
        });
        count.is_ok_and(|count| count > 0)
    });
    gateway.sigkill();
    monolith.sql("SET SESSION timestamp = UNIX_TIMESTAMP() - 1000");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    let gateway = gateway.follow();
    fresh(&gateway);
    let (before, since) = (issued_ago(1, 2000), issued_ago(1, 500));
    wait_until("the end of sessions", || {
        status_of(&gateway, "/a", &before) == 401
    });
    assert_eq!(status_of(&gateway, "/a", &since), 200);
}

#[test]
fn a_server_that_restarts_or_is_another_one_is_followed_again() {
    let mut server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    server.halt();
    wait_until("the watch to be behind", || {
        status(&gateway, "/refuse/a", 9) == 503
    });
    assert_eq!(status(&gateway, "/serve/a", 9), 200);
    assert_eq!(status(&gateway, "/a", 9), 503, "nobody can be asked");
    server.resume();
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    fresh(&gateway);
    banned(&gateway, 1);
    server.halt();
    server.resume_with("--server-id=77 --gtid-domain-id=3");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    fresh(&gateway);
    banned(&gateway, 2);
    assert_eq!(status(&gateway, "/a", 1), 401);
    assert_eq!(status(&gateway, "/a", 3), 200);
}

#[test]
fn a_stream_whose_thread_was_killed_goes_on_where_it_stood() {
    // Of its own: what others create and drop on a shared one is read anew, too.
    let server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    for user in 1..=3 {
        monolith.kill_stream();
        monolith.sql(&format!(
            "UPDATE user SET is_restricted = 1 WHERE id = {user}"
        ));
        banned(&gateway, user);
        fresh(&gateway);
        let line = format!("sidegate_watch_events_total{{kind=\"reconnect\"}} {user}");
        assert!(
            metric(&gateway, &line),
            "{}",
            gateway.ask("/metrics").text()
        );
    }
    let once = "sidegate_watch_events_total{kind=\"scan\"} 1";
    assert!(metric(&gateway, once), "nothing had to be read anew");
}

#[test]
fn a_watched_column_that_is_renamed_is_an_outage_and_refuses_nobody() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    banned(&gateway, 1);
    monolith.sql("ALTER TABLE user CHANGE is_restricted restricted BOOL");
    wait_until("the watch to be behind", || {
        status(&gateway, "/refuse/a", 2) == 503
    });
    assert_eq!(status(&gateway, "/a", 2), 503, "nobody can be asked");
    assert_eq!(status(&gateway, "/serve/a", 2), 200);
    assert_eq!(status(&gateway, "/a", 1), 401, "known from before");
    wait_until("operators to be told", || {
        gateway.ask("/ready").text().contains("is_restricted")
    });
    monolith.sql("ALTER TABLE user CHANGE restricted is_restricted BOOL");
    fresh(&gateway);
    assert_eq!(status(&gateway, "/a", 1), 401);
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    banned(&gateway, 2);
}

#[test]
fn a_server_of_a_private_authority_is_followed_over_tls_and_no_other() {
    let server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let name = monolith.name.clone();
    monolith.sql(&format!("ALTER USER '{name}'@'%' REQUIRE SSL"));
    let tls = format!("tls: {{ ca: {} }}", server.authority().display());
    let users = format!("{USERS}\n{tls}");
    let trusting = STREAM_ALONE.replacen('{', &format!("{{ {tls}, "), 1);
    let setup = || {
        monolith
            .setup(&upstream, &trusting)
            .section("users", &users)
    };
    let gateway = follow(setup());
    let public = STREAM_ALONE.replacen('{', "{ tls: {}, ", 1);
    let doubting = setup().section("watch", &public).start();
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    banned(&gateway, 1);
    wait_until("operators to be told", || {
        let ready = doubting.ask("/ready").text();
        ready.contains("certificate")
    });
    assert_eq!(status(&doubting, "/refuse/a", 2), 503);
    assert_eq!(status(&doubting, "/a", 2), 200, "the row is asked");
    assert_eq!(status(&doubting, "/a", 1), 401);
}

#[test]
fn a_server_whose_clock_is_wrong_ends_the_sessions_that_it_should() {
    for skew in ["-3600", "+3600"] {
        // Every session of the gateway's account begins with this clock; there are no spaces in an option.
        let clock = format!("SET/**/@@timestamp=UNIX_TIMESTAMP(){skew}");
        let server = Server::start(&format!("--init-connect={clock}"));
        let upstream = Upstream::start();
        let mut monolith = server.monolith();
        let gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
        let (old, new) = (issued_in(2, 0), issued_in(2, 100));
        monolith.sql(&clock);
        monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
        banned(&gateway, 1);
        monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 2");
        wait_until("the end of sessions", || {
            status_of(&gateway, "/a", &old) == 401
        });
        assert_eq!(status_of(&gateway, "/a", &new), 200, "{skew}");
        assert_eq!(status(&gateway, "/a", 3), 200, "{skew}");
        fresh(&gateway);
    }
}

#[test]
fn a_lost_binlog_begins_with_everything_anew() {
    let server = Server::start("");
    let upstream = Upstream::start();
    let mut monolith = server.monolith();
    let wire = Wire::to(monolith.port());
    let setup = monolith.setup(&upstream, STREAM_ALONE);
    let gateway = follow(setup.variable("WATCH_URL", &monolith.url(Some(wire.port))));
    cut_off(&gateway, &wire);
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    monolith.sql("RESET MASTER");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    assert_eq!(status(&gateway, "/a", 1), 401, "the row is asked meanwhile");
    wire.cut(false);
    fresh(&gateway);
    banned(&gateway, 1);
    banned(&gateway, 2);
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("the end of the ban", || status(&gateway, "/a", 1) == 200);
}

#[test]
fn a_password_that_is_changed_while_the_watch_is_cut_off_ends_the_sessions_from_before() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let wire = Wire::to(monolith.port());
    let setup = monolith.setup(&upstream, STREAM_ALONE);
    let gateway = follow(setup.variable("WATCH_URL", &monolith.url(Some(wire.port))));
    let (before, since) = (issued_ago(1, 1000), issued_in(1, 100));
    cut_off(&gateway, &wire);
    assert_eq!(status_of(&gateway, "/a", &before), 200);
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    assert_eq!(status_of(&gateway, "/a", &before), 401);
    assert_eq!(status_of(&gateway, "/a", &since), 503, "nobody knows");
    assert_eq!(status_of(&gateway, "/a", &issued_ago(2, 1000)), 200);
    let explained = |token: &str| {
        let asked = json!({ "target": "/a", "token": token });
        let told = gateway.operate(Request::post("/explain").json(&asked));
        told.json()["verdict"]["refused"]["status"].as_u64()
    };
    assert_eq!(explained(&before), Some(401), "as the guard does");
    assert_eq!(explained(&since), Some(503));
    assert_eq!(explained(&issued_ago(2, 1000)), None);
    wire.cut(false);
    fresh(&gateway);
    wait_until("to be let through", || {
        status_of(&gateway, "/a", &since) == 200
    });
    assert_eq!(status_of(&gateway, "/a", &before), 401);
}

#[test]
fn a_watch_that_was_cut_off_for_a_moment_lets_nobody_in_who_was_banned_meanwhile() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let wire = Wire::to(monolith.port());
    let setup = monolith.setup(&upstream, STREAM_ALONE);
    let gateway = follow(setup.variable("WATCH_URL", &monolith.url(Some(wire.port))));
    cut_off(&gateway, &wire);
    // The first of so many says that it was written just now, and the ban comes long after it.
    for round in 0..300 {
        monolith.sql(&format!(
            "UPDATE user SET is_active = {} WHERE id = 2",
            round % 2
        ));
    }
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    wire.cut(false);
    fresh(&gateway);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
}

#[test]
fn a_cut_in_the_network_is_noticed_and_nothing_is_missed() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let wire = Wire::to(monolith.port());
    let setup = monolith.setup(&upstream, STREAM_ALONE);
    let gateway = follow(setup.variable("WATCH_URL", &monolith.url(Some(wire.port))));
    wire.cut(true);
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    let old = issued_in(2, 0);
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 2");
    wait_until("the watch to be behind", || {
        status(&gateway, "/refuse/a", 9) == 503
    });
    assert_eq!(status(&gateway, "/serve/a", 1), 200, "as it is told to");
    assert_eq!(gateway.ask("/ready").status, 503);
    wire.cut(false);
    fresh(&gateway);
    banned(&gateway, 1);
    wait_until("the end of sessions", || {
        status_of(&gateway, "/a", &old) == 401
    });
    wait_until("to be ready", || gateway.ask("/ready").status == 200);
}

#[test]
fn changes_that_rows_do_not_tell_are_found_by_reading_everything() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(monolith.setup(&upstream, STREAM_ALONE));
    // A cascade.
    monolith.sql("CREATE TABLE tenant (id INT PRIMARY KEY)");
    monolith.sql("INSERT INTO tenant VALUES (1)");
    monolith.sql("ALTER TABLE user ADD tenant INT FIRST, ADD FOREIGN KEY (tenant) REFERENCES tenant (id) ON DELETE CASCADE");
    monolith.sql("UPDATE user SET tenant = 1 WHERE id = 1");
    monolith.sql("DELETE FROM tenant");
    wait_until("the cascade", || status(&gateway, "/a", 1) == 401);
    // A statement in place of rows.
    monolith.sql("SET SESSION binlog_format = STATEMENT");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    wait_until("the statement", || status(&gateway, "/a", 2) == 401);
    monolith.sql("SET SESSION binlog_format = ROW");
    // A huge transaction.
    monolith.sql("INSERT INTO user (id, is_active) SELECT seq, 1 FROM seq_1000_to_61000");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 3 OR id >= 1000");
    wait_until("the huge transaction", || status(&gateway, "/a", 3) == 401);
    wait_until("its last row", || status(&gateway, "/a", 61_000) == 401);
    // All of them.
    monolith.sql("SET FOREIGN_KEY_CHECKS = 0");
    monolith.sql("TRUNCATE TABLE user");
    wait_until("the truncation", || status(&gateway, "/a", 4) == 401);
}

#[test]
fn what_no_binlog_shows_is_found_by_the_next_look_at_everything() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let watch =
        "{ secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", reconcile: { every: 200ms } }";
    let gateway = follow(monolith.setup(&upstream, watch));
    let old = issued_in(3, 0);
    monolith.sql("SET sql_log_bin = 0");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    monolith.sql("DELETE FROM user WHERE id = 2");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 3");
    banned(&gateway, 1);
    wait_until("the deletion", || status(&gateway, "/a", 2) == 401);
    wait_until("the end of sessions", || {
        status_of(&gateway, "/a", &old) == 401
    });
    assert_eq!(status_of(&gateway, "/a", &issued_in(3, 100)), 200);
}

#[test]
fn without_the_right_to_replicate_the_table_is_polled_and_operators_are_told() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let name = monolith.name.clone();
    monolith.sql(&format!(
        "REVOKE REPLICATION SLAVE ON *.* FROM '{name}'@'%'"
    ));
    let watch = "{ secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", poll: { every: 200ms } }";
    let gateway = follow(monolith.setup(&upstream, watch));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    banned(&gateway, 1);
    gateway.log_line("GRANT REPLICATION SLAVE");
    let ready = gateway.ask("/ready");
    assert!(
        ready.text().contains("GRANT REPLICATION SLAVE"),
        "{}",
        ready.text()
    );
    assert!(
        metric(&gateway, "sidegate_watch_phase{phase=\"polling\"} 1"),
        "{}",
        gateway.ask("/metrics").text()
    );
    let old = issued_in(2, 0);
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 2");
    wait_until("the end of sessions", || {
        status_of(&gateway, "/a", &old) == 401
    });
    monolith.sql(&format!("GRANT REPLICATION SLAVE ON *.* TO '{name}'@'%'"));
    wait_until("the stream", || {
        metric(&gateway, "sidegate_watch_phase{phase=\"streaming\"} 1")
    });
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("the end of the ban", || status(&gateway, "/a", 1) == 200);
}

#[test]
fn a_right_that_is_taken_away_is_missed_when_the_stream_breaks() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let name = monolith.name.clone();
    let watch = "{ secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", poll: { every: 200ms } }";
    let gateway = follow(monolith.setup(&upstream, watch));
    monolith.sql(&format!(
        "REVOKE REPLICATION SLAVE ON *.* FROM '{name}'@'%'"
    ));
    monolith.kill_stream();
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    wait_until("polling", || {
        metric(&gateway, "sidegate_watch_phase{phase=\"polling\"} 1")
    });
    banned(&gateway, 1);
    assert_eq!(status(&gateway, "/a", 2), 200);
}

#[test]
fn columns_that_rules_ask_for_are_kept_live() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let setup = monolith.setup(&upstream, WATCH);
    let setup = setup.routes(
        "- { match: \"/refuse/**\", access: required, on_stale: refuse }\n\
         - { match: \"/**\", access: required, require: { user: { point: 7 } } }",
    );
    let users = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
row_cache: { lifetime: 1h }";
    let gateway = follow(setup.section("users", users));
    assert_eq!(status(&gateway, "/a", 1), 403);
    monolith.sql("UPDATE user SET point = 7 WHERE id = 1");
    wait_until("the change", || status(&gateway, "/a", 1) == 200);
    monolith.sql("UPDATE user SET point = 8 WHERE id = 1");
    wait_until("the change back", || status(&gateway, "/a", 1) == 403);
}
