//! Tokens that say what their users log in with: what becomes of a row becomes of its login, however a token spells it.

use super::{
    bans::WATCH,
    monolith::{Monolith, USERS, status_of},
};
use crate::{
    accounts::pair,
    harness::{
        Gateway, Request, Setup, Upstream, own_tables::OwnTables, token, users::PASSWORD,
        wait_until,
    },
};

const POLLING: &str = "{ source: polling, secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", poll: { every: 200ms } }";

/// With a look at everything so rarely that no test sees a second one.
const STAMPS: &str = "{ source: polling, secret: \"${SECRET_KEY}\", database: \"${WATCH_URL}\", \
                      poll: { every: 200ms, changed_at: updated_time, overlap: 60s }, reconcile: { every: 1d } }";

const TOKENS: &str = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.email}" } }"#;

const SHOW: &str = "\nshow: { email: text }";

fn setup(monolith: &Monolith, upstream: &Upstream, watch: &str) -> Setup {
    monolith
        .setup(upstream, watch)
        .section("users", &format!("{USERS}{SHOW}"))
        .section("tokens", TOKENS)
}

fn follow(monolith: &Monolith, upstream: &Upstream, watch: &str) -> Gateway {
    let gateway = setup(monolith, upstream, watch).start();
    fresh(&gateway);
    gateway
}

fn fresh(gateway: &Gateway) {
    wait_until("the watch to be fresh", || {
        status(gateway, "9@example.com") == 200
    });
}

/// A token that was issued so many seconds from now.
fn issued(login: &str, seconds: u64) -> String {
    let mut claims = token::claims(login);
    claims["exp"] = (token::now() + seconds + 30 * 86_400).into();
    token::signed(&claims)
}

fn status(gateway: &Gateway, login: &str) -> u16 {
    status_of(gateway, "/refuse/a", &token::access(login))
}

#[track_caller]
fn refused(gateway: &Gateway, login: &str) {
    wait_until(login, || status(gateway, login) == 401);
}

#[track_caller]
fn admitted(gateway: &Gateway, login: &str) {
    wait_until(login, || status(gateway, login) == 200);
}

fn a_ban_and_its_end(watch: &str) {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    monolith.sql("UPDATE user SET email = 'Ban\u{e9}@Example.com' WHERE id = 1");
    monolith.sql("UPDATE user SET is_active = 0 WHERE id = 2");
    let gateway = follow(&monolith, &upstream, watch);
    let spellings = [
        "Ban\u{e9}@Example.com",
        "bane@example.com",
        "BAN\u{c9}@EXAMPLE.COM",
    ];
    assert_eq!(status(&gateway, "2@example.com"), 401, "from before");
    for login in spellings {
        assert_eq!(status(&gateway, login), 200, "{login}");
    }
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    for login in spellings {
        refused(&gateway, login);
    }
    assert_eq!(status(&gateway, "3@example.com"), 200, "nobody else");
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    for login in spellings {
        admitted(&gateway, login);
    }
}

#[test]
fn a_ban_is_known_under_every_spelling_of_the_login() {
    a_ban_and_its_end(WATCH);
}

#[test]
fn a_ban_is_known_under_every_spelling_of_the_login_where_tables_are_polled() {
    a_ban_and_its_end(POLLING);
}

fn a_new_login(watch: &str) {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(&monolith, &upstream, watch);
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    refused(&gateway, "1@example.com");
    monolith.sql("UPDATE user SET email = 'one@example.com' WHERE id = 1");
    refused(&gateway, "one@example.com");
    assert_eq!(status(&gateway, "1@example.com"), 401, "it is nobody's");
    monolith.sql("UPDATE user SET is_restricted = 0 WHERE id = 1");
    admitted(&gateway, "one@example.com");
    assert_eq!(status(&gateway, "1@example.com"), 401, "still nobody's");
    // Somebody who was never blocked leaves a login behind, too; whoever gets it has no token yet.
    monolith.sql("UPDATE user SET email = 'two@example.com' WHERE id = 2");
    refused(&gateway, "2@example.com");
    assert_eq!(status(&gateway, "two@example.com"), 200);
    let (old, new) = (issued("2@example.com", 0), issued("2@example.com", 100));
    monolith.sql("UPDATE user SET email = '2@example.com' WHERE id = 3");
    wait_until("the new one", || {
        status_of(&gateway, "/refuse/a", &new) == 200
    });
    assert_eq!(status_of(&gateway, "/refuse/a", &old), 401);
    // Two that change places at once.
    monolith.sql(
        "UPDATE user SET email = IF(id = 4, '5@example.com', '4@example.com') WHERE id IN (4, 5)",
    );
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 6");
    refused(&gateway, "6@example.com");
    for login in ["4@example.com", "5@example.com"] {
        assert_eq!(status(&gateway, login), 200, "{login}");
    }
}

#[test]
fn a_verdict_goes_with_a_row_to_its_new_login() {
    a_new_login(WATCH);
}

#[test]
fn a_verdict_goes_with_a_row_to_its_new_login_where_tables_are_polled() {
    a_new_login(POLLING);
}

fn a_deletion(watch: &str) {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(&monolith, &upstream, watch);
    let (old, new) = (issued("1@example.com", 0), issued("1@example.com", 100));
    monolith.sql("DELETE FROM user WHERE id = 1");
    for login in ["1@example.com", "1@EXAMPLE.com"] {
        refused(&gateway, login);
    }
    // What the table does not remember another gateway knows, too.
    let other = gateway.follow();
    fresh(&other);
    assert_eq!(status(&other, "1@example.com"), 401);
    monolith.sql(
        "INSERT INTO user (id, email, hashed_password, is_active) VALUES (10, '1@Example.com', 'y', 1)",
    );
    for gateway in [&gateway, &other] {
        wait_until("the new row", || {
            status_of(gateway, "/refuse/a", &new) == 200
        });
        assert_eq!(status_of(gateway, "/refuse/a", &old), 401);
    }
    let third = gateway.follow();
    fresh(&third);
    assert_eq!(status_of(&third, "/refuse/a", &new), 200);
    assert_eq!(status_of(&third, "/refuse/a", &old), 401);
}

#[test]
fn a_login_without_a_row_is_blocked_until_there_is_one() {
    a_deletion(WATCH);
}

#[test]
fn a_login_without_a_row_is_blocked_until_there_is_one_where_tables_are_polled() {
    a_deletion(POLLING);
}

#[test]
fn a_changed_password_ends_the_tokens_of_a_login() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let gateway = follow(&monolith, &upstream, WATCH);
    let (old, new) = (issued("1@example.com", 0), issued("1@Example.com", 100));
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    wait_until("the old one", || {
        status_of(&gateway, "/refuse/a", &old) == 401
    });
    assert_eq!(status_of(&gateway, "/refuse/a", &new), 200);
    assert_eq!(status(&gateway, "2@example.com"), 200, "nobody else");
    let other = gateway.follow();
    fresh(&other);
    assert_eq!(status_of(&other, "/refuse/a", &old), 401);
    assert_eq!(status_of(&other, "/refuse/a", &new), 200);
}

#[test]
fn what_tables_without_logins_say_is_known_of_logins() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    monolith.sql("CREATE TABLE sanction (user_id INT PRIMARY KEY, lifted_at DATETIME)");
    monolith.sql("INSERT INTO sanction VALUES (2, NULL)");
    let watch = "{ database: \"${WATCH_URL}\", tables: [\
                 { table: sanction, key: user_id, when: [{ column: lifted_at, becomes: null, effect: block }] }, \
                 { table: user, key: id, when: [{ states: withdrawn, effect: block }] }] }";
    let gateway = setup(&monolith, &upstream, watch).without("state").start();
    fresh(&gateway);
    assert_eq!(status(&gateway, "2@example.com"), 401, "from before");
    monolith.sql("INSERT INTO sanction VALUES (1, NULL)");
    refused(&gateway, "1@example.com");
    monolith.sql("DELETE FROM sanction WHERE user_id = 1");
    admitted(&gateway, "1@example.com");
    monolith.sql("UPDATE sanction SET lifted_at = NOW()");
    admitted(&gateway, "2@example.com");
}

#[test]
fn who_is_there_is_read_again_by_the_login() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    monolith.sql(
        "ALTER TABLE user ADD updated_time TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, \
         ADD INDEX (updated_time)",
    );
    monolith.sql("UPDATE user SET updated_time = IF(id = 9, NOW(), '2020-01-01')");
    let gateway = follow(&monolith, &upstream, STAMPS);
    for login in ["1@EXAMPLE.com", "2@example.com"] {
        assert_eq!(status(&gateway, login), 200);
    }
    // The first of two rounds sees that they are there, and has ended when the second one has found something.
    for user in [3, 4] {
        monolith.sql(&format!(
            "UPDATE user SET is_restricted = 1 WHERE id = {user}"
        ));
        refused(&gateway, &format!("{user}@example.com"));
    }
    monolith.sql("DELETE FROM user WHERE id = 1");
    monolith.sql("UPDATE user SET is_restricted = 1, updated_time = updated_time WHERE id = 2");
    refused(&gateway, "1@example.com");
    refused(&gateway, "2@example.com");
}

#[test]
fn while_the_watch_is_behind_rows_are_asked_for_by_the_login() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 1");
    // Nobody listens there.
    let nowhere = monolith.url(Some(1));
    let gateway = setup(&monolith, &upstream, WATCH)
        .variable("WATCH_URL", &nowhere)
        .start();
    let asked = |login: &str| status_of(&gateway, "/a", &token::access(login));
    assert_eq!(asked("1@EXAMPLE.com"), 401);
    assert_eq!(asked("2@example.com"), 200);
    assert_eq!(status(&gateway, "2@example.com"), 503);
}

#[test]
fn a_table_in_sqlite_is_watched_by_its_logins() {
    let upstream = Upstream::start();
    for (spelling, another) in [("folded", 401), ("exact", 200)] {
        let users = format!(
            "database: sqlite:users.db\ntable: user\ncolumns: {{ id: id, login: email, password: hashed_password }}\n\
             login_spelling: {spelling}\nstates:\n  banned: {{ is_restricted: true }}{SHOW}"
        );
        let setup = Setup::before(&upstream)
            .without("accounts")
            .section("users", &users)
            .section("tokens", TOKENS)
            .section("state", &OwnTables::Sqlite.section(""))
            .section(
                "watch",
                "{ secret: \"${SECRET_KEY}\", poll: { every: 100ms } }",
            )
            .routes("- { match: \"/**\", access: required, on_stale: refuse }");
        let gateway = setup.start();
        admitted(&gateway, "active@example.com");
        let users = rusqlite::Connection::open(gateway.setup().users().path()).expect("the table");
        let run = |sql: &str| users.execute(sql, []).map(drop).expect(sql);
        run("UPDATE user SET is_restricted = 1 WHERE id = 1");
        refused(&gateway, "active@example.com");
        assert_eq!(
            status(&gateway, "ACTIVE@example.com"),
            another,
            "{spelling}"
        );
        run("UPDATE user SET is_restricted = 0 WHERE id = 1");
        admitted(&gateway, "active@example.com");
        run("DELETE FROM user WHERE id = 1");
        refused(&gateway, "active@example.com");
    }
}

#[test]
fn the_end_of_all_sessions_is_known_under_the_login_at_every_gateway() {
    let upstream = Upstream::start();
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.email}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.email}" } }"#;
    let accounts = "
- { action: login, match: POST /auth/token/pair, dialect: pair }
- { action: logout_everywhere, match: POST /auth/logout/everywhere }";
    let gateway = Gateway::before(&upstream)
        .section("state", &OwnTables::Sqlite.section(""))
        .section("tokens", tokens)
        .section("accounts", accounts)
        .start();
    let other = gateway.follow();
    let login = || {
        let answer = gateway.send(&pair("active@example.com", PASSWORD)).json();
        answer["access_token"].as_str().expect("a token").to_owned()
    };
    let (old, another) = (login(), token::access("ACTIVE@example.com"));
    let status =
        |gateway: &Gateway, token: &str| gateway.send(&Request::get("/a").token(token)).status;
    assert_eq!(status(&gateway, &another), 200);
    let ends = Request::post("/auth/logout/everywhere").token(&old);
    assert_eq!(gateway.send(&ends).status, 200);
    for old in [&old, &another] {
        assert_eq!(status(&gateway, old), 401);
        wait_until("the other one to know", || status(&other, old) == 401);
    }
    // In the same second, too.
    let new = login();
    for gateway in [&gateway, &other] {
        assert_eq!(status(gateway, &new), 200);
    }
    assert_eq!(
        status(&other, &token::access("passwordless@example.com")),
        200
    );
}
