//! `POST /auth/token/refresh`.

use serde_json::json;

use super::{
    DECISION, assert_json, further_headers, gateway, pair, possible_tokens, refresh, refresh_token,
};
use crate::harness::{
    Gateway, Upstream,
    token::{self, REFRESH_SECRET},
    users::PASSWORD,
};

const REFUSED: &str = r#"{"code":401,"message":"올바르지 않은 토큰"}"#;

#[track_caller]
fn assert_refused(gateway: &Gateway, token: &str) {
    let response = gateway.send(&refresh(token));
    assert_json(&response, 401, REFUSED);
    assert_eq!(further_headers(&response), DECISION);
}

#[test]
fn a_refresh_answers_a_new_access_token_and_the_same_refresh_token() {
    let gateway = gateway();
    let presented = refresh_token("1");
    let before = token::now();
    let response = gateway.send(&refresh(&presented));
    let text = response.text();
    let possible = possible_tokens(1, before).into_iter().map(|(access, _)| {
        format!(
            r#"{{"access_token":"{access}","refresh_token":"{presented}","token_type":"bearer"}}"#
        )
    });
    assert!(possible.into_iter().any(|body| body == text), "{text}");
    assert_json(&response, 200, &text);
}

#[test]
fn the_refresh_token_of_a_login_is_accepted_again_and_again() {
    let gateway = gateway();
    let session = gateway.send(&pair("active@example.com", PASSWORD)).json();
    let token = session["refresh_token"].as_str().expect("a token");
    for _ in 0..3 {
        assert_eq!(gateway.send(&refresh(token)).json()["refresh_token"], token);
    }
}

#[test]
fn an_access_token_refreshes_nothing() {
    assert_refused(&gateway(), &token::access("1"));
}

#[test]
fn a_blocked_or_unknown_user_refreshes_nothing() {
    let gateway = gateway();
    for id in ["2", "3", "9999", "abc", "1 ", "01", ""] {
        assert_refused(&gateway, &refresh_token(id));
    }
}

#[test]
fn a_ban_ends_refreshing_at_once() {
    let gateway = gateway();
    let token = refresh_token("1");
    assert_eq!(gateway.send(&refresh(&token)).status, 200);
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_refused(&gateway, &token);
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_restricted = 0 WHERE id = 1");
    assert_eq!(gateway.send(&refresh(&token)).status, 200);
}

#[test]
fn a_bad_token_refreshes_nothing() {
    let gateway = gateway();
    let good = json!({ "alg": "HS256", "typ": "JWT" });
    let token = refresh_token("1");
    let (head, signature) = token.rsplit_once('.').expect("a signature");
    for bad in [
        token::with_header(
            &good,
            &json!({ "exp": token::now() - 1, "sub": "1" }),
            REFRESH_SECRET,
        ),
        token::with_header(
            &json!({ "alg": "none" }),
            &token::claims("1"),
            REFRESH_SECRET,
        ),
        token::with_header(
            &json!({ "alg": "HS512" }),
            &token::claims("1"),
            REFRESH_SECRET,
        ),
        token::with_header(&good, &json!({ "exp": token::now() + 60 }), REFRESH_SECRET),
        format!("{head}."),
        format!("{head}.A{signature}"),
        format!("Bearer {token}"),
        format!("{token}.x"),
    ] {
        assert_refused(&gateway, &bad);
    }
}

#[test]
fn with_one_secret_for_both_kinds_each_is_the_other() {
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}" } }
refresh: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}" } }
same_secret: acknowledged"#;
    let gateway = Gateway::before(&Upstream::start())
        .section("tokens", tokens)
        .start();
    assert_eq!(gateway.send(&refresh(&token::access("1"))).status, 200);
}
