//! A better hash that a gateway writes itself, under the eyes of the watch.

use super::{
    bans::{WATCH, follow, fresh},
    monolith::{Monolith, issued_ago, status, status_of},
};
use crate::{
    accounts::pair,
    harness::{Gateway, Request, Setup, Upstream, watch::wait_until},
};

/// Of Werkzeug, in a thousand rounds.
const OUTDATED: &str = "pbkdf2:sha256:1000$0123456789abcdef$";

const PASSWORD: &str = "correct horse battery staple";

/// What Werkzeug stores for that password.
fn outdated() -> String {
    let fixture = include_str!("../fixtures/passwords/hashes.json");
    let of_werkzeug = fixture
        .lines()
        .find(|line| line.contains("Werkzeug pbkdf2 sha256"));
    let entry = of_werkzeug.expect("an entry").trim_end_matches(',');
    let entry: serde_json::Value = serde_json::from_str(entry).expect("JSON");
    assert_eq!(entry["verdicts"][0][0], PASSWORD);
    let stored = entry["stored"].as_str().expect("a text").to_owned();
    assert_eq!(stored.len() - 64, OUTDATED.len());
    stored
}

fn setup(monolith: &Monolith, upstream: &Upstream, state: &str) -> Setup {
    monolith
        .setup(upstream, WATCH)
        .section(
            "users",
            "{ database: \"${DATABASE_URL}\", table: user, columns: { id: id, login: email, password: hashed_password }, \
             states: { banned: { is_restricted: true } }, write: { actions: [upgrade_password] } }",
        )
        .section("state", &format!("{{ database: \"sqlite:{state}\" }}"))
        .section("passwords", "{ formats: [werkzeug, bcrypt], upgrade: { to: { format: bcrypt, cost: 5 } } }")
        .section("accounts", "[{ action: login, match: POST /auth/token/pair, dialect: pair }]")
}

fn log_in(gateway: &Gateway) -> u16 {
    gateway.send(&pair("1@example.com", PASSWORD)).status
}

fn stored(monolith: &mut Monolith) -> String {
    let stored = monolith.column("SELECT hashed_password FROM user WHERE id = 1");
    stored.into_iter().next().expect("a row")
}

#[test]
fn a_better_hash_is_stored_and_logs_nobody_out_at_any_gateway() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let name = monolith.name.clone();
    monolith.sql(&format!("GRANT UPDATE ON {name}.* TO '{name}'@'%'"));
    monolith.sql(&format!(
        "UPDATE user SET hashed_password = '{}' WHERE id = 1",
        outdated()
    ));
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = folder.path().join("state.db");
    let state = state.to_str().expect("a path");
    let first = follow(setup(&monolith, &upstream, state));
    let second = follow(setup(&monolith, &upstream, state));
    let other_device = issued_ago(1, 60);
    for gateway in [&first, &second] {
        assert_eq!(status_of(gateway, "/refuse/a", &other_device), 200);
    }
    assert_eq!(log_in(&first), 200);
    wait_until("a better hash", || {
        stored(&mut monolith).starts_with("$2b$05$")
    });
    let better = stored(&mut monolith);
    assert!(bcrypt::verify(PASSWORD, &better).expect("bcrypt"));
    assert!(!first.said().contains(&better) && !first.said().contains(PASSWORD));
    // What is written later is seen later.
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    for gateway in [&first, &second] {
        wait_until("the ban", || status(gateway, "/refuse/a", 2) != 200);
        assert_eq!(status_of(gateway, "/refuse/a", &other_device), 200);
    }
    assert_eq!((log_in(&first), log_in(&second)), (200, 200));
    assert_eq!(stored(&mut monolith), better, "it is good enough");
    // A look at everything does not take it for a change either.
    drop(second);
    let second = setup(&monolith, &upstream, state).start();
    fresh(&second);
    assert_eq!(status_of(&second, "/refuse/a", &other_device), 200);
    // What others write is a change.
    monolith.sql("UPDATE user SET hashed_password = 'another' WHERE id = 1");
    for gateway in [&first, &second] {
        wait_until("the old token to end", || {
            status_of(gateway, "/refuse/a", &other_device) == 401
        });
    }
}

#[test]
fn a_hash_that_cannot_be_replaced_lets_its_user_in_all_the_same() {
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let before = outdated();
    monolith.sql(&format!(
        "UPDATE user SET hashed_password = '{before}' WHERE id = 1"
    ));
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = folder.path().join("state.db");
    let gateway = follow(setup(&monolith, &upstream, state.to_str().expect("a path")));
    assert_eq!(log_in(&gateway), 200);
    gateway.log_line("a better hash of the password cannot be stored");
    assert_eq!(stored(&mut monolith), before);
    assert_eq!(log_in(&gateway), 200);
    assert_eq!(status_of(&gateway, "/refuse/a", &issued_ago(1, 60)), 200);
}

#[test]
fn a_change_of_password_ends_the_other_sessions_and_not_ones_own_at_any_gateway() {
    const ACCOUNTS: &str = "
- { action: login, match: POST /auth/token/pair, dialect: pair }
- { action: change_password, match: POST /password, dialect: shop }";
    const DIALECT: &str = r#"
change_password:
  request: { from: json, fields: { current_password: {}, password: {} }, invalid: refused }
  done: { status: 200, body: true }
  refused: { status: 403, body: false }
  weak: { status: 422, body: "{reason}" }
"#;
    const CLAIMS: &str = r#"{ sub: "{user.id}", jti: "{token.id}" }"#;
    let upstream = Upstream::start();
    let mut monolith = Monolith::shared();
    let name = monolith.name.clone();
    monolith.sql(&format!("GRANT UPDATE ON {name}.* TO '{name}'@'%'"));
    let hash = bcrypt::hash(PASSWORD, 4).expect("a hash");
    monolith.sql(&format!(
        "UPDATE user SET hashed_password = '{hash}' WHERE id = 1"
    ));
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = folder.path().join("state.db");
    let state = state.to_str().expect("a path");
    let users = "{ database: \"${DATABASE_URL}\", table: user, columns: { id: id, login: email, password: hashed_password }, \
                 states: { banned: { is_restricted: true } }, write: { actions: [password] } }";
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: \"${{SECRET_KEY}}\", lifetime: 30d, claims: {CLAIMS} }}
refresh: {{ algorithm: HS256, secret: \"${{REFRESH_TOKEN_SECRET_KEY}}\", lifetime: 60d, claims: {CLAIMS} }}"
    );
    let changing = || {
        setup(&monolith, &upstream, state)
            .section("users", users)
            .section("tokens", &tokens)
            .section("passwords", "{ new: { format: bcrypt, cost: 4 } }")
            .section("dialects", "{ shop: shop.yaml }")
            .section("accounts", ACCOUNTS)
            .file("shop.yaml", DIALECT)
    };
    let first = follow(changing());
    let second = follow(changing());
    let access = || {
        let answer = first.send(&pair("1@example.com", PASSWORD));
        let token = answer.json()["access_token"].clone();
        token.as_str().expect("a token").to_owned()
    };
    let (own, other) = (access(), access());
    for gateway in [&first, &second] {
        assert_eq!(status_of(gateway, "/refuse/a", &own), 200);
        assert_eq!(status_of(gateway, "/refuse/a", &other), 200);
    }
    let new = "a better horse battery staple";
    let body = serde_json::json!({ "current_password": PASSWORD, "password": new });
    let answer = first.send(&Request::post("/password").token(&own).json(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(bcrypt::verify(new, &stored(&mut monolith)).expect("bcrypt"));
    for gateway in [&first, &second] {
        wait_until("the other session's end", || {
            status_of(gateway, "/refuse/a", &other) == 401
        });
    }
    // What is written later is seen later.
    monolith.sql("UPDATE user SET is_restricted = 1 WHERE id = 2");
    for gateway in [&first, &second] {
        wait_until("the ban", || status(gateway, "/refuse/a", 2) != 200);
        assert_eq!(status_of(gateway, "/refuse/a", &own), 200, "one's own");
    }
}
