//! Codes and links that users are sent: who gets one, what it opens, and what nobody learns by asking.

mod delivery;
mod reset;
mod verify;

use std::fs;

use serde_json::{Value, json};

use crate::harness::{
    Gateway, Request, Response, Setup, Upstream, own_tables::OwnTables, wait_until,
};

/// The third user has yet to prove its address.
const USERS: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states:
  banned: { is_restricted: true }
  unverified: { is_active: false }
write: { actions: [verify, password] }";

const DIALECT: &str = r#"
send_code:
  request: { from: json, fields: { login: { name: email, type: email } }, invalid: fastapi }
  sent: { status: 200, body: "A code is on its way, if there is such an account." }
verify_code:
  request: { from: json, fields: { login: { name: email, type: email }, code: { name: verification_code } }, invalid: fastapi }
  verified: { status: 200, body: "Email authentication is complete." }
  refused: { status: 400, body: { detail: "wrong" } }
reset_request:
  request: { from: json, fields: { login: { name: email, type: email } }, invalid: fastapi }
  sent: { status: 202, body: "accepted" }
reset_password:
  request: { from: json, fields: { login: { name: email, type: email }, code: {}, password: {}, password_again: { required: false } }, invalid: fastapi }
  done: { status: 200, body: "done" }
  refused: { status: 400, body: { detail: "wrong" } }
  weak: { status: 422, body: { detail: "{reason}" } }
"#;

const LINKS: &str = r#"
verify_code:
  request: { from: form, fields: { code: {} }, invalid: refused }
  verified: { status: 303, location: /welcome }
  refused: { status: 400, text: "This link is no longer good." }
confirm_link:
  request: { from: query, fields: { code: {} }, invalid: refused }
  shown: { status: 200, html: "<form method=post action=/verify><input type=hidden name=code value=\"{code}\"><button>OK</button></form>" }
  refused: { status: 400, text: "This link is no longer good." }
send_code:
  request: { from: json, fields: { login: { name: email } }, invalid: fastapi }
  sent: { status: 200, body: true }
"#;

const ACCOUNTS: &str = r"
- { action: login, match: POST /auth/token/pair, dialect: pair }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair }
- { action: send_code, match: POST /code, dialect: shop }
- { action: verify_code, match: POST /register/verification_code, dialect: shop }
- { action: reset_request, match: POST /forgotten, dialect: shop }
- { action: reset_password, match: POST /reset, dialect: shop }";

const VERIFY: &str = "state: unverified, sets: { is_active: true }, resend_after: 0s, per_day: 100";

/// A gateway whose messages are files beside its configuration.
fn setup(tables: &OwnTables, verify: &str, reset: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .section("users", USERS)
        .section("state", &tables.section(""))
        .section("dialects", "{ shop: shop.yaml }")
        .section("accounts", ACCOUNTS)
        .section("mail", "{ from: \"Shop <no-reply@shop.example>\", to: { directory: \"${RUNTIME_DIRECTORY}\" } }")
        .section("codes", &format!(
            "{{ secret: \"${{SECRET_KEY}}${{SECRET_KEY}}\", verify: {{ {verify} }}, reset: {{ {reset} }} }}"
        ))
        .file("shop.yaml", DIALECT)
}

fn usual(tables: &OwnTables) -> Gateway {
    let setup = setup(tables, VERIFY, "resend_after: 0s, per_day: 100");
    let gateway = setup.start();
    wait_until("the tables", || {
        let answer = login(&gateway, "nobody", "whatever");
        answer.status == 401 && tried(&gateway, "nobody", "AAAAAA").status == 400
    });
    gateway
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

fn login(gateway: &Gateway, name: &str, password: &str) -> Response {
    gateway.send(&super::pair(&address(name), password))
}

fn asked(gateway: &Gateway, path: &str, name: &str) -> Response {
    gateway.send(&Request::post(path).json(&json!({ "email": address(name) })))
}

fn tried(gateway: &Gateway, name: &str, code: &str) -> Response {
    let body = json!({ "email": address(name), "verification_code": code });
    gateway.send(&Request::post("/register/verification_code").json(&body))
}

fn reset(gateway: &Gateway, name: &str, code: &str, password: &str) -> Response {
    let body = json!({ "email": address(name), "code": code, "password": password });
    gateway.send(&Request::post("/reset").json(&body))
}

/// The messages that were written, in any order.
pub(crate) fn messages(gateway: &Gateway, ending: &str) -> Vec<String> {
    let files = fs::read_dir(gateway.setup().folder()).expect("the folder");
    let files = files.map(|file| file.expect("a file").path());
    let written = files.filter(|path| path.extension().is_some_and(|it| it == ending));
    written
        .map(|path| fs::read_to_string(path).expect("a text"))
        .collect()
}

/// The only message to somebody, which is taken away.
pub(crate) fn the_message_to(gateway: &Gateway, name: &str) -> String {
    let to = format!("To: {}", address(name));
    let mut found = None;
    wait_until("a message", || {
        let files = fs::read_dir(gateway.setup().folder()).expect("the folder");
        for file in files {
            let path = file.expect("a file").path();
            let is_whole = path.extension().is_some_and(|it| it == "eml");
            if is_whole
                && let Ok(text) = fs::read_to_string(&path)
                && text.contains(&to)
            {
                fs::remove_file(path).expect("to take it away");
                found = Some(text);
                return true;
            }
        }
        false
    });
    found.expect("a message")
}

/// What stands alone in a line that is set off.
pub(crate) fn code_of(message: &str) -> String {
    let mut lines = message.lines().filter_map(|line| line.strip_prefix("    "));
    lines.next().expect("a code").trim().to_owned()
}

fn code_for(gateway: &Gateway, path: &str, name: &str) -> String {
    let answer = asked(gateway, path, name);
    assert!(answer.status < 300, "{answer:?}");
    code_of(&the_message_to(gateway, name))
}

fn another(code: &str) -> String {
    let swapped = if code.starts_with('A') { 'B' } else { 'A' };
    format!("{swapped}{}", &code[1..])
}

#[track_caller]
fn assert_refused(answer: &Response) {
    super::assert_json(answer, 400, r#"{"detail":"wrong"}"#);
}

/// Values that no field expects.
fn hostile() -> Vec<Value> {
    let mut values: Vec<Value> = [
        "",
        " ",
        "\0",
        "\u{1f600}",
        "' OR '1'='1",
        "\"; DROP TABLE user; --",
        "\r\nBcc: eve@example.com",
        "activ\u{435}@example.com",
        "%00",
        "../../etc/passwd",
        "{code}",
        "<script>",
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    values.extend([
        json!(null),
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!("a".repeat(1 << 19)),
    ]);
    values
}
