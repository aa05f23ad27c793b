//! Members of providers in the monolith's tables, in both databases.

use serde_json::{Value, json};

use super::{Browser, Idp, is_granted, log_in, setup};
use crate::harness::{Gateway, Request, Response, Setup, database::Database};

const NEW: &str = "
new_users:
  columns: { name: \"{name}\", is_active: true, created_time: \"{now}\" }
  rejoin: { state: withdrawn, column: quit_at, after: 7d }";

/// Three tables that are joined by a UUID, as the Flask member system has them.
const UUIDS: &str = "
new_users:
  login: \"{email}\"
  columns: { is_active: true, joined: \"{today}\", profile.nickname: \"{name}\", profile.code: \"{uuid}\", profile.age: 0 }";

const SIGN_UP: &str = "
id: uuid
columns: { is_active: { value: true }, profile.nickname: { field: nickname } }
unique: [profile.nickname]
unverified: unproven
rejoin: { state: left, column: quit_at, after: 7d }";

const DIALECT: &str = "
login:
  request: { from: json, fields: { login: {}, password: {} }, invalid: refused }
  granted: { status: 200, body: { access: \"{access_token}\", refresh: \"{refresh_token}\" } }
  refused: { status: 401, body: wrong }
  states: { withdrawn: { status: 403, body: withdrawn }, left: { status: 403, body: left } }
sign_up:
  request: { from: json, fields: { login: {}, password: {}, nickname: {} }, invalid: refused }
  created: { status: 201, body: created }
  conflict: { status: 409, body: conflict }
  too_early: { status: 409, body: too early }
  invalid: { status: 400, body: invalid }";

/// What becomes of the claims of an ID token.
type Claims = fn(&mut Value);

/// One table, with somebody who has a password, somebody who is blocked, and somebody who is linked.
pub(super) fn one_table(database: &Database) {
    let id = match database {
        Database::Sqlite(_) => "INTEGER PRIMARY KEY",
        Database::MySql { .. } => "BIGINT AUTO_INCREMENT PRIMARY KEY",
    };
    for sql in [
        &format!(
            "CREATE TABLE user (id {id}, email VARCHAR(255) NOT NULL, hashed_password VARCHAR(255), name VARCHAR(20), \
             is_active BOOLEAN, is_restricted BOOLEAN, created_time DATETIME, quit_at DATE, sns_type VARCHAR(50), sns_uid VARCHAR(255), \
             apple_refresh_token TEXT)"
        ),
        "INSERT INTO user (id, email, hashed_password, name, is_active, is_restricted, sns_type, sns_uid) VALUES \
         (1, 'active@example.com', '$2b$04$x', 'a', 1, 0, NULL, ''), (2, 'banned@example.com', NULL, 'b', 1, 1, NULL, NULL), \
         (3, 'linked@example.com', '$2b$04$x', 'c', 1, 0, 'idp', 'Subject-3')",
    ] {
        database.execute(sql);
    }
}

/// The section of this table.
pub(super) fn users(database: &Database) -> String {
    format!(
        "
database: \"{}\"
table: user
columns: {{ id: id, login: email, password: hashed_password }}
states: {{ banned: {{ is_restricted: true }}, withdrawn: {{ is_active: false }} }}
write: {{ actions: [sign_up, link, withdraw] }}",
        database.url()
    )
}

/// A gateway before it that may write; with further account routes.
pub(super) fn before(database: &Database, idp: &Idp, (accounts, social): (&str, &str)) -> Setup {
    let more = ", notice_secret: 0123456789abcdef0123";
    setup(&[("idp", &idp.yaml(more))])
        .section("users", &users(database))
        .extended("accounts", accounts)
        .extended("social", social)
}

pub(super) fn count(database: &Database, condition: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM user WHERE {condition}");
    database.numbers(&sql).first().copied().unwrap_or_default()
}

fn days_ago(database: &Database, days: u32) -> String {
    match database {
        Database::Sqlite(_) => format!("date('now', '-{days} days')"),
        Database::MySql { .. } => format!("CURDATE() - INTERVAL {days} DAY"),
    }
}

pub(super) fn place(response: &Response) -> &str {
    response.header("location").unwrap_or_default()
}

/// Somebody whose address the provider vouches for.
pub(super) fn vouched(claims: &mut Value) {
    claims["email"] = "new@example.com".into();
    claims["email_verified"] = true.into();
    claims["name"] = "새 사람 🦀'; --".into();
}

#[test]
fn the_first_login_makes_the_row_and_the_second_finds_it() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, ("", NEW)).start();
        idp.is("Somebody-New");
        idp.claim(vouched);
        for _ in 0..2 {
            assert!(is_granted(&log_in(&gateway, &idp)));
        }
        let whole = "sns_type = 'idp' AND sns_uid = 'Somebody-New' AND email = 'new@example.com' AND is_active \
                     AND hashed_password IS NULL AND created_time IS NOT NULL AND name = '새 사람 🦀''; --'";
        assert_eq!(count(&database, whole), 1);
        assert_eq!(count(&database, "1 = 1"), 4);
        gateway.log_line("signed_up");
        // The column compares without regard to case; ids do not.
        idp.is("somebody-new");
        idp.claim(|it| {
            vouched(it);
            it["email"] = "other@example.com".into();
        });
        assert!(is_granted(&log_in(&gateway, &idp)), "somebody else");
        assert_eq!(count(&database, "email LIKE '%@example.com'"), 5);
    }
}

#[test]
fn a_name_that_no_column_takes_is_no_outage() {
    // SQLite takes anything.
    let database = Database::mysql();
    one_table(&database);
    let idp = Idp::start();
    let gateway = before(&database, &idp, ("", NEW)).start();
    idp.is("somebody-new");
    idp.claim(|it| {
        vouched(it);
        it["name"] = "a".repeat(21).into();
    });
    assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=invalid");
    assert_eq!(count(&database, "1 = 1"), 3, "no row is left");
}

#[test]
fn an_address_that_nobody_vouches_for_makes_and_links_nobody() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, ("", NEW)).start();
        idp.is("somebody-new");
        let cases: [(&str, Claims); 4] = [
            ("no_email", |it| it["email"] = "active@example.com".into()),
            ("no_email", |it| {
                it["email"] = "active@example.com".into();
                it["email_verified"] = "false".into();
            }),
            ("no_email", |it| {
                it["email"] = "fresh@example.com".into();
                it["email_verified"] = 1.into();
            }),
            ("blocked", |it| {
                it["email"] = "banned@example.com".into();
                it["email_verified"] = true.into();
            }),
        ];
        for (why, claims) in cases {
            idp.claim(claims);
            let refused = log_in(&gateway, &idp);
            assert_eq!(place(&refused), format!("/login?error={why}"));
        }
        assert_eq!(count(&database, "1 = 1"), 3, "no row is left");
        assert_eq!(count(&database, "sns_uid = 'somebody-new'"), 0);
    }
}

#[test]
fn first_logins_at_the_same_time_leave_one_row() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateways = [(); 2].map(|()| before(&database, &idp, ("", NEW)).start());
        idp.is("somebody-new");
        idp.claim(vouched);
        let journeys: Vec<(&Gateway, Browser, String)> = (0..8)
            .map(|number| {
                let gateway = &gateways[number % 2];
                let browser = Browser::leaves(gateway, "/idp/start");
                let code = idp.consent(&browser);
                (gateway, browser, code)
            })
            .collect();
        std::thread::scope(|scope| {
            for (gateway, browser, code) in &journeys {
                scope.spawn(move || {
                    let back = browser.brings(gateway, code);
                    assert!(is_granted(&back), "{:?}", back.headers);
                });
            }
        });
        assert_eq!(count(&database, "sns_uid = 'somebody-new'"), 1);
    }
}

#[test]
fn who_has_left_waits_before_they_join_again() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let native = "
- { action: social_token, match: POST /members/token, provider: idp, dialect: members }";
        let gateway = before(&database, &idp, (native, NEW))
            .section("dialects", "{ members: members.yaml }")
            .file("members.yaml", DIALECT)
            .start();
        let leave = |days: u32, what: &str| {
            let ago = days_ago(&database, days);
            database.execute(&format!(
                "UPDATE user SET is_active = 0, quit_at = {ago} WHERE {what}"
            ));
        };
        idp.claim(vouched);
        idp.is("Subject-3");
        // Neither the account at the provider nor the address comes back before its time.
        leave(6, "id = 3");
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=too_early");
        gateway.log_line("sign_up_refused");
        idp.is("another");
        idp.claim(|it| {
            it["email"] = "linked@example.com".into();
            it["email_verified"] = true.into();
        });
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=too_early");
        let token = json!({ "id_token": idp.id_token("web", None) });
        let told = gateway.send(&Request::post("/members/token").json(&token));
        assert_eq!((told.status, told.json()), (409, "too early".into()));
        database.execute("UPDATE user SET quit_at = NULL WHERE id = 3");
        assert_eq!(
            place(&log_in(&gateway, &idp)),
            "/login?error=too_early",
            "nothing says that it was long ago"
        );
        assert_eq!(count(&database, "1 = 1"), 3);

        leave(8, "id = 3");
        idp.is("Subject-3");
        for _ in 0..2 {
            assert!(is_granted(&log_in(&gateway, &idp)));
        }
        assert_eq!(count(&database, "1 = 1"), 4, "the old row stays");
        assert_eq!(count(&database, "sns_uid = 'Subject-3' AND is_active"), 1);
        leave(0, "sns_uid = 'Subject-3' AND is_active");
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=too_early");
    }
}

#[test]
fn without_a_rule_who_has_left_stays_away() {
    let database = Database::sqlite();
    one_table(&database);
    let idp = Idp::start();
    let new = NEW.lines().filter(|line| !line.contains("rejoin"));
    let new: String = new.flat_map(|line| ["\n", line]).collect();
    let gateway = before(&database, &idp, ("", &new)).start();
    database.execute("UPDATE user SET is_active = 0, quit_at = '2020-01-01' WHERE id = 3");
    idp.is("Subject-3");
    assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=blocked");
}

/// A gateway before three tables.
fn before_three(database: &Database, idp: &Idp, social: &str) -> Setup {
    for sql in [
        "CREATE TABLE member (user_no VARCHAR(36) PRIMARY KEY, user_id VARCHAR(50), is_active BOOLEAN, joined DATE, quit_at DATETIME, \
         sns_type VARCHAR(50), sns_uid VARCHAR(255))",
        "CREATE TABLE profile (user_no VARCHAR(36), nickname VARCHAR(20), code VARCHAR(36), age INTEGER NOT NULL, CHECK (age < 100))",
        "CREATE TABLE password (user_no VARCHAR(36), password VARCHAR(200))",
        "INSERT INTO member VALUES ('u-1', 'new@example.com', 0, NULL, NULL, NULL, NULL)",
        "INSERT INTO profile VALUES ('u-1', 'squatter', NULL, 1)",
        "INSERT INTO password VALUES ('u-1', '$2b$04$x')",
    ] {
        database.execute(sql);
    }
    let users = format!(
        "
database: \"{}\"
table: member
join:
  - {{ table: password, on: {{ user_no: user_no }} }}
  - {{ table: profile, on: {{ user_no: user_no }} }}
columns: {{ id: user_no, login: user_id, password: password.password }}
states: {{ unproven: {{ is_active: false, quit_at: null }}, left: {{ is_active: false }} }}
write: {{ actions: [sign_up, link] }}",
        database.url()
    );
    setup(&[("idp", &idp.yaml(""))])
        .section("users", &users)
        .section("sign_up", SIGN_UP)
        .extended("social", social)
}

#[test]
fn a_member_is_made_in_every_table_under_a_uuid() {
    for database in Database::both() {
        let idp = Idp::start();
        let gateway = before_three(&database, &idp, UUIDS).start();
        idp.is("somebody-new");
        idp.claim(vouched);
        for _ in 0..2 {
            assert!(is_granted(&log_in(&gateway, &idp)));
        }
        let rows = |condition: &str| {
            let sql = format!(
                "SELECT COUNT(*) FROM member m JOIN profile p ON p.user_no = m.user_no \
                 JOIN password w ON w.user_no = m.user_no WHERE {condition}"
            );
            database.numbers(&sql)
        };
        let whole = "LENGTH(m.user_no) = 36 AND LENGTH(p.code) = 36 AND p.code <> m.user_no AND m.is_active AND p.age = 0 \
                     AND w.password IS NULL AND m.joined IS NOT NULL AND m.sns_type = 'idp' AND p.nickname LIKE '새 사람%'";
        assert_eq!(rows(whole), [1]);
        assert_eq!(rows("1 = 1"), [1], "who had proven nothing is replaced");

        // What nobody else may have, and what comes too early, are so here as at a sign-up.
        idp.is("somebody-else");
        idp.claim(|it| {
            vouched(it);
            it["email"] = "else@example.com".into();
        });
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=conflict");
        let now = days_ago(&database, 1);
        database.execute(&format!("UPDATE member SET is_active = 0, quit_at = {now}"));
        idp.is("somebody-new");
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=too_early");
        for table in ["member", "profile", "password"] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            assert_eq!(database.numbers(&sql), [1], "{table}");
        }
    }
}

#[test]
fn a_member_who_cannot_be_made_in_every_table_is_made_in_none() {
    for database in Database::both() {
        let idp = Idp::start();
        let social = UUIDS.replace("profile.age: 0", "profile.age: 100");
        let gateway = before_three(&database, &idp, &social).start();
        database.execute("DELETE FROM member");
        idp.is("somebody-new");
        idp.claim(vouched);
        assert_eq!(place(&log_in(&gateway, &idp)), "/login?error=invalid");
        assert_eq!(database.numbers("SELECT COUNT(*) FROM member"), [0]);
    }
}
