//! A better hash that a gateway writes itself, under the eyes of the watch.

use super::{
    bans::{WATCH, follow, fresh},
    monolith::{Monolith, issued_ago, status, status_of},
};
use crate::{
    accounts::pair,
    harness::{Gateway, Setup, Upstream, watch::wait_until},
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
