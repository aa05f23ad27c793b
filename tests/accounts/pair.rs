//! `POST /auth/token/pair` with its credentials in JSON: the dialect `pair`.

use super::{DECISION, assert_json, further_headers, gateway, pair, possible_tokens};
use crate::harness::{Request, token, users::PASSWORD};

const REFUSED: &str = r#"{"code":401,"message":"올바르지 않은 계정입니다."}"#;

#[test]
fn a_login_answers_a_pair_of_tokens() {
    let gateway = gateway();
    let before = token::now();
    let response = gateway.send(&pair("active@example.com", PASSWORD));
    let text = response.text();
    let possible = possible_tokens(1, before)
        .into_iter()
        .map(|(access, refresh)| {
            format!(
                r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"bearer"}}"#
            )
        });
    assert!(possible.into_iter().any(|body| body == text), "{text}");
    assert_json(&response, 200, &text);
    assert_eq!(text.len(), 298);
    assert_eq!(further_headers(&response), [""; 0]);
}

#[test]
fn every_refusal_is_the_same() {
    let gateway = gateway();
    for (email, password) in [
        ("active@example.com", "wrong"),
        ("active@example.com", ""),
        ("active@example.com", "a\0b"),
        ("nobody@example.com", PASSWORD),
        ("passwordless@example.com", PASSWORD),
        ("banned@example.com", PASSWORD),
        ("banned@example.com", "wrong"),
        ("withdrawn@example.com", PASSWORD),
    ] {
        let response = gateway.send(&pair(email, password));
        assert_json(&response, 401, REFUSED);
        assert_eq!(further_headers(&response), DECISION, "{email}");
    }
}

#[test]
fn content_types_decide_what_the_body_is() {
    let gateway = gateway();
    let body = format!(r#"{{"email": "active@example.com", "password": "{PASSWORD}"}}"#);
    let request = || Request::post("/auth/token/pair").body(body.clone());
    for json in [
        "application/json",
        "application/json; charset=utf-8",
        "application/scim+json",
    ] {
        assert_eq!(
            gateway.send(&request().header("Content-Type", json)).status,
            200,
            "{json}"
        );
    }
    let quoted = serde_json::to_string(&body).expect("a text");
    let text = format!(
        r#"{{"detail":[{{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":{quoted}}}]}}"#
    );
    assert_json(&gateway.send(&request()), 422, &text);
    assert_json(
        &gateway.send(&request().header("Content-Type", "text/plain")),
        422,
        &text,
    );
}

#[test]
fn further_members_and_repeated_ones_are_read_as_the_monolith_does() {
    let gateway = gateway();
    for body in [
        format!(r#"{{"email": "active@example.com", "password": "{PASSWORD}", "more": 1}}"#),
        format!(r#"{{"email": "x", "email": "active@example.com", "password": "{PASSWORD}"}}"#),
        format!("\u{feff}{{\"email\": \"active@example.com\", \"password\": \"{PASSWORD}\"}}"),
    ] {
        let request = Request::post("/auth/token/pair").header("Content-Type", "application/json");
        assert_eq!(
            gateway.send(&request.body(body.clone())).status,
            200,
            "{body}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_the_client_s_fault() {
    let request = Request::post("/auth/token/pair").header("Content-Type", "application/json");
    let response = gateway().send(&request.body(b"{\"email\":\"\xff\"}".to_vec()));
    assert_json(
        &response,
        400,
        r#"{"detail":"There was an error parsing the body"}"#,
    );
}

#[test]
fn credentials_in_the_query_are_not_read() {
    let target = "/auth/token/pair?email=active@example.com&password=x";
    let response = gateway().send(&Request::post(target));
    let body =
        r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#;
    assert_json(&response, 422, body);
}
