//! Whether a route's rule holds.

use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Upstream, token};

#[test]
fn optional_routes_take_those_without_a_token_too() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(gateway.get("/optional/a").status, 200);
    assert_eq!(
        gateway
            .send(&Request::get("/optional/b").token(&token::access("7")))
            .status,
        200
    );
    let seen = upstream.seen();
    assert!(seen[0].values("x-user-id").is_empty());
    assert_eq!(seen[1].values("x-user-id"), ["7"]);
}

#[track_caller]
fn owner(path: &str, subject: Value, status: u16) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.send(&Request::get(path).token(&token::access(subject)));
    assert_eq!(response.status, status, "{path}");
    assert_eq!(upstream.seen().len(), usize::from(status == 200), "{path}");
}

#[test]
fn a_path_may_speak_of_its_owner_alone() {
    owner("/users/7/posts", json!("7"), 200);
    owner("/users/7", json!(7), 200);
    owner("/users/%37", json!(7), 200);
    owner("/users/8/posts", json!("7"), 403);
    owner("/users/07", json!(7), 403);
    owner("/users/7%20", json!(7), 403);
    owner("/users/A", json!("a"), 403);
}

#[test]
fn somebody_else_is_told_so_in_the_usual_way() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let response = gateway.send(&Request::get("/users/8").token(&token::access("7")));
    assert_eq!(
        (response.status, response.text().as_str()),
        (403, r#"{"detail":"Forbidden"}"#)
    );
    assert_eq!(
        response.header("www-authenticate"),
        Some(r#"Bearer error="insufficient_scope""#)
    );
    assert_eq!(gateway.outcome("/users/8"), "not_the_subject");
}

#[test]
fn a_bad_token_is_refused_before_the_rule_is_asked() {
    let gateway = Gateway::before(&Upstream::start()).start();
    assert_eq!(gateway.get("/users/8").status, 401);
    assert_eq!(
        gateway.send(&Request::get("/users/8").token("x")).status,
        401
    );
}

#[test]
fn every_request_is_decided_anew_however_often_the_token_was_seen() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let token = token::access("7");
    let mut connection = gateway.client().connect();
    for _ in 0..3 {
        assert_eq!(
            connection
                .send(&Request::get("/users/7").token(&token))
                .status,
            200
        );
        assert_eq!(
            connection
                .send(&Request::get("/users/8").token(&token))
                .status,
            403
        );
    }
}
