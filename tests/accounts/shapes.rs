//! What a dialect of the operator's own can read and say: every place of a field, every form of an answer.

use crate::harness::{Gateway, Request, Response, Setup, Upstream, token, users::PASSWORD};

use super::{assert_json, urlencoded};

/// A form in parts with a redirect, a token of `Authorization` in and a text out, a path in and HTML out.
const OWN: &str = r#"
json: flask
login:
  request:
    from: multipart
    fields:
      login: { name: id, trim: both, max: 40 }
      password: { name: pw, min: 4, from: multipart }
      grant_type: { required: false, pattern: "^password$" }
    invalid: { answer: { status: 303, location: "/login?error=invalid" } }
  granted:
    status: 303
    location: "/hello?name={user.id}"
    headers: { X-Member: "{user.id}", Content-Type: text/x-nothing }
    cookies:
      member: { value: "{user.id} {user}", max_age: 1h, same_site: strict }
      visitor: {}
  refused: { status: 401, html: "<p>wrong</p>" }
refresh:
  request: { from: bearer, fields: { token: {} }, invalid: fastapi }
  granted: { status: 200, text: "token {access_token}" }
  refused: { status: 403, body: { message: "만료", error: true } }
verify:
  request: { from: path, fields: { token: { name: shown } }, invalid: refused }
  valid: { status: 204 }
  invalid: { status: 410, headers: { X-Why: gone } }
"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login, dialect: shop }
- { action: refresh, match: GET /update_token, dialect: shop }
- { action: verify, match: \"GET /tokens/{shown}\", dialect: shop }";

fn setup(dialect: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .section("dialects", "{ shop: shop.yaml }")
        .section("accounts", ACCOUNTS)
        .file("shop.yaml", dialect)
}

fn parts(fields: &[(&str, &str)]) -> Request {
    let part = |(name, value): &(&str, &str)| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    let request =
        Request::post("/login").header("Content-Type", "multipart/form-data; boundary=cut");
    request.body(format!("{parts}--cut--\r\n"))
}

fn cookies(response: &Response) -> Vec<&str> {
    let headers = response.headers.iter();
    let cookies = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    cookies.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_form_in_parts_is_answered_with_a_redirect() {
    let gateway = setup(OWN).start();
    let granted = gateway.send(&parts(&[("id", " active@example.com\t"), ("pw", PASSWORD)]));
    assert_eq!((granted.status, &*granted.text()), (303, ""));
    assert_eq!(granted.header("location"), Some("/hello?name=1"));
    assert_eq!(granted.header("x-member"), Some("1"));
    assert_eq!(granted.header("content-type"), Some("text/x-nothing"));
    let [member, visitor] = cookies(&granted)[..] else {
        panic!("two cookies");
    };
    assert!(member.starts_with("member=1%20{%22id%22:1%2C"), "{member}");
    assert!(
        member.ends_with("; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Strict"),
        "{member}"
    );
    assert!(visitor.starts_with("visitor=; Max-Age=0; "), "{visitor}");
    let refused = gateway.send(&parts(&[("id", "active@example.com"), ("pw", "wrong")]));
    assert_eq!((refused.status, &*refused.text()), (401, "<p>wrong</p>"));
    assert_eq!(
        refused.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}

#[test]
fn a_request_without_usable_fields_gets_the_answer_for_that() {
    let gateway = setup(OWN).start();
    let long = "x".repeat(41);
    for request in [
        parts(&[("id", "active@example.com")]),
        parts(&[("id", "active@example.com"), ("pw", "abc")]),
        parts(&[("id", &long), ("pw", PASSWORD)]),
        parts(&[
            ("id", "active@example.com"),
            ("pw", PASSWORD),
            ("grant_type", "x"),
        ]),
        parts(&[]),
        Request::post("/login"),
        Request::post("/login")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(urlencoded(&[
                ("id", "active@example.com"),
                ("pw", PASSWORD),
            ])),
        Request::post("/login")
            .header("Content-Type", "multipart/form-data")
            .body("--"),
    ] {
        let invalid = gateway.send(&request);
        assert_eq!((invalid.status, &*invalid.text()), (303, ""));
        assert_eq!(invalid.header("location"), Some("/login?error=invalid"));
        assert_eq!(invalid.header("content-type"), None);
    }
}

#[test]
fn a_token_of_authorization_is_refreshed() {
    let gateway = setup(OWN).start();
    let refresh =
        |bearer: &str| gateway.send(&Request::get("/update_token").header("Authorization", bearer));
    let granted = refresh(&format!("Bearer {}", super::refresh_token("1")));
    assert_eq!(granted.status, 200);
    assert_eq!(
        granted.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let text = granted.text();
    let access = text.strip_prefix("token ").expect("a token");
    assert_eq!(
        gateway
            .send(&Request::get(&format!("/tokens/{access}")))
            .status,
        204
    );
    let refused = "{\"error\":true,\"message\":\"\\ub9cc\\ub8cc\"}\n";
    assert_json(&refresh("Bearer garbage"), 403, refused);
    let absent = gateway.send(&Request::get("/update_token"));
    assert_json(&absent, 401, r#"{"detail":"Not authenticated"}"#);
    assert_eq!(absent.header("www-authenticate"), Some("Bearer"));
    assert_eq!(refresh("Basic YTpi").status, 401);
}

#[test]
fn a_token_of_the_path_is_verified() {
    let gateway = setup(OWN).start();
    let verify = |shown: &str| gateway.send(&Request::get(&format!("/tokens/{shown}")));
    assert_eq!(verify(&token::access("1")).status, 204);
    let gone = verify("garbage");
    assert_eq!((gone.status, gone.header("x-why")), (410, Some("gone")));
    assert_eq!(gone.header("content-type"), None);
}

/// What `check` says about a dialect file.
fn complaint(dialect: &str) -> String {
    let setup = setup(dialect);
    setup.write();
    let output = setup.command(&["check"]).output().expect("the binary");
    assert_eq!(output.status.code(), Some(64), "{dialect}");
    String::from_utf8(output.stdout).expect("a text")
}

/// What is changed in a good dialect, and a part of what is said about it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "password: { name: pw",
        "pasword: { name: pw",
        "login.request.fields.pasword: this action has no use for such a field; fix: did you mean `password`?",
    ),
    (
        "password: { name: pw",
        "scope: { name: pw",
        "login.request.fields: there is no field `password`",
    ),
    (
        "max: 40 }",
        "required: false }",
        "login.request.fields.login: the action can do nothing without this field",
    ),
    (
        "max: 40",
        "max: -1",
        "login.request.fields.login.max: a text has no length below 0",
    ),
    (
        "max: 40",
        "min: 50, max: 40",
        "nothing is at least `min` and at most `max`",
    ),
    (
        "max: 40",
        "type: date, max: 40",
        "a value of this type has no bounds",
    ),
    ("max: 40", "pattern: \"[\"", "this is no regular expression"),
    (
        "max: 40",
        "type: integer, pattern: x",
        "only a text can match a pattern",
    ),
    (
        "required: false,",
        "required: true, default: x,",
        "what has a default is never missing",
    ),
    (
        "from: multipart }",
        "from: json }",
        "a body is either JSON or a form",
    ),
    (
        "{ token: {} }",
        "{ token: { name: t } }",
        "the token of `Authorization` has no name",
    ),
    (
        "html: \"<p>wrong</p>\"",
        "html: a, text: b",
        "login.refused: an answer has one body",
    ),
    ("X-Why: gone", "Location: gone", "fix: use `location`"),
    (
        "X-Why: gone",
        "X-Why: \"a\\nb\"",
        "verify.invalid.headers.X-Why",
    ),
    (
        "X-Why: gone",
        "\"X Why\": gone",
        "fix: use letters, digits and -",
    ),
    (
        "X-Member: \"{user.id}\"",
        "X-Member: \"{user.name}\"",
        "there is no value {user.name} here",
    ),
    (
        "same_site: strict",
        "path: \"a;\"",
        "login.granted.cookies.member.path",
    ),
    ("visitor: {}", "\"a b\": {}", "this is not a cookie's name"),
];

#[test]
fn what_cannot_be_meant_is_refused() {
    for (from, to, expected) in MISTAKES {
        assert!(OWN.contains(from), "{from}");
        let said = complaint(&OWN.replacen(from, to, 1));
        assert!(said.contains(expected), "{to}: {said}");
    }
}
