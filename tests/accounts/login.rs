//! `POST /login/access-token` with its credentials in the query: the dialect `pampam`.

use super::{assert_json, further_headers, gateway, login, possible_tokens, said};
use crate::harness::{Gateway, Request, Upstream, token, users::PASSWORD};

pub(super) const WRONG: &str = r#"{"detail":{"error_code":192,"message":"이메일 또는 패스워드가 올바르지 않습니다. 다시 입력해주세요."}}"#;
pub(super) const BANNED: &str =
    r#"{"detail":{"error_code":192,"message":"보호조치된 계정입니다."}}"#;
pub(super) const WITHDRAWN: &str = r#"{"detail":{"error_code":191,"message":"탈퇴 회원입니다. 탈퇴 후 7일동안 다시 가입할수 없어요."}}"#;

#[test]
fn a_login_answers_the_user_and_both_tokens() {
    let gateway = gateway();
    let before = token::now();
    let response = gateway.send(&login("active@example.com", PASSWORD));
    let possible = possible_tokens(1, before).into_iter().map(|(access, refresh)| {
        format!(
            "{{\"id\":1,\"email\":\"active@example.com\",\"name\":\"active\",\"user_type\":\"user\",\"is_active\":true,\
             \"point\":100,\"created_time\":\"2024-01-02T03:04:05\",\"quit_at\":null,\
             \"token\":{{\"access_token\":\"{access}\",\"refresh_token\":\"{refresh}\",\"token_type\":\"bearer\"}}}}"
        )
    });
    let text = response.text();
    assert!(possible.into_iter().any(|body| body == text), "{text}");
    assert_json(&response, 200, &text);
    assert_eq!(further_headers(&response), [""; 0]);
}

#[test]
fn the_token_of_a_login_opens_guarded_routes() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let session = gateway.send(&login("active@example.com", PASSWORD)).json();
    let token = session["token"]["access_token"].as_str().expect("a token");
    assert_eq!(
        gateway.send(&Request::get("/deals").token(token)).status,
        200
    );
    assert_eq!(upstream.only().values("x-user-id"), ["1"]);
}

#[test]
fn wrong_credentials_are_told_apart_by_nobody() {
    let gateway = gateway();
    for (email, password) in [
        ("active@example.com", "wrong"),
        ("active@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("passwordless@example.com", PASSWORD),
        ("passwordless@example.com", ""),
    ] {
        assert_json(&gateway.send(&login(email, password)), 400, WRONG);
    }
}

#[test]
fn a_blocked_user_learns_it_before_the_password_is_looked_at() {
    let gateway = gateway();
    for password in [PASSWORD, "wrong", ""] {
        assert_json(
            &gateway.send(&login("banned@example.com", password)),
            400,
            BANNED,
        );
        assert_json(
            &gateway.send(&login("withdrawn@example.com", password)),
            400,
            WITHDRAWN,
        );
    }
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_active = 0 WHERE id = 2");
    assert_json(
        &gateway.send(&login("banned@example.com", PASSWORD)),
        400,
        BANNED,
    );
}

#[test]
fn a_malformed_request_comes_before_the_user() {
    let response = gateway().send(&Request::post(
        "/login/access-token?email=banned@example.com",
    ));
    let body = r#"{"detail":[{"type":"missing","loc":["query","password"],"msg":"Field required","input":null}]}"#;
    assert_json(&response, 422, body);
}

#[test]
fn states_that_are_null_block_nobody() {
    let gateway = gateway();
    let users = gateway.setup().users();
    users.execute("UPDATE user SET is_active = NULL, is_restricted = NULL WHERE id = 1");
    let response = gateway.send(&login("active@example.com", PASSWORD));
    assert_eq!(response.json()["is_active"], serde_json::Value::Null);
    assert_eq!(response.status, 200);
}

#[test]
fn a_ban_takes_effect_with_the_next_login() {
    let gateway = gateway();
    assert_eq!(
        gateway.send(&login("active@example.com", PASSWORD)).status,
        200
    );
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_json(
        &gateway.send(&login("active@example.com", PASSWORD)),
        400,
        BANNED,
    );
}

#[test]
fn the_address_is_compared_as_its_column_does() {
    let gateway = gateway();
    for email in [
        "ACTIVE@Example.com",
        " active@example.com ",
        "A <active@example.com>",
    ] {
        assert_eq!(gateway.send(&login(email, PASSWORD)).status, 200, "{email}");
    }
}

#[test]
fn an_address_cannot_become_sql() {
    let gateway = gateway();
    for email in [
        "'or'1'='1@example.com",
        "active'--@example.com",
        "%@example.com",
    ] {
        assert_json(&gateway.send(&login(email, PASSWORD)), 400, WRONG);
    }
}

#[test]
fn a_repeated_parameter_is_read_as_the_monolith_does() {
    let gateway = gateway();
    let target = "/login/access-token?email=bad&email=active@example.com&password=x&password=correct+horse%20battery+staple";
    assert_eq!(gateway.send(&Request::post(target)).status, 200);
    let request = Request::post(target).json(&serde_json::json!({ "email": "banned@example.com" }));
    assert_eq!(gateway.send(&request).status, 200);
}

#[test]
fn a_body_beyond_the_limit_is_refused_unread() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("limits", "{ account_body: 1KiB }")
        .start();
    let target = "/login/access-token";
    let fits = gateway.send(&Request::post(target).body(vec![b'x'; 1024]));
    assert_eq!(fits.status, 422);
    let long = gateway.send(&Request::post(target).body(vec![b'x'; 1025]));
    assert_eq!(
        (long.status, &long.json()["type"]),
        (413, &"urn:sidegate:body_too_large".into())
    );
    let chunk = format!("401\r\n{}\r\n0\r\n\r\n", "x".repeat(1025));
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    assert_eq!(gateway.client().raw(head + &chunk).status, 413);
    assert!(upstream.seen().is_empty());
}

#[test]
fn nothing_that_a_user_typed_reaches_a_log() {
    let gateway = Gateway::before(&Upstream::start())
        .section("logs", "{ format: json, level: debug }")
        .start();
    let requests = [
        login("active@example.com", PASSWORD),
        login("active@example.com", "typed-and-wrong"),
        login("nobody@example.com", "typed-and-wrong"),
        login("not an address", "typed-and-wrong"),
        super::pair("banned@example.com", "typed-and-wrong"),
        super::pair("not an address", "typed-and-wrong"),
        super::refresh("typed-and-wrong"),
    ];
    let session = gateway.send(&requests[0]);
    for request in &requests[1..] {
        assert_ne!(gateway.send(request).status, 200);
    }
    gateway.access_lines(requests.len());
    let log = gateway.said();
    let session = session.json();
    let token = session["token"]["access_token"].as_str().expect("a token");
    for secret in [
        PASSWORD,
        "correct+horse",
        "typed-and-wrong",
        "@example.com",
        "%40",
        "not an address",
        token,
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn an_access_line_says_how_a_login_ended() {
    let gateway = gateway();
    for (request, outcome) in [
        (login("active@example.com", PASSWORD), "granted"),
        (login("active@example.com", "wrong"), "refused"),
        (login("banned@example.com", PASSWORD), "blocked"),
        (login("nonsense", PASSWORD), "invalid"),
    ] {
        let count = gateway.said().matches("\"outcome\"").count() + 1;
        let response = gateway.send(&request);
        let line = gateway.access_lines(count).pop().expect("a line");
        assert_eq!(
            (&line["outcome"], &line["status"]),
            (&outcome.into(), &response.status.into()),
            "{line}"
        );
        assert_eq!(said(&response).0, response.status);
    }
}
