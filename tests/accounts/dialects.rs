//! A dialect of the operator's own: data, not code.

use serde_json::json;

use super::{assert_json, possible_tokens, urlencoded};
use crate::harness::{Gateway, Request, Setup, Upstream, token, users::PASSWORD};

/// A Java shop's login: a form, its own statuses, states told only to those who know the password.
const OWN: &str = r#"
login:
  request:
    from: form
    fields:
      login: { name: j_username }
      password: { name: j_password }
    invalid: refused
  granted:
    status: 201
    body:
      success: true
      user: { "...": "{user}", self: "/members/{user.id}" }
      id: "{user.id}"
      session: ["{access_token}", "{refresh_token}"]
      literal: "{{user}}"
      nothing: null
  refused:
    status: 403
    body: { success: false, reason: null }
  states:
    banned: { status: 423, body: { success: false, reason: banned } }
refresh:
  request: { from: query, fields: { token: { name: t } }, invalid: refused }
  granted: { status: 200, body: "{access_token}" }
  refused: { status: 410, body: [] }
verify:
  request: { from: form, fields: { token: { name: t } }, invalid: fastapi }
  valid: { status: 204, body: {} }
  invalid: { status: 404, body: false }
"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /j_security_check, dialect: shop }
- { action: refresh, match: PUT /session, dialect: shop }
- { action: verify, match: POST /session, dialect: shop }";

fn setup(dialect: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .section("dialects", "{ shop: shop.yaml }")
        .section("accounts", ACCOUNTS)
        .file("shop.yaml", dialect)
}

fn form(target: &str, fields: &[(&str, &str)]) -> Request {
    let request = Request::post(target).header("Content-Type", "application/x-www-form-urlencoded");
    request.body(urlencoded(fields))
}

fn login(user: &str, password: &str) -> Request {
    form(
        "/j_security_check",
        &[("j_username", user), ("j_password", password)],
    )
}

#[test]
fn a_success_is_filled_as_the_file_says() {
    let gateway = setup(OWN).start();
    let before = token::now();
    let response = gateway.send(&login("active@example.com", PASSWORD));
    let text = response.text();
    let possible = possible_tokens(1, before).into_iter().map(|(access, refresh)| {
        format!(
            "{{\"success\":true,\"user\":{{\"id\":1,\"email\":\"active@example.com\",\"name\":\"active\",\
             \"user_type\":\"user\",\"is_active\":true,\"point\":100,\"created_time\":\"2024-01-02T03:04:05\",\
             \"quit_at\":null,\"self\":\"/members/1\"}},\"id\":1,\"session\":[\"{access}\",\"{refresh}\"],\
             \"literal\":\"{{user}}\",\"nothing\":null}}"
        )
    });
    assert!(possible.into_iter().any(|body| body == text), "{text}");
    assert_json(&response, 201, &text);
}

#[test]
fn a_refusal_is_the_file_s_whatever_is_wrong() {
    let gateway = setup(OWN).start();
    let refused = r#"{"success":false,"reason":null}"#;
    for request in [
        login("active@example.com", "wrong"),
        login("nobody", PASSWORD),
        login("", ""),
        form("/j_security_check", &[("j_username", "active@example.com")]),
        Request::post("/j_security_check"),
        Request::post("/j_security_check").json(&json!({ "j_username": "x", "j_password": "y" })),
    ] {
        assert_json(&gateway.send(&request), 403, refused);
    }
}

#[test]
fn a_state_is_told_only_with_the_right_password_and_only_if_listed() {
    let gateway = setup(OWN).start();
    let banned = r#"{"success":false,"reason":"banned"}"#;
    let refused = r#"{"success":false,"reason":null}"#;
    assert_json(
        &gateway.send(&login("banned@example.com", PASSWORD)),
        423,
        banned,
    );
    assert_json(
        &gateway.send(&login("banned@example.com", "wrong")),
        403,
        refused,
    );
    assert_json(
        &gateway.send(&login("withdrawn@example.com", PASSWORD)),
        403,
        refused,
    );
}

#[test]
fn refresh_and_verify_speak_it_too() {
    let gateway = setup(OWN).start();
    let refreshed =
        |token: &str| gateway.send(&Request::new("PUT", &format!("/session?t={token}")));
    let access = refreshed(&super::refresh_token("1")).json();
    assert_json(&refreshed("garbage"), 410, "[]");
    let verified = |token: &str| gateway.send(&form("/session", &[("t", token)])).status;
    assert_eq!(verified(access.as_str().expect("a token")), 204);
    assert_eq!(verified("garbage"), 404);
    assert_eq!(gateway.send(&Request::post("/session")).status, 422);
    // 204 has no body, so that the next answer begins where the client looks for it.
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        let good = form("/session", &[("t", &token::access("1"))]);
        assert_eq!(connection.send(&good).status, 204);
    }
}

/// What `check` says about a dialect file.
fn complaint(dialect: &str) -> String {
    let setup = setup(dialect);
    setup.write();
    let output = setup.command(&["check"]).output().expect("the binary");
    assert_eq!(output.status.code(), Some(64), "{dialect}");
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn a_mistake_is_reported_with_the_dialect_file_s_own_name_and_line() {
    let said = complaint(
        &OWN.replace("{refresh_token}", "{refresh_tokn}")
            .replace("201", "99"),
    );
    let folder = said
        .split("shop.yaml")
        .next()
        .unwrap_or_default()
        .to_owned();
    let said = said.replace(&folder, "");
    assert_eq!(
        said,
        "shop.yaml:10:13: login.granted.status: no final answer has this status (found 99); fix: write a status from \
         200 to 599
  10 |     status: 99
     |             ^^
shop.yaml:12:7: login.granted.body: there is no value {refresh_tokn} here; there is {user}, {user.id}, {access_token}, \
         {refresh_token}; fix: use only the values that there are
  12 |       success: true
     |       ^
gateway.yaml: 2 mistakes
"
    );
}

#[test]
fn broken_dialects_are_refused() {
    for (from, to, complaint_part) in [
        (
            "from: form",
            "from: cookie",
            "use one of query, json, form, multipart, bearer, path",
        ),
        (
            "invalid: refused",
            "invald: refused",
            "did you mean `invalid`?",
        ),
        (
            "j_username }",
            "j_username, type: mail }",
            "use one of text, email, integer",
        ),
        (
            "  refused:\n    status: 403\n    body: { success: false, reason: null }\n",
            "",
            "the key `refused` is missing",
        ),
        (
            "reason: banned",
            "reason: \"{user.id}\"",
            "there is no value {user.id} here; there is none",
        ),
        (
            "reason: banned",
            "reason: \"{\"",
            "a placeholder is not closed",
        ),
        ("\nlogin:", "\nlogin: [", "shop.yaml:"),
        ("verify:", "logout:", "unknown key `logout`"),
    ] {
        assert!(OWN.contains(from), "{from}");
        let said = complaint(&OWN.replacen(from, to, 1));
        assert!(
            said.contains(complaint_part) && said.contains("shop.yaml"),
            "{to}: {said}"
        );
    }
}

#[test]
fn a_dialect_takes_nothing_from_the_environment() {
    let said = complaint(&OWN.replace("reason: banned", "reason: \"${SECRET_KEY}\""));
    assert!(said.contains("the environment has no SECRET_KEY"), "{said}");
}

#[test]
fn a_dialect_that_nobody_uses_is_warned_of() {
    let setup = setup(OWN).section("accounts", "[]");
    setup.write();
    let output = setup.command(&["check"]).output().expect("the binary");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("warning: dialects.shop: no account uses this dialect"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(0));
}
