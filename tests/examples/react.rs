//! FastAPI, React and MySQL: the form of OAuth 2.0, and accounts that are not verified yet.

use super::{Example, claims, form};
use crate::{
    accounts::said,
    harness::{Request, users::PASSWORD},
};
use serde_json::json;

const ROWS: [&str; 2] = [
    "INSERT INTO users (name, email, hashed_password, is_active) VALUES ('a', 'active@example.com', '{hash}', 1)",
    "INSERT INTO users (name, email, hashed_password, is_active) VALUES ('n', 'new@example.com', '{hash}', 0)",
];

#[test]
fn a_login_a_call_a_refresh_and_each_refusal() {
    let example = Example::start("react", &ROWS);
    let login = |user, password| {
        let fields = [
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
        ];
        example.gateway.send(&form("/login", &fields))
    };
    let granted = login("active@example.com", PASSWORD);
    let body = granted.json();
    let token = |name: &str| body[name].as_str().expect("a token").to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    let pair = |access: &str| {
        format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"bearer"}}"#
        )
    };
    assert_eq!(said(&granted), (200, pair(&access)));
    assert_eq!(
        claims(&access),
        r#"{"sub":"active@example.com","type":"access"}"#
    );
    let wrong = r#"{"detail":"Incorrect username or password"}"#.to_owned();
    assert_eq!(
        said(&login("active@example.com", "wrong")),
        (401, wrong.clone())
    );
    assert_eq!(said(&login("new@example.com", "wrong")), (401, wrong));
    let inactive = r#"{"detail":"Inactive user"}"#.to_owned();
    assert_eq!(said(&login("new@example.com", PASSWORD)), (400, inactive));
    let profile = |token: &str| example.gateway.send(&Request::get("/profile").token(token));
    assert_eq!(
        (profile(&access).status, profile(&refresh).status),
        (200, 401)
    );
    assert_eq!(example.told("x-user-email"), ["active@example.com"]);
    let renew = |token: &str| {
        let request = Request::post("/refresh").json(&json!({ "refresh_token": token }));
        example.gateway.send(&request)
    };
    let renewed = renew(&refresh);
    let body = renewed.json();
    let access = body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(said(&renewed), (200, pair(&access)));
    let refused = r#"{"detail":"Could not validate credentials"}"#.to_owned();
    assert_eq!(said(&renew(&access)), (401, refused));
    assert_eq!(renew("").status, 401);
}
