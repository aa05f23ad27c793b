//! The domain-driven Flask system: the claims of flask-jwt-extended, with the user's id as a number.

use serde_json::json;

use super::{Example, claims};
use crate::{
    accounts::said,
    harness::{
        Request, Response,
        token::{self, ACCESS_SECRET},
        users::PASSWORD,
    },
};

const ROWS: [&str; 2] = [
    "INSERT INTO users (nickname, password) VALUES ('\u{d558}\u{b298}', '{hash}')",
    "INSERT INTO users (nickname, password) VALUES ('other', '{hash}')",
];

fn signin(example: &Example, nickname: &str, password: &str) -> Response {
    let body = json!({ "nickname": nickname, "password": password });
    example
        .gateway
        .send(&Request::post("/api/user/v1/signin").json(&body))
}

#[test]
fn a_login_a_call_and_each_refusal() {
    let example = Example::start("ddd", &ROWS);
    let granted = signin(&example, "\u{d558}\u{b298}", PASSWORD);
    let body = granted.json();
    let access = body["data"].as_str().expect("a token").to_owned();
    assert_eq!(
        said(&granted),
        (200, format!("{{\"data\":\"{access}\",\"meta\":null}}\n"))
    );
    assert_eq!(
        claims(&access),
        r#"{"identity":1,"fresh":false,"type":"access"}"#
    );
    let refused =
        "{\"error_message\":\"nickname or password is wrong\",\"type\":\"unauthorized_error\"}\n";
    for (nickname, password) in [("\u{d558}\u{b298}", "wrong"), ("nobody", PASSWORD)] {
        assert_eq!(
            said(&signin(&example, nickname, password)),
            (400, refused.to_owned())
        );
    }
    let invalid = "{\"error_message\":\"nickname and password are required\",\"type\":\"invalid_request_error\"}\n";
    for request in [
        Request::post("/api/user/v1/signin").json(&json!({ "nickname": 7, "password": "x" })),
        Request::post("/api/user/v1/signin").json(&json!({ "nickname": "", "password": "x" })),
        Request::post("/api/user/v1/signin").json(&json!([])),
        Request::post("/api/user/v1/signin"),
    ] {
        assert_eq!(
            said(&example.gateway.send(&request)),
            (400, invalid.to_owned())
        );
    }
}

#[test]
fn only_the_member_changes_their_own_record_and_only_with_an_access_token() {
    let example = Example::start("ddd", &ROWS);
    let body = signin(&example, "other", PASSWORD).json();
    let access = body["data"].as_str().expect("a token").to_owned();
    let change = |id: u8, token: &str| {
        let request = Request::new("PUT", &format!("/api/user/v1/user/{id}")).token(token);
        example.gateway.send(&request).status
    };
    assert_eq!((change(2, &access), change(1, &access)), (200, 403));
    assert_eq!(example.told("x-user-id"), ["2"]);
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let theirs = |kind: &str, identity| {
        let body = json!({ "exp": token::now() + 60, "identity": identity, "type": kind });
        token::with_header(&header, &body, ACCESS_SECRET)
    };
    assert_eq!(
        change(2, &theirs("access", json!(2))),
        200,
        "a token of the application"
    );
    assert_eq!(change(2, &theirs("refresh", json!(2))), 401);
    assert_eq!(change(2, &theirs("access", json!([2]))), 401);
}
