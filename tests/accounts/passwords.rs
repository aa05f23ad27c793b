//! Stored passwords of other formats than bcrypt, as Python's libraries and PHP wrote them.

use std::time::Duration;

use serde_json::Value;
use sidegate::clock::Clock;

use super::{assert_json, login, login::WRONG};
use crate::harness::{Gateway, Upstream, users::User};

const ALL: &str = "{ formats: [bcrypt, bcrypt_2x, argon2, passlib, sha_crypt, django, werkzeug, phpass, wordpress, ldap_salted, mysql, digest], \
                   digest: { hash: sha1, prefix: salt } }";

/// argon2 of something that nobody types. Without optimisation of ours it takes some twenty milliseconds.
const SLOW: &str = "$argon2id$v=19$m=16384,t=4,p=1$c2FsdHNhbHRzYWx0c2FsdA$xu8Q3gryUKyerVTzDamLa6UW7RsEpHcPxPwjyDIE7dc";

/// What each library wrote for the first of its passwords, and that password.
fn written() -> Vec<(String, String)> {
    let files = [
        include_str!("../fixtures/passwords/hashes.json"),
        include_str!("../fixtures/passwords/php.json"),
    ];
    let read = |file: &&str| serde_json::from_str::<Vec<Value>>(file).expect("the fixture");
    let entries: Vec<Value> = files.iter().flat_map(read).collect();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let pairs = entries.iter().map(|entry| {
        let typed = text(&entry["verdicts"][0][0]);
        (text(&entry["stored"]), typed)
    });
    pairs
        .filter(|(_, typed)| typed == "correct horse battery staple")
        .collect()
}

fn add(gateway: &Gateway, id: i64, name: &str, hash: &str) {
    gateway.setup().users().add(&User {
        id,
        name,
        hash: Some(hash),
        active: true,
        restricted: false,
    });
}

fn gateway(passwords: &str) -> Gateway {
    Gateway::before(&Upstream::start())
        .section("passwords", passwords)
        .start()
}

#[test]
fn whoever_wrote_the_hash_its_user_logs_in_and_nobody_else() {
    let gateway = gateway(ALL);
    let written = written();
    assert!(written.len() > 25, "{}", written.len());
    for (id, (stored, typed)) in (10..).zip(&written) {
        let name = format!("user{id}");
        add(&gateway, id, &name, stored);
        let email = format!("{name}@example.com");
        let granted = gateway.send(&login(&email, typed));
        assert_eq!((granted.status, &granted.json()["id"]), (200, &id.into()));
        assert_json(&gateway.send(&login(&email, "Correct horse")), 400, WRONG);
    }
}

#[test]
fn a_format_that_is_not_listed_lets_nobody_in_and_is_told_to_the_operator() {
    let gateway = gateway("{ formats: [bcrypt] }");
    // What is not checked takes as long as what is: let that be short.
    assert_eq!(
        gateway.send(&login("active@example.com", "wrong")).status,
        400
    );
    for (id, (stored, typed)) in (10..).zip(written()) {
        if stored.starts_with("$2b") || stored.starts_with("$2a") || stored.starts_with("$2y") {
            continue;
        }
        let name = format!("user{id}");
        add(&gateway, id, &name, &stored);
        let email = format!("{name}@example.com");
        assert_json(&gateway.send(&login(&email, &typed)), 400, WRONG);
        assert!(!gateway.said().contains(&stored), "{}", gateway.said());
    }
    let line = gateway.log_line("\"stored.format\":\"werkzeug\"");
    assert!(line.contains("in no format that can be checked"), "{line}");
}

#[test]
fn an_unknown_user_takes_as_long_as_a_wrong_password_of_argon2() {
    let gateway = gateway("{ formats: [argon2] }");
    add(&gateway, 5, "slow", SLOW);
    let time = |email: &str| {
        let started = Clock.instant();
        assert_eq!(gateway.send(&login(email, "wrong")).status, 400);
        Clock.instant().duration_since(started)
    };
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    // In turns, so that a busy machine slows down both; the first login tells the gateway the usual cost.
    let pairs = (0..9).map(|_| (time("slow@example.com"), time("nobody@example.com")));
    let (known, unknown): (Vec<_>, Vec<_>) = pairs.unzip();
    let ratio = median(unknown) / median(known);
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

const SALTED: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password, salt: salt }
show: { id: integer }
states: { banned: { is_restricted: true }, withdrawn: { is_active: false } }
write: { actions: [upgrade_password] }";

/// By MariaDB: `SHA1(CONCAT('s4lt', '비밀번호'))`.
const SALTED_SHA1: &str = "3e68cccbbde41a0bf2624aa34624a1ad309d4c61";

#[test]
fn a_salt_in_a_column_of_its_own_lets_its_user_in_and_is_left_behind_by_an_upgrade() {
    let setup = Gateway::before(&Upstream::start())
        .section("users", SALTED)
        .section(
            "passwords",
            "{ formats: [digest, bcrypt], digest: { hash: sha1, of: \"{salt}{password}\" }, \
             new: { format: bcrypt, cost: 4 }, upgrade: { to: { format: bcrypt, cost: 4 } } }",
        );
    setup
        .users()
        .execute("ALTER TABLE user ADD COLUMN salt BLOB");
    let gateway = setup.start();
    for (id, name) in [(10, "salted"), (11, "other"), (12, "unsalted")] {
        add(&gateway, id, name, SALTED_SHA1);
    }
    let users = gateway.setup().users();
    users.execute("UPDATE user SET salt = 's4lt' WHERE id = 10");
    users.execute("UPDATE user SET salt = 'salt' WHERE id = 11");
    let tried = |name: &str| gateway.send(&login(&format!("{name}@example.com"), "비밀번호"));
    assert_json(&tried("other"), 400, WRONG);
    assert_json(&tried("unsalted"), 400, WRONG);
    let line = gateway.log_line("\"stored.format\":\"digest\"");
    assert!(line.contains("in no format that can be checked"), "{line}");
    assert_eq!(tried("salted").status, 200);
    gateway.log_line("a better hash of the password is stored");
    assert_eq!(
        users.count("hashed_password LIKE '$2b$%' AND salt = 's4lt'"),
        1
    );
    assert_eq!(tried("salted").status, 200);
    assert!(!gateway.said().contains("s4lt"), "{}", gateway.said());
}
