//! What operators do with the sessions of users, at their own listener.

use serde_json::json;

use super::{Pair, keeping, logged_in, refreshed};
use crate::harness::{
    Gateway, Request, Response, Upstream, own_tables::OwnTables, token, users::PASSWORD,
};

fn may(gateway: &Gateway, access: &str) -> bool {
    let answer = gateway.send(&Request::get("/deals").token(access));
    answer.status != 401
}

fn end(gateway: &Gateway, user: &str) -> Response {
    gateway.operate(Request::post(&format!("/users/{user}/end-sessions")))
}

#[test]
fn an_operator_ends_all_of_a_users_sessions_and_nobody_elses() {
    for tables in [OwnTables::Sqlite, OwnTables::maria_db()] {
        let gateway = keeping(&tables, "rotation: on").start();
        let (one, other) = (logged_in(&gateway), logged_in(&gateway));
        let monolith = |subject: &str| {
            token::signed(&json!({ "exp": token::now() + 30 * 86_400, "sub": subject }))
        };
        let (unnamed, somebody_elses) = (monolith("1"), monolith("2"));
        assert!(may(&gateway, &unnamed));
        let ended = end(&gateway, "1");
        assert_eq!((ended.status, ended.json()), (200, json!({ "ended": 2 })));
        for Pair { access, refresh } in [&one, &other] {
            assert!(!may(&gateway, access));
            assert_eq!(refreshed(&gateway, refresh), None);
        }
        assert!(!may(&gateway, &unnamed));
        assert!(may(&gateway, &somebody_elses));
        let next = logged_in(&gateway);
        assert!(may(&gateway, &next.access), "a new login");
    }
}

#[test]
fn an_operator_sees_a_users_sessions() {
    let gateway = keeping(&OwnTables::Sqlite, "rotation: on").start();
    logged_in(&gateway);
    let login = json!({ "email": "active@example.com", "password": PASSWORD });
    let request = Request::post("/auth/token/pair").json(&login);
    gateway.send(&request.header("User-Agent", "A browser"));
    let seen = gateway.ask("/users/1/sessions");
    let sessions = seen.json()["sessions"].clone();
    let agents = sessions.as_array().expect("a list").iter();
    let agents: Vec<_> = agents
        .filter_map(|session| session["agent"].as_str())
        .collect();
    assert_eq!(agents, ["A browser"], "{sessions}");
    assert_eq!(sessions.as_array().map(Vec::len), Some(2));
    assert_eq!(
        gateway.ask("/users/2/sessions").json(),
        json!({ "sessions": [] })
    );
}

#[test]
fn sessions_are_for_operators_alone_and_of_users_that_exist() {
    let gateway = keeping(&OwnTables::Sqlite, "rotation: on").start();
    let pair = logged_in(&gateway);
    for request in [
        Request::get("/users/1/sessions"),
        Request::post("/users/1/end-sessions"),
        Request::post("/users/1/end-sessions").token(&pair.access),
    ] {
        assert_eq!(gateway.ask_as_anybody(request).status, 401);
    }
    assert!(may(&gateway, &pair.access));
    for user in ["999", "%20", "1%00", "01", "nobody%2F"] {
        assert_eq!(end(&gateway, user).status, 404, "{user}");
    }
    assert_eq!(gateway.ask("/users/1/end-sessions").status, 405);
    let public = Request::post("/users/1/end-sessions").token(&gateway.admin_token());
    assert_eq!(gateway.send(&public).status, 401, "never on the public one");
}

#[test]
fn where_nothing_remembers_an_end_operators_are_told_what_that_takes() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let answer = end(&gateway, "1");
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("`state`"), "{answer:?}");
}
