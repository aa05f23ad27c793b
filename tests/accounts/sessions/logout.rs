//! What users do with their sessions, and what becomes of the tokens.

use serde_json::{Value, json};

use super::{Pair, logged_in, named, refreshed, sessions_of};
use crate::{
    accounts::{refresh, refresh_token},
    harness::{
        Gateway, Request, Response, Setup, own_tables::OwnTables, token, users::PASSWORD,
        wait_until,
    },
};

/// Gateways that share tables learn of an end no later than this, and what the machine takes.
const BOUND: std::time::Duration = std::time::Duration::from_secs(1);

fn databases() -> [OwnTables; 2] {
    [OwnTables::Sqlite, OwnTables::maria_db()]
}

fn keeping(tables: &OwnTables) -> Setup {
    super::keeping(tables, "rotation: on")
}

fn post(gateway: &Gateway, path: &str, token: &str) -> Response {
    gateway.send(&Request::post(path).token(token))
}

#[track_caller]
fn assert_ended(answer: &Response, count: u64) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({ "ended": count }));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn may(gateway: &Gateway, access: &str) -> bool {
    let status = gateway.send(&Request::get("/deals").token(access)).status;
    assert!(status == 401 || status == 200 || status == 502, "{status}");
    status != 401
}

/// Whether the tokens of a session do nothing any more.
fn is_over(gateway: &Gateway, pair: &Pair) -> bool {
    !may(gateway, &pair.access) && refreshed(gateway, &pair.refresh).is_none()
}

#[test]
fn a_logout_ends_one_session_and_leaves_the_other() {
    for tables in databases() {
        let gateway = keeping(&tables).start();
        let (one, other) = (logged_in(&gateway), logged_in(&gateway));
        assert_ended(&post(&gateway, "/auth/logout", &one.access), 1);
        assert!(is_over(&gateway, &one));
        assert!(may(&gateway, &other.access));
        assert!(refreshed(&gateway, &other.refresh).is_some());
        let again = post(&gateway, "/auth/logout", &one.access);
        assert_eq!(again.status, 401, "it is over");
    }
}

#[test]
fn a_logout_takes_the_refresh_token_too_wherever_it_stands() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables).start();
    let in_header = logged_in(&gateway);
    assert_ended(&post(&gateway, "/auth/logout", &in_header.refresh), 1);
    let in_json = logged_in(&gateway);
    let request = Request::post("/auth/logout").json(&json!({ "token": in_json.refresh }));
    assert_ended(&gateway.send(&request), 1);
    let in_form = logged_in(&gateway);
    let request = Request::post("/auth/logout")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("token={}", in_form.refresh));
    assert_ended(&gateway.send(&request), 1);
    for pair in [in_header, in_json, in_form] {
        assert!(is_over(&gateway, &pair));
    }
}

#[test]
fn a_logout_after_refreshes_ends_every_token_of_the_session() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables).start();
    let first = logged_in(&gateway);
    let second = refreshed(&gateway, &first.refresh).expect("a successor");
    let third = refreshed(&gateway, &second.refresh).expect("a successor");
    assert_ended(&post(&gateway, "/auth/logout", &third.access), 1);
    for pair in [&first, &second, &third] {
        assert!(is_over(&gateway, pair), "the grace does not count");
    }
}

#[test]
fn who_ends_the_other_sessions_keeps_this_one() {
    for tables in databases() {
        let gateway = keeping(&tables).start();
        let (one, other, third) = (
            logged_in(&gateway),
            logged_in(&gateway),
            logged_in(&gateway),
        );
        assert_ended(&post(&gateway, "/auth/logout-others", &one.access), 2);
        assert!(is_over(&gateway, &other) && is_over(&gateway, &third));
        assert!(may(&gateway, &one.access));
        assert!(refreshed(&gateway, &one.refresh).is_some());
    }
}

#[test]
fn everywhere_ends_all_and_whatever_was_granted_without_a_session() {
    for tables in databases() {
        let gateway = keeping(&tables).start();
        let (one, other) = (logged_in(&gateway), logged_in(&gateway));
        let granted = json!({ "exp": token::now() + 30 * 86_400, "sub": "1" });
        let of_the_monolith = token::signed(&granted);
        assert!(may(&gateway, &of_the_monolith));
        assert_ended(&post(&gateway, "/auth/logout-everywhere", &one.access), 2);
        assert!(is_over(&gateway, &one) && is_over(&gateway, &other));
        assert!(!may(&gateway, &of_the_monolith));
        // In the same second, most likely.
        let next = logged_in(&gateway);
        assert!(may(&gateway, &next.access), "a new login");
        assert!(refreshed(&gateway, &next.refresh).is_some());
    }
}

#[test]
fn a_user_sees_the_own_sessions_and_ends_one_of_them() {
    for tables in databases() {
        let gateway = keeping(&tables).start();
        let agent = Request::post("/auth/token/pair")
            .json(&json!({ "email": "active@example.com", "password": PASSWORD }))
            .header("User-Agent", "A browser");
        let other = logged_in(&gateway);
        let one = Pair::of(&gateway.send(&agent).json()).expect("a pair");
        let sessions = sessions_of(&gateway, &one.access);
        assert_eq!(sessions.len(), 2);
        let current = named(&sessions, "current", &true.into());
        assert_eq!(current["agent"], "A browser");
        assert_eq!(current["address"], "127.0.0.1");
        for time in ["opened_at", "used_at", "expires_at"] {
            let text = current[time].as_str().expect("a time");
            assert!(text.starts_with("20") && text.ends_with('Z'), "{text}");
        }
        let to_end = named(&sessions, "current", &false.into())["id"].clone();
        let end = |token: &str, id: &Value| {
            let request = Request::post("/auth/sessions/end").token(token);
            gateway.send(&request.json(&json!({ "session": id })))
        };
        assert_ended(&end(&one.access, &json!("of nobody")), 0);
        assert_ended(&end(&one.access, &to_end), 1);
        assert!(is_over(&gateway, &other));
        assert_eq!(sessions_of(&gateway, &one.access).len(), 1);
    }
}

#[test]
fn nobody_ends_or_sees_the_sessions_of_others() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables).start();
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_restricted = 0, is_active = 1");
    let mine = logged_in(&gateway);
    let theirs = super::pair("banned@example.com", PASSWORD);
    let theirs = Pair::of(&gateway.send(&theirs).json()).expect("a pair");
    let sessions = sessions_of(&gateway, &theirs.access);
    assert_eq!(sessions.len(), 1);
    let request = Request::post("/auth/sessions/end")
        .token(&mine.access)
        .json(&json!({ "session": sessions[0]["id"] }));
    assert_ended(&gateway.send(&request), 0);
    assert_ended(&post(&gateway, "/auth/logout-everywhere", &mine.access), 1);
    assert!(may(&gateway, &theirs.access));
    assert!(refreshed(&gateway, &theirs.refresh).is_some());
}

#[test]
fn who_shows_no_token_or_a_bad_one_is_told_so() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables).start();
    logged_in(&gateway);
    let none = gateway.send(&Request::post("/auth/logout"));
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    for bad in ["x", &token::expired("1"), &refresh_token("9999")] {
        let answer = post(&gateway, "/auth/logout", bad);
        assert_eq!(answer.status, 401, "{bad}");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
}

#[test]
fn another_gateway_learns_of_a_logout() {
    let tables = OwnTables::maria_db();
    let one = keeping(&tables).start();
    let pair = logged_in(&one);
    let other = one.follow();
    assert!(may(&other, &pair.access));
    let before = sidegate::clock::Clock.instant();
    assert_ended(&post(&one, "/auth/logout", &pair.access), 1);
    wait_until("the other gateway to know", || !may(&other, &pair.access));
    let lag = sidegate::clock::Clock.instant() - before;
    assert!(lag < 5 * BOUND, "{lag:?}");
    assert!(refreshed(&other, &pair.refresh).is_none());
}

#[test]
fn what_was_ended_stays_ended_after_a_restart() {
    for tables in databases() {
        let mut gateway = keeping(&tables).start();
        let (one, other) = (logged_in(&gateway), logged_in(&gateway));
        assert_ended(&post(&gateway, "/auth/logout", &one.access), 1);
        gateway.sigkill();
        let gateway = gateway.follow();
        wait_until("what was ended to be known", || !may(&gateway, &one.access));
        assert!(refreshed(&gateway, &one.refresh).is_none());
        assert!(refreshed(&gateway, &other.refresh).is_some());
        assert_ended(&post(&gateway, "/auth/logout-everywhere", &other.access), 1);
    }
}

#[test]
fn an_audit_reads_who_has_ended_sessions() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables).start();
    let pair = logged_in(&gateway);
    assert_ended(&post(&gateway, "/auth/logout", &pair.access), 1);
    let line = gateway.log_line(r#""security":"sessions_ended""#);
    for part in [r#""account":"1""#, r#""by":"logout""#, r#""sessions":1"#] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!gateway.said().contains(&pair.access));
}

#[test]
fn without_rotation_a_logout_ends_a_session_just_the_same() {
    for tables in databases() {
        let gateway = super::keeping(&tables, "rotation: off").start();
        let (one, other) = (logged_in(&gateway), logged_in(&gateway));
        let refresh_again = refreshed(&gateway, &one.refresh).expect("the same");
        assert_eq!(refresh_again.refresh, one.refresh);
        assert_ended(&post(&gateway, "/auth/logout", &one.access), 1);
        assert!(is_over(&gateway, &one));
        assert!(!may(&gateway, &refresh_again.access));
        let answer = gateway.send(&refresh(&other.refresh)).json();
        assert_eq!(answer["refresh_token"], other.refresh);
    }
}
