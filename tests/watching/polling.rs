//! Where replication is not allowed and a column says when a row was changed.

use super::{
    bans::follow,
    monolith::{Monolith, issued_in, status, status_of},
};
use crate::harness::{Gateway, Setup, Upstream, wait_until};

/// With a look at everything so rarely that no test sees a second one.
const POLLING: &str = "{ source: polling, secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", \
                       poll: { every: 200ms, changed_at: updated_time, overlap: 60s }, reconcile: { every: 1d } }";

fn monolith() -> Monolith {
    let mut monolith = Monolith::shared();
    monolith.sql(
        "ALTER TABLE user ADD updated_time TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, \
         ADD INDEX (updated_time)",
    );
    // Who was changed last is not the others' business.
    monolith.sql("UPDATE user SET updated_time = IF(id = 9, NOW(), '2020-01-01')");
    monolith
}

fn events(gateway: &Gateway, kind: &str) -> u64 {
    let line = format!("sidegate_watch_events_total{{kind=\"{kind}\"}} ");
    let metrics = gateway.ask("/metrics").text();
    let value = metrics.lines().find_map(|it| it.strip_prefix(&line));
    value.expect("the metric").parse().expect("a number")
}

fn changes(gateway: &Gateway, number: u64) {
    wait_until("the changes", || events(gateway, "change") >= number);
}

/// Nobody's token is used in between: that would show them, too.
#[test]
fn a_row_with_a_new_stamp_is_known_before_its_user_comes() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    let gateway = follow(monolith.setup(&upstream, POLLING));
    let (old, new) = (issued_in(2, 0), issued_in(2, 100));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 2");
    changes(&gateway, 2);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
    assert_eq!(status_of(&gateway, "/serve/a", &old), 401);
    assert_eq!(status_of(&gateway, "/serve/a", &new), 200);
    assert_eq!(status(&gateway, "/serve/a", 3), 200, "nobody else");
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("to be let through", || status(&gateway, "/a", 1) == 200);
    assert_eq!(events(&gateway, "scan"), 1, "nothing else was looked at");
}

#[test]
fn a_transaction_that_commits_after_a_later_one_is_not_missed() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    let gateway = follow(monolith.setup(&upstream, POLLING));
    monolith.sql("SET SESSION timestamp = UNIX_TIMESTAMP() - 20");
    monolith.sql("BEGIN");
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    monolith.aside("UPDATE user SET is_restricted = 1 WHERE id = 2");
    changes(&gateway, 1);
    assert_eq!(status(&gateway, "/serve/a", 2), 401);
    monolith.sql("COMMIT");
    changes(&gateway, 2);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
}

#[test]
fn more_rows_of_one_second_than_a_page_holds_are_all_read() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    monolith.sql(
        "INSERT INTO user (id, is_active, is_restricted, updated_time) \
         SELECT seq, 1, 0, '2020-01-01' FROM seq_1000_to_3499",
    );
    let gateway = follow(monolith.setup(&upstream, POLLING));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id >= 1000");
    changes(&gateway, 2500);
    for user in [1000, 1999, 2000, 3499] {
        assert_eq!(status(&gateway, "/serve/a", user), 401, "{user}");
    }
}

#[test]
fn who_is_there_is_read_again_whatever_the_stamps_say() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    let gateway = follow(monolith.setup(&upstream, POLLING));
    let (old, new) = (issued_in(3, 0), issued_in(3, 100));
    for token in [issued_in(1, 0), issued_in(2, 0), old.clone()] {
        assert_eq!(status_of(&gateway, "/serve/a", &token), 200);
    }
    monolith.sql("DELETE FROM user WHERE id = 1");
    monolith.sql("UPDATE user SET is_restricted = 1, updated_time = updated_time WHERE id = 2");
    monolith.sql("UPDATE user SET hashed_password = 'another', updated_time = NULL WHERE id = 3");
    wait_until("the deletion", || status(&gateway, "/serve/a", 1) == 401);
    wait_until("the ban", || status(&gateway, "/serve/a", 2) == 401);
    wait_until("the end of sessions", || {
        status_of(&gateway, "/serve/a", &old) == 401
    });
    assert_eq!(status_of(&gateway, "/serve/a", &new), 200);
    // Somebody of whom there never was a row is not gone.
    assert_eq!(status(&gateway, "/serve/a", 77), 200);
    monolith.sql("UPDATE user SET is_restricted = 1, updated_time = NULL WHERE id = 4");
    wait_until("the ban of another", || {
        status(&gateway, "/serve/a", 4) == 401
    });
    assert_eq!(status(&gateway, "/serve/a", 77), 200);
    assert_eq!(events(&gateway, "scan"), 1, "nothing else was looked at");
}

#[test]
fn without_the_right_to_replicate_stamps_are_read_until_it_is_given() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    let name = monolith.name.clone();
    monolith.sql(&format!(
        "REVOKE REPLICATION SLAVE ON *.* FROM '{name}'@'%'"
    ));
    let watch = POLLING.replace("source: polling, ", "");
    let gateway = follow(monolith.setup(&upstream, &watch));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    changes(&gateway, 1);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
    assert_eq!(events(&gateway, "scan"), 1);
    monolith.sql(&format!("GRANT REPLICATION SLAVE ON *.* TO '{name}'@'%'"));
    let streaming = "sidegate_watch_phase{phase=\"streaming\"} 1";
    wait_until("the stream", || {
        gateway.ask("/metrics").text().contains(streaming)
    });
    assert_eq!(
        events(&gateway, "scan"),
        2,
        "the one that the stream begins with"
    );
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    wait_until("the end of the ban", || {
        status(&gateway, "/serve/a", 1) == 200
    });
}

#[test]
fn a_stamp_from_the_future_hides_nobody() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    monolith.sql("UPDATE user SET updated_time = '2037-01-01' WHERE id = 9");
    let gateway = follow(monolith.setup(&upstream, POLLING));
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    changes(&gateway, 1);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
}

#[test]
fn what_neither_a_stamp_nor_its_user_shows_is_found_by_the_look_at_everything() {
    let upstream = Upstream::start();
    let mut monolith = monolith();
    let watch = POLLING.replace("every: 1d", "every: 200ms");
    let gateway = follow(monolith.setup(&upstream, &watch));
    monolith.sql("UPDATE user SET is_restricted = 1, updated_time = updated_time WHERE id = 1");
    wait_until("the finding", || events(&gateway, "finding") >= 1);
    assert_eq!(status(&gateway, "/serve/a", 1), 401);
}

#[test]
fn seconds_since_1970_in_sqlite_will_do() {
    let upstream = Upstream::start();
    let setup = Setup::before(&upstream)
        .section("state", "{ database: \"sqlite:state.db\" }")
        .section(
            "watch",
            "{ secret: \"${SECRET_KEY}\", poll: { every: 100ms, changed_at: changed, overlap: 60s }, reconcile: { every: 1d } }",
        )
        .routes("- { match: \"/**\", access: required, on_stale: refuse }");
    let users = rusqlite::Connection::open(setup.users().path()).expect("the table");
    let run = |sql: &str| users.execute(sql, []).map(drop).expect(sql);
    run("ALTER TABLE user ADD changed INTEGER");
    run("UPDATE user SET changed = 1577836800");
    let gateway = setup.start();
    wait_until("the watch to be fresh", || status(&gateway, "/a", 4) == 200);
    run("UPDATE user SET is_restricted = 1, changed = strftime('%s', 'now') WHERE id = 1");
    changes(&gateway, 1);
    assert_eq!(status(&gateway, "/a", 1), 401);
    run("DELETE FROM user WHERE id = 4");
    wait_until("the deletion", || status(&gateway, "/a", 4) == 401);
}
