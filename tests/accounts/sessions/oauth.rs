//! Revocation and introspection, to the letter of RFC 7009 and RFC 7662.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{Pair, keeping, logged_in, refreshed};
use crate::{
    accounts::refresh_token,
    harness::{Gateway, Request, Response, own_tables::OwnTables, token},
};

const SECRET: &str = "a secret of the reports 0123456789";

fn gateway() -> Gateway {
    keeping(&OwnTables::Sqlite, "rotation: on").start()
}

fn form(path: &str, fields: &[(&str, &str)]) -> Request {
    let body = crate::accounts::urlencoded(fields);
    Request::post(path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
}

fn basic(request: Request, id: &str, secret: &str) -> Request {
    let secret = secret.replace(' ', "+");
    let credentials = BASE64_STANDARD.encode(format!("{id}:{secret}"));
    request.header("Authorization", &format!("Basic {credentials}"))
}

fn introspect(gateway: &Gateway, token: &str) -> Response {
    let request = form("/oauth/introspect", &[("token", token)]);
    gateway.send(&basic(request, "reports", SECRET))
}

fn revoke(gateway: &Gateway, token: &str) -> Response {
    gateway.send(&form("/oauth/revoke", &[("token", token)]))
}

#[track_caller]
fn assert_inactive(answer: &Response) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), r#"{"active":false}"#, "exactly, and no more");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[track_caller]
fn assert_error(answer: &Response, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["error"], error);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_good_token_says_what_it_says() {
    let gateway = gateway();
    let Pair { access, refresh } = logged_in(&gateway);
    for good in [&access, &refresh] {
        let answer = introspect(&gateway, good);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let said = answer.json();
        assert_eq!(said["active"], true);
        assert_eq!(said["sub"], "1");
        assert_eq!(said["token_type"], "Bearer");
        assert!(said["exp"].as_u64() > Some(token::now()));
        assert!(said["jti"].is_string());
    }
}

#[test]
fn whatever_is_wrong_with_a_token_it_is_inactive_and_nothing_else() {
    let gateway = gateway();
    let pair = logged_in(&gateway);
    let successor = refreshed(&gateway, &pair.refresh).expect("a successor");
    let spent = &pair.refresh;
    for bad in [
        "x",
        "a.b.c",
        &token::expired("1"),
        &token::access("2"),
        &token::access("9999"),
        spent,
    ] {
        assert_inactive(&introspect(&gateway, bad));
    }
    assert_eq!(revoke(&gateway, &successor.refresh).status, 200);
    for revoked in [&pair.access, &successor.access, &successor.refresh] {
        assert_inactive(&introspect(&gateway, revoked));
    }
}

#[test]
fn a_banned_users_token_is_inactive() {
    let gateway = gateway();
    let pair = logged_in(&gateway);
    let users = gateway.setup().users();
    users.execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_inactive(&introspect(&gateway, &pair.access));
    assert_inactive(&introspect(&gateway, &pair.refresh));
}

#[test]
fn only_known_clients_introspect() {
    let gateway = gateway();
    let token = logged_in(&gateway).access;
    let question = || form("/oauth/introspect", &[("token", &token)]);
    let strangers = [
        question(),
        basic(question(), "reports", "another secret"),
        basic(question(), "nobody", SECRET),
        question().header("Authorization", "Basic ***"),
        question().token(&token),
        form(
            "/oauth/introspect",
            &[("token", &token), ("client_id", "reports")],
        ),
    ];
    for request in strangers {
        let answer = gateway.send(&request);
        assert_error(&answer, 401, "invalid_client");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("Basic "), "{challenge}");
    }
    let in_form = [
        ("token", &*token),
        ("client_id", "hashed"),
        ("client_secret", SECRET),
    ];
    let answer = gateway.send(&form("/oauth/introspect", &in_form));
    assert_eq!(answer.json()["active"], true);
    let twice = basic(form("/oauth/introspect", &in_form), "reports", SECRET);
    assert_error(&gateway.send(&twice), 400, "invalid_request");
}

#[test]
fn a_question_without_a_token_or_with_two_is_no_question() {
    let gateway = gateway();
    logged_in(&gateway);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let requests = [
            form(path, &[]),
            form(path, &[("token", "")]),
            form(path, &[("token", "a"), ("token", "b")]),
            Request::post(path).json(&json!({ "token": "a" })),
        ];
        for request in requests {
            let answer = gateway.send(&basic(request, "reports", SECRET));
            assert_error(&answer, 400, "invalid_request");
        }
    }
}

#[test]
fn revoking_ends_the_session_whichever_of_its_tokens_it_is() {
    let gateway = gateway();
    for which in [0, 1] {
        let pair = logged_in(&gateway);
        let token = [&pair.access, &pair.refresh][which];
        for hint in ["access_token", "refresh_token", "of_no_kind"] {
            let fields = [("token", &**token), ("token_type_hint", hint)];
            let answer = gateway.send(&form("/oauth/revoke", &fields));
            assert_eq!(answer.status, 200, "again, too");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        assert_eq!(refreshed(&gateway, &pair.refresh), None);
        let request = Request::get("/deals").token(&pair.access);
        assert_eq!(gateway.send(&request).status, 401);
    }
}

#[test]
fn revoking_what_is_unknown_or_expired_succeeds() {
    let gateway = gateway();
    logged_in(&gateway);
    let unknown = revoke(&gateway, "unknown");
    for token in ["a.b.c", &token::expired("1"), &token::access("9999")] {
        let answer = revoke(&gateway, token);
        assert_eq!((answer.status, answer.text()), (200, unknown.text()));
    }
}

#[test]
fn a_token_of_the_monolith_is_revoked_where_it_can_be() {
    let gateway = gateway();
    logged_in(&gateway);
    let monoliths = refresh_token("1");
    assert_eq!(revoke(&gateway, &monoliths).status, 200);
    assert_eq!(refreshed(&gateway, &monoliths), None);
    let answer = revoke(&gateway, &token::access("1"));
    assert_error(&answer, 400, "unsupported_token_type");
}

#[test]
fn no_secret_and_no_token_is_logged() {
    let gateway = gateway();
    let pair = logged_in(&gateway);
    introspect(&gateway, &pair.access);
    revoke(&gateway, &pair.refresh);
    gateway.access_lines(3);
    let said = gateway.said();
    for secret in [&*pair.access, &*pair.refresh, SECRET] {
        assert!(!said.contains(secret));
    }
}
