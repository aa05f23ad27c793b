//! `POST /auth/token/verify`: what the guard would decide, and whether the user is blocked.

use serde_json::json;

use super::{assert_json, gateway, pair, refresh_token, verify};
use crate::harness::{
    Gateway, Request, Upstream,
    token::{self, ACCESS_SECRET},
    users::PASSWORD,
};

const YES: &str = r#"{"bool":true}"#;
const NO: &str = r#"{"bool":false}"#;

#[test]
fn the_access_token_of_a_login_holds_and_its_refresh_token_does_not() {
    let gateway = gateway();
    let session = gateway.send(&pair("active@example.com", PASSWORD)).json();
    for (member, answer) in [("access_token", YES), ("refresh_token", NO)] {
        let token = session[member].as_str().expect("a token");
        assert_json(&gateway.send(&verify(token)), 200, answer);
    }
}

#[test]
fn the_token_of_a_blocked_or_unknown_user_does_not_hold() {
    let gateway = gateway();
    for (subject, answer) in [
        ("1", YES),
        ("2", NO),
        ("3", NO),
        ("4", YES),
        ("9999", NO),
        ("abc", NO),
    ] {
        assert_json(&gateway.send(&verify(&token::access(subject))), 200, answer);
    }
}

#[test]
fn a_ban_is_seen_at_once() {
    let gateway = gateway();
    let token = token::access("1");
    assert_json(&gateway.send(&verify(&token)), 200, YES);
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_json(&gateway.send(&verify(&token)), 200, NO);
}

#[test]
fn a_token_that_the_guard_refuses_does_not_hold() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    for bad in [
        token::with_header(
            &header,
            &json!({ "exp": token::now(), "sub": "1" }),
            ACCESS_SECRET,
        ),
        token::with_header(
            &json!({ "alg": "none" }),
            &token::claims("1"),
            ACCESS_SECRET,
        ),
        token::with_header(&header, &json!({ "exp": token::now() + 60 }), ACCESS_SECRET),
        token::with_header(&header, &json!({ "sub": "1" }), ACCESS_SECRET),
        refresh_token("1"),
        "garbage".to_owned(),
    ] {
        assert_json(&gateway.send(&verify(&bad)), 200, NO);
        assert_eq!(
            gateway.send(&Request::get("/deals").token(&bad)).status,
            401,
            "{bad}"
        );
    }
    assert!(upstream.seen().is_empty());
}
