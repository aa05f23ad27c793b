//! What is in the table: the kinds of stored passwords, and several rows for one login.

use std::thread;

use super::{
    assert_json, gateway, login,
    login::{BANNED, WITHDRAWN, WRONG},
};
use serde_json::json;

use crate::harness::{Gateway, Request, Upstream, database::Database, users::User, wait_until};

/// A gateway with one more user, whose password has this hash.
fn with_user(id: i64, name: &str, hash: &str) -> Gateway {
    let gateway = gateway();
    add(&gateway, id, name, hash, [true, false]);
    gateway
}

fn add(gateway: &Gateway, id: i64, name: &str, hash: &str, [active, restricted]: [bool; 2]) {
    gateway.setup().users().add(&User {
        id,
        name,
        hash: Some(hash),
        active,
        restricted,
    });
}

fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).expect("a hash")
}

#[test]
fn of_several_rows_the_unblocked_one_is_meant() {
    let gateway = with_user(5, "twice", &hash("new"));
    add(&gateway, 4_000, "twice", &hash("old"), [false, false]);
    let response = gateway.send(&login("twice@example.com", "new"));
    assert_eq!((response.status, &response.json()["id"]), (200, &5.into()));
    assert_json(
        &gateway.send(&login("twice@example.com", "old")),
        400,
        WRONG,
    );
}

#[test]
fn of_several_blocked_rows_the_first_speaks() {
    let gateway = gateway();
    add(&gateway, 5, "twice", &hash("old"), [false, false]);
    add(&gateway, 6, "twice", &hash("new"), [true, true]);
    assert_json(
        &gateway.send(&login("twice@example.com", "new")),
        400,
        WITHDRAWN,
    );
}

#[test]
fn several_unblocked_rows_are_refused_and_told_to_the_operator() {
    let gateway = with_user(5, "twin", &hash("same"));
    add(&gateway, 6, "twin", &hash("same"), [true, false]);
    assert_json(
        &gateway.send(&login("twin@example.com", "same")),
        400,
        WRONG,
    );
    let line = gateway.log_line("several users share one login");
    assert!(line.contains("\"member.id\":\"5\""), "{line}");
    assert!(!line.contains("twin"), "{line}");
}

#[test]
fn the_first_72_bytes_of_a_password_count() {
    let long = "correct horse battery staple, ".repeat(3);
    let gateway = with_user(5, "long", &hash(&long[..80]));
    for (password, status) in [
        (&long[..80], 200),
        (&long[..72], 200),
        (&format!("{} and more", &long[..72]), 200),
        (&long[..71], 400),
    ] {
        assert_eq!(
            gateway.send(&login("long@example.com", password)).status,
            status,
            "{password}"
        );
    }
}

#[test]
fn passwords_of_other_scripts_and_all_three_kinds_of_hashes_match() {
    let gateway = gateway();
    for (id, prefix) in [(5, "$2a$"), (6, "$2b$"), (7, "$2y$")] {
        let name = format!("kind{id}");
        add(
            &gateway,
            id,
            &name,
            &hash("비밀번호-7🔑").replace("$2b$", prefix),
            [true, false],
        );
        let response = gateway.send(&login(&format!("{name}@example.com"), "비밀번호-7🔑"));
        assert_eq!((response.status, &response.json()["id"]), (200, &id.into()));
    }
}

#[test]
fn a_nul_in_the_password_is_a_wrong_password() {
    let gateway = with_user(5, "short", &hash("a"));
    for password in ["a\0", "a\0b", "\0"] {
        assert_json(
            &gateway.send(&login("short@example.com", password)),
            400,
            WRONG,
        );
    }
    assert_eq!(gateway.send(&login("short@example.com", "a")).status, 200);
}

#[test]
fn a_stored_password_of_another_kind_is_refused_and_told_to_the_operator() {
    let gateway = with_user(5, "odd", "pbkdf2_sha256$1$salt$digest");
    assert_json(
        &gateway.send(&login("odd@example.com", "digest")),
        400,
        WRONG,
    );
    let line = gateway.log_line("in no format that can be checked");
    assert!(line.contains("\"member.id\":\"5\""), "{line}");
    assert!(!gateway.said().contains("pbkdf2"), "{}", gateway.said());
}

/// What attempts are counted in, so that it shows that one has begun.
const ATTEMPTS: &str = "
secret: attempts-secret-of-the-tests-0123456789
accounts: { after: 100, delay: 1s, longest: 1s, forget: 1h }
addresses: { after: 1000000, delay: 1s, longest: 1s, forget: 2s }";

#[test]
fn whoever_is_banned_while_the_password_is_checked_gets_no_token() {
    let own = Database::sqlite();
    let state = format!("{{ database: \"{}\", migrate: on_start }}", own.url());
    let gateway = Gateway::before(&Upstream::start())
        .section("attempts", ATTEMPTS)
        .section("state", &state)
        .start();
    let slow = bcrypt::hash("slow", 13).expect("a hash");
    add(&gateway, 5, "slow", &slow, [true, false]);
    let counted = || own.numbers("SELECT COUNT(*) FROM sidegate_attempts");
    wait_until("its tables", || {
        let wrong = gateway.send(&login("banned@example.com", "wrong"));
        assert_eq!(wrong.status, 400);
        own.has_table("sidegate_attempts") && counted() != [0]
    });
    let before = counted();
    let response = thread::scope(|scope| {
        let sent = scope.spawn(|| gateway.send(&login("slow@example.com", "slow")));
        wait_until("an attempt", || counted() != before);
        let users = gateway.setup().users();
        users.execute("UPDATE user SET is_restricted = 1 WHERE id = 5");
        sent.join().expect("an answer")
    });
    assert_json(&response, 400, BANNED);
}

/// Beyond what a signed number of 64 bits holds.
const LARGE: &str = "18446744073709551610";

/// What says who somebody is as a number, so that all of it is read again as one.
const NUMBERS: &str = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id.number}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id.number}" } }"#;

#[test]
fn ids_beyond_63_bits_are_subjects_and_columns_like_any_other() {
    for kind in ["BIGINT UNSIGNED", "DECIMAL(20,0)"] {
        let database = Database::mysql();
        database.execute(&format!(
            "CREATE TABLE user (id {kind} PRIMARY KEY, email VARCHAR(80), hashed_password TEXT, point {kind}, is_restricted BOOL)"
        ));
        let hash = hash("secret");
        let row =
            format!("INSERT INTO user VALUES ({LARGE}, 'a@example.com', '{hash}', {LARGE}, 0)");
        database.execute(&row);
        let users = format!(
            "
database: \"{}\"
table: user
columns: {{ id: id, login: email, password: hashed_password }}
states: {{ banned: {{ is_restricted: true }} }}
show: {{ id: integer, point: integer }}",
            database.url()
        );
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream)
            .section("users", &users)
            .section("tokens", NUMBERS)
            .start();
        let granted = gateway.send(&login("a@example.com", "secret"));
        assert_eq!(granted.status, 200, "{granted:?}");
        let large: u64 = LARGE.parse().expect("a number");
        let said = granted.json();
        assert_eq!(
            (&said["id"], &said["point"]),
            (&large.into(), &large.into())
        );
        let token = said["token"]["access_token"].as_str().expect("a token");
        let guarded = gateway.send(&Request::get("/deals").token(token));
        assert_eq!(guarded.status, 200, "{kind}");
        assert_eq!(upstream.only().values("x-user-id"), [LARGE], "{kind}");
        let verified = Request::post("/auth/token/verify").json(&json!({ "token": token }));
        assert_eq!(
            gateway.send(&verified).json(),
            json!({ "bool": true }),
            "{kind}"
        );
        let refresh = said["token"]["refresh_token"].as_str().expect("a token");
        let refreshed = Request::post("/auth/token/refresh").json(&json!({ "token": refresh }));
        assert_eq!(gateway.send(&refreshed).status, 200, "{kind}");
        database.execute("UPDATE user SET is_restricted = 1");
        assert_eq!(
            gateway.send(&verified).json(),
            json!({ "bool": false }),
            "{kind}"
        );
    }
}
