//! Rules about columns of the user's row: who is let in, when the row is looked up, and what an outage is.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Response, Setup, Upstream, token, wait_until};

const ROUTES: &str = r#"
- { match: "/admin/**", access: required, require: { user: { user_type: [admin, staff] } } }
- { match: "/plain/**", access: required, require: { user: { user_type: user } } }
- { match: "/rich/**", access: required, require: { user: { point: 100, is_active: true, quit_at: null } } }
- { match: "/quoted/**", access: required, require: { user: { point: "100" } } }
- { match: "/named/**", access: required, require: { rule: staff } }
- { match: "/not/**", access: required, require: { not: { user: { user_type: admin } } } }
- { match: "/either/**", access: required, require: { any: [{ user: { user_type: admin } }, { claim: { role: admin } }] } }
- { match: "/both/**", access: required, require: { user: { user_type: user }, claim: { role: admin } } }
- { match: "/optional/**", access: optional, require: { any: [{ network: 10.0.0.0/8 }, { user: { user_type: user } }] } }
- { match: "/**", access: required }"#;

/// The users of the tests, whose rows count for so long.
pub(crate) fn users(lifetime: &str) -> String {
    format!(
        "
database: ${{DATABASE_URL}}
table: user
columns: {{ id: id, login: email, password: hashed_password }}
states:
  banned: {{ is_restricted: true }}
  withdrawn: {{ is_active: false }}
row_cache: {{ lifetime: {lifetime} }}"
    )
}

fn setup(upstream: &Upstream, lifetime: &str) -> Setup {
    Gateway::before(upstream)
        .section("users", &users(lifetime))
        .section(
            "rules",
            "{ staff: { user: { user_type: [admin, staff] } } }",
        )
        .routes(ROUTES)
}

fn gateway(upstream: &Upstream, lifetime: &str) -> Gateway {
    setup(upstream, lifetime).start()
}

fn send(gateway: &Gateway, path: &str, subject: impl Into<Value>) -> Response {
    gateway.send(&Request::get(path).token(&token::access(subject)))
}

#[test]
fn the_row_of_a_login_name_is_found_as_its_column_compares() {
    let upstream = Upstream::start();
    let kind = |secret| {
        format!(
            r#"{{ algorithm: HS256, secret: "${{{secret}}}", lifetime: 30d, claims: {{ sub: "{{user.email}}" }} }}"#
        )
    };
    let (access, refresh) = (kind("SECRET_KEY"), kind("REFRESH_TOKEN_SECRET_KEY"));
    let gateway = setup(&upstream, "10s")
        .section(
            "users",
            &format!(
                "{}
show: {{ email: text }}",
                users("10s")
            ),
        )
        .section(
            "tokens",
            &format!(
                "
access: {access}
refresh: {refresh}"
            ),
        )
        .start();
    for (subject, status) in [
        ("active@example.com", 200),
        ("ACTIVE@Example.com", 200),
        ("nobody@example.com", 401),
        ("banned@example.com", 401),
        ("1", 401),
    ] {
        assert_eq!(
            send(&gateway, "/plain/x", subject).status,
            status,
            "{subject}"
        );
    }
}

fn make(gateway: &Gateway, id: u8, user_type: &str) {
    let sql = format!("UPDATE user SET user_type = {user_type} WHERE id = {id}");
    gateway.setup().users().execute(&sql);
}

/// How often a row was known, waited for and not to be had.
fn asked(gateway: &Gateway) -> [u64; 3] {
    let text = gateway.ask("/metrics").text();
    ["hit", "miss", "failed"].map(|outcome| {
        let prefix = format!("sidegate_user_rows_total{{outcome=\"{outcome}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
        line.and_then(|line| line.parse().ok()).expect(&text)
    })
}

#[track_caller]
fn assert_unavailable(response: &Response, code: &str, retry_after: &str) {
    assert_eq!(response.status, 503, "{response:?}");
    assert_eq!(response.header("retry-after"), Some(retry_after));
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(response.json()["type"], format!("urn:sidegate:{code}"));
}

#[test]
fn whose_row_says_so_is_let_in_and_nobody_else() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream, "0s");
    for (user_type, path, status) in [
        ("'admin'", "/admin", 200),
        ("'staff'", "/admin", 200),
        ("'user'", "/admin", 403),
        ("'Admin'", "/admin", 403),
        ("'admin '", "/admin", 403),
        ("NULL", "/admin", 403),
        ("''", "/admin", 403),
        ("1", "/admin", 403),
        ("'staff'", "/named", 200),
        ("'user'", "/named", 403),
        ("'admin'", "/not", 403),
        ("'user'", "/not", 200),
        ("NULL", "/not", 200),
        // Neither an admin's nor not an admin's: nobody knows.
        ("x'61646d696eff'", "/not", 403),
        ("'user'", "/rich", 200),
        ("'user'", "/quoted", 403),
    ] {
        make(&gateway, 1, user_type);
        let before = upstream.seen().len();
        let response = send(&gateway, path, "1");
        assert_eq!(response.status, status, "{user_type} {path}");
        let forwarded = upstream.seen().len() - before;
        assert_eq!(forwarded, usize::from(status == 200), "{user_type} {path}");
    }
    make(&gateway, 1, "'user'");
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET quit_at = '2024-01-02' WHERE id = 1");
    assert_eq!(send(&gateway, "/rich", "1").status, 403);
    let refused = send(&gateway, "/admin", 1);
    assert_eq!(
        refused.header("www-authenticate"),
        Some(r#"Bearer error="insufficient_scope""#)
    );
    let line = gateway.access_line("/admin");
    assert_eq!(line["outcome"], "forwarded");
    let reason = gateway.access_lines(1);
    let reason = reason.iter().rfind(|line| line["path"] == "/admin");
    let reason = reason.expect("a line")["reason"].to_string();
    assert!(reason.contains("user user_type ("), "{reason}");
}

#[test]
fn a_row_counts_until_its_lifetime_is_over() {
    let long = gateway(&Upstream::start(), "1h");
    make(&long, 1, "'admin'");
    assert_eq!(send(&long, "/admin", "1").status, 200);
    make(&long, 1, "'user'");
    for _ in 0..3 {
        assert_eq!(send(&long, "/admin", "1").status, 200);
    }
    // The subject is the id, whatever its JSON type.
    assert_eq!(send(&long, "/admin", 1).status, 200);
    assert_eq!(asked(&long), [4, 1, 0]);

    let short = gateway(&Upstream::start(), "50ms");
    make(&short, 1, "'admin'");
    assert_eq!(send(&short, "/admin", "1").status, 200);
    make(&short, 1, "'user'");
    wait_until("the row to be read again", || {
        send(&short, "/admin", "1").status == 403
    });
}

#[test]
fn without_a_lifetime_each_request_sees_the_table() {
    let gateway = gateway(&Upstream::start(), "0s");
    for (user_type, status) in [("'admin'", 200), ("'user'", 403), ("'admin'", 200)] {
        make(&gateway, 1, user_type);
        assert_eq!(send(&gateway, "/admin", "1").status, status);
    }
    assert_eq!(asked(&gateway), [0, 3, 0]);
}

#[test]
fn a_user_who_is_blocked_or_gone_is_refused_whatever_the_rule_says() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream, "1h");
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET user_type = 'admin'");
    for (id, code, reason) in [
        ("2", "blocked_user", "its state is banned"),
        ("3", "blocked_user", "its state is withdrawn"),
        ("99", "unknown_user", "the token's subject has none"),
        ("01", "unknown_user", "the token's subject has none"),
        ("1 OR 1=1", "unknown_user", "the token's subject has none"),
    ] {
        // Waited for, and known.
        for _ in 0..2 {
            for path in ["/admin", "/not"] {
                let path = format!("{path}/{}", id.replace(' ', "+"));
                let response = send(&gateway, &path, id);
                assert_eq!(response.status, 401, "{id} {path}");
                assert_eq!(
                    response.header("www-authenticate"),
                    Some(r#"Bearer error="invalid_token""#)
                );
                let line = gateway.access_line(&path);
                assert_eq!(line["outcome"], code, "{line}");
                let said = line["reason"].as_str().expect("a reason");
                assert!(said.ends_with(reason), "{said}");
            }
        }
    }
    assert_eq!(upstream.seen().len(), 0);
    // Nothing asks for the row here.
    assert_eq!(send(&gateway, "/deals", "2").status, 200);
}

#[test]
fn a_request_without_a_good_token_is_refused_without_a_look_up() {
    let gateway = gateway(&Upstream::start(), "1h");
    assert_eq!(gateway.get("/admin").status, 401);
    assert_eq!(gateway.get("/optional").status, 401);
    let bad = Request::get("/admin").token(&token::expired("1"));
    assert_eq!(gateway.send(&bad).status, 401);
    assert_eq!(asked(&gateway), [0, 0, 0]);
    assert_eq!(send(&gateway, "/optional", "1").status, 200);
    assert_eq!(asked(&gateway), [0, 1, 0]);
}

/// A gateway whose database is not there yet.
fn without_database(upstream: &Upstream) -> Gateway {
    let setup = setup(upstream, "1h");
    let path = setup.folder().join("later.db");
    setup
        .variable("DATABASE_URL", &format!("sqlite:{}", path.display()))
        .start()
}

#[test]
fn what_a_claim_decides_needs_no_row() {
    let upstream = Upstream::start();
    let gateway = without_database(&upstream);
    let mut claims = token::claims("1");
    claims["role"] = json!("admin");
    let admin = token::signed(&claims);
    let with = |path: &str, token: &str| gateway.send(&Request::get(path).token(token)).status;
    assert_eq!(with("/either", &admin), 200);
    assert_eq!(with("/both", &token::access("1")), 403);
    assert_eq!(asked(&gateway), [0, 0, 0]);
    assert_eq!(with("/either", &token::access("1")), 503);
    assert_eq!(with("/both", &admin), 503);
    assert_eq!(asked(&gateway), [0, 0, 2]);
}

#[test]
fn a_database_that_is_away_is_nobody_s_fault_who_asks() {
    let upstream = Upstream::start();
    let gateway = without_database(&upstream);
    for path in ["/admin", "/plain", "/not"] {
        let response = send(&gateway, path, "1");
        assert_unavailable(&response, "users_unavailable", "1");
        let line = gateway.access_line(path);
        assert_eq!(line["outcome"], "users_unavailable");
        let reason = line["reason"].as_str().expect("a reason");
        assert!(
            reason.contains("the user database is unavailable"),
            "{reason}"
        );
    }
    assert_eq!(gateway.get("/admin").status, 401);
    assert_eq!(send(&gateway, "/deals", "1").status, 200);
    assert_eq!(gateway.ask("/ready").status, 503);
    assert_eq!(upstream.seen().len(), 1);
    let folder = gateway.setup().folder();
    fs::copy(folder.join("users.db"), folder.join("later.db")).expect("a copy");
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
    assert_eq!(send(&gateway, "/admin", "1").status, 403);
}

#[test]
fn a_row_that_is_known_is_used_during_an_outage() {
    let gateway = gateway(&Upstream::start(), "1h");
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO member");
    for _ in 0..3 {
        assert_eq!(send(&gateway, "/plain", "1").status, 200);
        assert_eq!(send(&gateway, "/admin", "1").status, 403);
        let unknown = send(&gateway, "/plain", "4");
        assert_unavailable(&unknown, "users_misconfigured", "30");
    }
    users.execute("ALTER TABLE member RENAME TO user");
    assert_eq!(send(&gateway, "/plain", "4").status, 200);
}

#[test]
fn a_column_that_is_gone_is_the_operator_s_to_put_right() {
    let gateway = gateway(&Upstream::start(), "0s");
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME COLUMN user_type TO kind");
    assert_unavailable(&send(&gateway, "/plain", "1"), "users_misconfigured", "30");
    let reasons = gateway.ask("/ready").json()["reasons"].to_string();
    assert!(reasons.contains("has no column `user_type`"), "{reasons}");
    users.execute("ALTER TABLE user RENAME COLUMN kind TO user_type");
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn a_state_that_cannot_be_read_lets_nobody_in() {
    let gateway = gateway(&Upstream::start(), "0s");
    let users = gateway.setup().users();
    users.execute("UPDATE user SET is_restricted = 'perhaps' WHERE id = 1");
    let response = send(&gateway, "/plain", "1");
    assert_eq!(response.status, 500);
    assert_eq!(gateway.outcome("/plain"), "users_corrupt");
}

#[test]
fn a_request_that_waits_for_its_row_holds_up_no_other() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream, "1h");
    // The connection is there, and the row is not.
    assert_eq!(send(&gateway, "/plain", "4").status, 200);
    let writer = Connection::open(gateway.setup().users().path()).expect("a file");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let waiting = Request::get("/plain/waits").token(&token::access("1"));
    let mut crowd: Vec<_> = (0..20).map(|_| gateway.client().connect()).collect();
    for client in &mut crowd {
        client.write(waiting.bytes());
    }
    // Some leave, the first of them among these.
    crowd.drain(..5);
    // There is one core.
    for _ in 0..5 {
        assert_eq!(send(&gateway, "/deals", "1").status, 200);
        assert_eq!(send(&gateway, "/plain/known", "4").status, 200);
    }
    writer.execute_batch("ROLLBACK").expect("no lock");
    for client in &mut crowd {
        assert_eq!(client.response().status, 200);
    }
    assert_eq!(asked(&gateway)[2], 0);
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
}

#[test]
fn a_table_that_stays_locked_is_an_outage_in_time() {
    let setup = setup(&Upstream::start(), "1h");
    let users = users("1h") + "\ndeadline: 200ms";
    let gateway = setup.section("users", &users).start();
    let writer = Connection::open(gateway.setup().users().path()).expect("a file");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    assert_unavailable(&send(&gateway, "/plain", "1"), "users_unavailable", "1");
    writer.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
}

#[test]
fn rules_need_a_table_of_users_and_no_logins() {
    let upstream = Upstream::start();
    let tokens = r#"{ access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d } }"#;
    let gateway = setup(&upstream, "1h")
        .without("accounts")
        .without("rate_limits")
        .section("tokens", tokens)
        .start();
    assert_eq!(send(&gateway, "/plain", "1").status, 200);
    assert_eq!(send(&gateway, "/admin", "1").status, 403);
    assert_eq!(gateway.ask("/ready").status, 200);
    gateway
        .setup()
        .users()
        .execute("ALTER TABLE user RENAME TO member");
    assert_eq!(gateway.ask("/ready").status, 503);
}

#[test]
fn what_the_row_would_refuse_is_only_observed_where_its_route_is() {
    let upstream = Upstream::start();
    let routes = r#"[{ match: "/{kind}", access: required, mode: observe, require: { user: { user_type: admin } } }, { match: "/**", access: required }]"#;
    let gateway = setup(&upstream, "0s").routes(routes).start();
    let observed = |path: &str, subject: &str| {
        assert_eq!(send(&gateway, path, subject).status, 200, "{path}");
        let line = gateway.access_line(path);
        assert_eq!(line["outcome"], "forwarded", "{line}");
        line["observed"].clone()
    };
    make(&gateway, 1, "'admin'");
    assert_eq!(observed("/admin", "1"), Value::Null);
    make(&gateway, 1, "'user'");
    assert_eq!(observed("/user", "1"), "forbidden");
    assert_eq!(observed("/stranger", "99"), "unknown_user");
    let users = gateway.setup().users();
    users.execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_eq!(observed("/banned", "1"), "blocked_user");
    users.execute("ALTER TABLE user RENAME TO gone");
    assert_eq!(observed("/outage", "1"), "users_misconfigured");
    assert_eq!(upstream.seen().len(), 5);
}
