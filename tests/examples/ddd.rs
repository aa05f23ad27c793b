//! The domain-driven Flask system: the claims of flask-jwt-extended, with the user's id as a number.

use serde_json::{Value, json};

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

fn access(example: &Example, nickname: &str, password: &str) -> String {
    let granted = signin(example, nickname, password);
    assert_eq!(granted.status, 200, "{granted:?}");
    let token = granted.json()["data"].clone();
    token.as_str().expect("a token").to_owned()
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
fn from_sign_up_to_the_first_login() {
    let example = Example::start("ddd", &ROWS);
    let sign_up = |body: &Value| {
        let request = Request::post("/api/user/v1/signup").json(body);
        example.gateway.send(&request)
    };
    let new = json!({ "nickname": "새 사람", "password": PASSWORD });
    let done = "{\"data\":true,\"meta\":null}\n".to_owned();
    assert_eq!(said(&sign_up(&new)), (200, done));
    let taken = "{\"error_message\":\"the nickname is taken\",\"type\":\"duplicated_error\"}\n";
    assert_eq!(said(&sign_up(&new)), (400, taken.to_owned()));
    for bad in [
        json!({}),
        json!({ "nickname": "", "password": PASSWORD }),
        json!({ "nickname": "a", "password": "b" }),
    ] {
        assert_eq!(sign_up(&bad).status, 400, "{bad}");
    }
    let access = access(&example, "새 사람", PASSWORD);
    assert_eq!(
        claims(&access),
        r#"{"identity":3,"fresh":false,"type":"access"}"#
    );
    let seen = Request::get("/api/deals").token(&access);
    assert_eq!(example.gateway.send(&seen).status, 200);
    assert_eq!(example.told("x-user-id"), ["3"]);
    let rows = "SELECT COUNT(*) FROM users WHERE created_at IS NOT NULL AND password LIKE '$2b$%'";
    assert_eq!(example.database.numbers(rows), [1]);
}

#[test]
fn only_the_member_changes_their_own_record_and_only_with_an_access_token() {
    const NEW: &str = "a better horse battery staple";
    let example = Example::start("ddd", &ROWS);
    let token = access(&example, "other", PASSWORD);
    let second = access(&example, "other", PASSWORD);
    let change = |id: u8, token: &str, body: &Value| {
        let request = Request::new("PUT", &format!("/api/user/v1/user/{id}")).token(token);
        said(&example.gateway.send(&request.json(body)))
    };
    let body = json!({
        "new_nickname": "another", "current_password": PASSWORD, "new_password": NEW, "new_password_check": NEW,
    });
    let refused = "{\"error_message\":\"the password is wrong, or the record is another user's\",\"type\":\"unauthorized_error\"}\n";
    assert_eq!(change(1, &token, &body), (400, refused.to_owned()));
    let mut wrong = body.clone();
    wrong["current_password"] = json!("wrong");
    assert_eq!(change(2, &token, &wrong), (400, refused.to_owned()));
    let mut differs = body.clone();
    differs["new_password_check"] = json!("another");
    assert_eq!(change(2, &token, &differs).0, 400);
    let mut already_taken = json!({ "current_password": PASSWORD });
    already_taken["new_nickname"] = json!("하늘");
    let mut unproven = json!({ "new_nickname": "free" });
    assert_eq!(
        change(2, &token, &unproven).0,
        400,
        "the password is asked for"
    );
    unproven["current_password"] = json!("wrong");
    assert_eq!(change(2, &token, &unproven), (400, refused.to_owned()));
    let conflict = "{\"error_message\":\"the nickname is taken\",\"type\":\"duplicated_error\"}\n";
    assert_eq!(
        change(2, &token, &already_taken),
        (400, conflict.to_owned())
    );
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let theirs = |kind: &str, identity| {
        let body = json!({ "exp": token::now() + 60, "identity": identity, "type": kind });
        token::with_header(&header, &body, ACCESS_SECRET)
    };
    assert_eq!(change(2, &theirs("refresh", json!(2)), &body).0, 401);
    assert_eq!(change(2, &theirs("access", json!([2])), &body).0, 401);
    let untouched =
        "SELECT COUNT(*) FROM users WHERE nickname IN ('하늘', 'other') AND updated_at IS NULL";
    assert_eq!(example.database.numbers(untouched), [2]);
    let done = "{\"data\":true,\"meta\":null}\n".to_owned();
    assert_eq!(change(2, &token, &body), (200, done.clone()));
    assert_eq!(signin(&example, "other", PASSWORD).status, 400);
    access(&example, "another", NEW);
    let status = |token: &str| {
        example
            .gateway
            .send(&Request::get("/api/deals").token(token))
            .status
    };
    assert_eq!((status(&token), status(&second)), (200, 401));
    let again = json!({ "new_nickname": "third", "current_password": NEW });
    let application = theirs("access", json!(2));
    assert_eq!(
        change(2, &application, &again),
        (200, done),
        "a token of the application"
    );
}
