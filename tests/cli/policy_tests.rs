//! `sidegate test FILE`: an operator's table of cases.

use std::path::Path;

use serde_json::Value;

use super::{Ended, ended, written};
use crate::harness::Setup;

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "/hosted", host: api.example.com, access: public }
- { match: "/office/**", access: public, require: { network: [10.0.0.0/8] } }
- { match: "/admin/**", access: required, require: { claim: { role: admin } } }
- { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
- { match: "/watched/{user_id}", access: required, mode: observe, require: { subject_is: user_id } }"#;

fn tried(cases: &str, arguments: &[&str]) -> Ended {
    let setup = written().routes(ROUTES).file("policies.test.yaml", cases);
    setup.write();
    ended(
        &setup,
        &[&["test", "policies.test.yaml"][..], arguments].concat(),
    )
}

const GOOD: &str = r#"
host: gateway.test
cases:
  - { name: open, request: GET /public/x, expect: forwarded }
  - { name: nowhere, request: GET /nowhere, expect: { status: 404, code: no_route } }
  - { name: method and parts, request: { method: PUT, path: /public/x }, token: none, expect: { upstream: api } }
  - { name: host, request: { path: /hosted, host: "api.example.com:8080" }, expect: { route: /hosted } }
  - { name: other host, request: GET /hosted, expect: refused }
  - { name: office, request: { path: /office/x, client: 10.1.2.3 }, expect: forwarded }
  - { name: elsewhere, request: { path: /office/x, client: 192.0.2.1 }, expect: 403 }
  - { name: anonymous, request: GET /admin/x, expect: 401 }
  - { name: expired, request: GET /admin/x, token: expired, expect: { status: 401, code: expired_token } }
  - { name: forged, request: GET /admin/x, token: forged, expect: { status: 401, code: invalid_token } }
  - { name: no admin, request: GET /admin/x, token: { sub: "5", role: user }, expect: 403 }
  - { name: admin, request: GET /admin/x, token: { claims: { sub: 5, role: admin } }, expect: { headers: { X-User-Id: "5" } } }
  - { name: own, request: GET /users/5/x?y=1, token: { sub: "5" }, expect: forwarded }
  - { name: of others, request: GET /users/6, token: { sub: "5" }, expect: { code: not_the_subject } }
  - { name: no identity in the open, request: GET /public/x, token: { sub: "5" }, expect: { headers: { X-User-Id: null } } }
  - { name: login, request: POST /auth/token/pair, expect: answered }
  - { name: two dots, request: GET /public/../admin, expect: { status: 400, code: bad_target } }
"#;

#[test]
fn a_table_that_holds_succeeds() {
    let ended = tried(GOOD, &[]);
    assert_eq!(
        (ended.code, ended.answer.as_str()),
        (Some(0), "17 cases, all as expected\n"),
        "{ended:?}"
    );
}

#[test]
fn a_case_that_does_not_hold_is_named_with_its_line_and_explained() {
    let cases = "cases:\n  - { name: good, request: GET /public/x, expect: forwarded }\n  - { name: bad, request: GET \
                 /admin/x, token: { sub: \"5\", role: user }, expect: { outcome: forwarded, headers: { X-User-Id: \"6\" } } }\n";
    let ended = tried(cases, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let mut lines = ended.answer.lines();
    let first = lines.next().expect("a line");
    assert!(
        first.starts_with(
            "policies.test.yaml:3: bad: expected forwarded, and it is refused with 403 "
        ),
        "{first}"
    );
    assert_eq!(
        lines.next(),
        Some("policies.test.yaml:3: bad: expected x-user-id: 6, and none is added")
    );
    assert!(ended.answer.contains("route      /admin/**"), "{ended:?}");
    assert!(ended.answer.contains("does not hold"), "{ended:?}");
    assert!(
        ended.answer.ends_with("2 cases, 1 not as expected\n"),
        "{ended:?}"
    );
}

/// Each of these expectations is wrong, and has to be said to be.
#[test]
fn every_expectation_can_fail() {
    for (request, expect) in [
        ("GET /public/x", "refused"),
        ("GET /public/x", "answered"),
        ("GET /public/x", "401"),
        ("GET /public/x", "{ code: missing_token }"),
        ("GET /public/x", "{ upstream: other }"),
        ("GET /public/x", "{ route: /admin/** }"),
        ("GET /public/x", "{ headers: { X-User-Id: \"5\" } }"),
        ("GET /users/5", "{ headers: { X-User-Id: \"6\" } }"),
        ("GET /users/5", "{ headers: { X-User-Id: null } }"),
        ("GET /users/6", "forwarded"),
        ("GET /users/6", "401"),
        ("POST /auth/token/pair", "forwarded"),
    ] {
        let cases = format!(
            "cases: [{{ name: it, request: {request}, token: {{ sub: \"5\" }}, expect: {expect} }}]"
        );
        assert_eq!(tried(&cases, &[]).code, Some(1), "{request} {expect}");
    }
}

const WITH_ROWS: &str = r#"
cases:
  - { name: admin, request: GET /staff/x, token: { sub: "5" }, user: { user_type: admin }, expect: forwarded }
  - { name: user, request: GET /staff/x, token: { sub: "5" }, user: { user_type: user, level: 3 }, expect: { status: 403, code: forbidden } }
  - { name: nothing, request: GET /staff/x, token: { sub: "5" }, user: {}, expect: 403 }
  - { name: nobody, request: GET /staff/x, token: { sub: "5" }, user: none, expect: { status: 401, code: unknown_user } }
  - { name: anonymous, request: GET /staff/x, user: { user_type: admin }, expect: 401 }
  - { name: good, request: GET /good/x, token: { sub: "5" }, user: { level: 3, is_agent: true }, expect: forwarded }
  - { name: a text, request: GET /good/x, token: { sub: "5" }, user: { level: "3", is_agent: true }, expect: 403 }
  - { name: by the claim, request: GET /good/x, token: { sub: "5", role: admin }, expect: forwarded }
"#;

#[test]
fn a_case_says_what_its_user_s_row_has() {
    let routes = r#"
- { match: "/staff/**", access: required, require: { user: { user_type: [admin, staff] } } }
- { match: "/good/**", access: required, require: { any: [{ claim: { role: admin } }, { user: { level: 3, is_agent: true, quit_at: null } }] } }"#;
    let ended_with = |cases: &str| {
        let setup = written().routes(routes);
        let setup = setup.file("policies.test.yaml", cases);
        setup.write();
        ended(&setup, &["test", "policies.test.yaml"])
    };
    let good = ended_with(WITH_ROWS);
    assert_eq!(good.code, Some(0), "{good:?}");
    // Nothing is taken for decided that a row decides, in either direction.
    for expect in ["forwarded", "refused", "403"] {
        let case = format!(
            "cases: [{{ name: it, request: GET /staff/x, token: {{ sub: \"5\" }}, expect: {expect} }}]"
        );
        let ended = ended_with(&case);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.answer.contains("the user's row decides"), "{ended:?}");
    }
    for (user, complaint) in [
        (
            "{ user_typ: admin }",
            "no rule asks for the user's column `user_typ`",
        ),
        ("admin", "this is no user"),
        ("{ user_type: [admin] }", "a column has one value"),
    ] {
        let case = format!(
            "cases: [{{ name: it, request: GET /staff/x, token: {{ sub: \"5\" }}, user: {user}, expect: 403 }}]"
        );
        let ended = ended_with(&case);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.complaint.contains(complaint), "{ended:?}");
    }
}

const WATCHED: &str = r#"
cases:
  - { name: anonymous, request: GET /watched/5, expect: { outcome: forwarded, observed: 401 } }
  - { name: by its code, request: GET /watched/5, expect: { observed: missing_token, upstream: api } }
  - { name: of others, request: GET /watched/6, token: { sub: "5" }, expect: { observed: not_the_subject, headers: { X-User-Id: "5" } } }
  - { name: expired, request: GET /watched/6, token: expired, expect: { observed: expired_token, headers: { X-User-Id: null } } }
  - { name: own, request: GET /watched/5, token: { sub: "5" }, expect: { observed: none } }
"#;

#[test]
fn what_a_route_in_observe_mode_would_refuse_can_be_expected() {
    let ended = tried(WATCHED, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (request, expect, told) in [
        (
            "GET /watched/5",
            "401",
            "forwarded to api; observed, not enforced: would have been 401 missing_token",
        ),
        (
            "GET /watched/5",
            "{ observed: 403 }",
            "expected 403 to be observed, and it is forwarded",
        ),
        (
            "GET /watched/5",
            "{ observed: none }",
            "expected nothing to be observed, and it is forwarded",
        ),
        (
            "GET /users/5",
            "{ observed: 401 }",
            "expected 401 to be observed, and it is refused with 401",
        ),
    ] {
        let cases = format!("cases: [{{ name: it, request: {request}, expect: {expect} }}]");
        let ended = tried(&cases, &[]);
        assert_eq!(ended.code, Some(1), "{expect}: {ended:?}");
        assert!(ended.answer.contains(told), "{expect}: {ended:?}");
    }
}

#[test]
fn routes_in_observe_mode_can_be_tried_as_if_they_were_enforced() {
    let cases = r#"
cases:
  - { name: anonymous, request: GET /watched/5, expect: 401 }
  - { name: of others, request: GET /watched/6, token: { sub: "5" }, expect: { code: not_the_subject, headers: { X-User-Id: null } } }
  - { name: own, request: GET /watched/5, token: { sub: "5" }, expect: forwarded }
"#;
    let written = tried(cases, &[]);
    assert_eq!(written.code, Some(1), "{written:?}");
    let enforced = tried(cases, &["--enforced"]);
    assert_eq!(enforced.code, Some(0), "{enforced:?}");
}

#[test]
fn the_moment_of_a_case_can_be_chosen() {
    let cases = r#"
now: 2026-01-01T00:00:00Z
cases:
  - { name: before its end, request: GET /users/5, token: { sub: "5", exp: 1767225601 }, expect: forwarded }
  - { name: at its end, request: GET /users/5, token: { sub: "5", exp: 1767225600 }, expect: { code: expired_token } }
  - { name: later, now: 2026-01-01T00:00:01Z, request: GET /users/5, token: { sub: "5", exp: 1767225601 }, expect: 401 }
"#;
    let ended = tried(cases, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Two issuers whose keys are theirs alone: one publishes them, nobody knows where.
const ISSUERS: &str = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}" } }
issuers:
  - { issuer: https://idp.test, audience: [sidegate, other], types: [at+jwt], required_claims: [email], subject: uid, jwks: { url: "https://192.0.2.1/keys", algorithms: [ES256] } }
  - { issuer: https://two.test, any_audience: acknowledged, subject: uid, jwks: { url: "https://192.0.2.1/keys", algorithms: [ES256] } }"#;

#[test]
fn a_case_may_be_about_a_token_of_another_issuer() {
    let routes = r#"
- { match: "/one/**", access: required, require: { issuer: ["https://idp.test"] } }
- { match: "/users/{user_id}", access: required, require: { subject_is: user_id } }
- { match: "/**", access: required }"#;
    let cases = r#"
cases:
  - { name: good, request: GET /one/a, token: { issuer: https://idp.test, claims: { uid: "5", email: a } }, expect: { headers: { X-User-Id: "5" } } }
  - { name: owner, request: GET /users/5, token: { issuer: https://idp.test, claims: { uid: "5", email: a } }, expect: forwarded }
  - { name: the other, request: GET /one/a, token: { issuer: https://two.test, claims: { uid: "5" } }, expect: 403 }
  - { name: the other elsewhere, request: GET /a, token: { issuer: https://two.test, claims: { uid: "5" } }, expect: forwarded }
  - { name: ours, request: GET /one/a, token: { sub: "5" }, expect: 403 }
  - { name: no claim, request: GET /one/a, token: { issuer: https://idp.test, claims: { uid: "5" } }, expect: { code: invalid_token } }
  - { name: audience, request: GET /one/a, token: { issuer: https://idp.test, claims: { uid: "5", email: a, aud: elsewhere } }, expect: { code: invalid_token } }
  - { name: second audience, request: GET /one/a, token: { issuer: https://idp.test, claims: { uid: "5", email: a, aud: other } }, expect: forwarded }
  - { name: over, request: GET /one/a, token: { issuer: https://idp.test, claims: { uid: "5", email: a, exp: 1 } }, expect: { code: expired_token } }
  - { name: by our key, request: GET /one/a, token: { iss: https://idp.test, aud: sidegate, uid: "5", email: a }, expect: { code: invalid_token } }
  - { name: by another's, request: GET /one/a, token: { issuer: https://two.test, claims: { iss: https://idp.test, aud: sidegate, uid: "5", email: a } }, expect: { code: invalid_token } }
"#;
    let setup = written().section("tokens", ISSUERS).routes(routes);
    let setup = setup.file("policies.test.yaml", cases);
    setup.write();
    let found = ended(&setup, &["test", "policies.test.yaml"]);
    assert_eq!(
        (found.code, found.answer.as_str()),
        (Some(0), "11 cases, all as expected\n"),
        "{found:?}"
    );
    for (token, complaint) in [
        (
            "{ issuer: https://none.test, claims: { sub: \"5\" } }",
            "policies.test.yaml:1: a: the configuration has no issuer https://none.test",
        ),
        (
            "{ issuer: https://idp.test, sub: \"5\" }",
            "`issuer` stands beside `claims`",
        ),
        (
            "{ issuer: 5, claims: { sub: \"5\" } }",
            "beside `claims` there is room for `issuer` alone",
        ),
    ] {
        let cases = format!("cases: [{{ name: a, request: GET /a, token: {token}, expect: 401 }}]");
        let setup = written().section("tokens", ISSUERS).routes(routes);
        let setup = setup.file("policies.test.yaml", &cases);
        setup.write();
        let found = ended(&setup, &["test", "policies.test.yaml"]);
        assert_eq!(found.code, Some(64), "{token}: {found:?}");
        assert!(found.complaint.contains(complaint), "{token}: {found:?}");
    }
}

#[test]
fn a_request_may_have_headers() {
    let routes = r#"
- { match: "/cookie", access: required, token_from: { cookie: access } }
- { match: "/**", access: required }"#;
    let cases = r#"
cases:
  - { name: two tokens, request: { path: /a, headers: { Authorization: Basic eDp5 } }, token: { sub: "5" }, expect: { code: conflicting_tokens } }
  - { name: another scheme, request: { path: /a, headers: { Authorization: Basic eDp5 } }, expect: { code: missing_token } }
  - { name: a bad cookie, request: { path: /cookie, headers: { Cookie: access=x } }, expect: { code: invalid_token } }
  - { name: a cookie elsewhere, request: { path: /a, headers: { Cookie: access=x } }, expect: { code: missing_token } }
  - { name: forged, request: { path: /a, headers: { X-User-Id: "1", x_user_id: "1" } }, token: { sub: "5" }, expect: { headers: { X-User-Id: "5" } } }
"#;
    let setup = written().routes(routes).file("policies.test.yaml", cases);
    setup.write();
    let found = ended(&setup, &["test", "policies.test.yaml"]);
    assert_eq!(
        (found.code, found.answer.as_str()),
        (Some(0), "5 cases, all as expected\n"),
        "{found:?}"
    );
    for (headers, complaint) in [
        ("{ \"a b\": x }", "request.headers: this is no header"),
        ("{ X-A: \"a\\nb\" }", "request.headers: this is no header"),
        ("{ Host: x }", "request.headers: Host is a part of its own"),
    ] {
        let cases = format!(
            "cases: [{{ name: a, request: {{ path: /a, headers: {headers} }}, expect: 401 }}]"
        );
        let found = tried(&cases, &[]);
        assert_eq!(found.code, Some(64), "{headers}: {found:?}");
        assert!(found.complaint.contains(complaint), "{headers}: {found:?}");
    }
}

#[test]
fn machines_get_every_case() {
    let bad = GOOD.replacen(
        "GET /public/x, expect: forwarded",
        "GET /public/x, expect: 401",
        1,
    );
    let ended = tried(&bad, &["--format", "json"]);
    let results: Value = serde_json::from_str(&ended.answer).expect("JSON");
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        (&results["passed"], &results["failed"]),
        (&16.into(), &1.into())
    );
    assert_eq!(results["cases"][0]["place"], "policies.test.yaml:4");
    assert_eq!(results["cases"][0]["passed"], false);
    assert_eq!(
        results["cases"][1]["explanation"]["verdict"]["refused"]["status"],
        404
    );

    let ended = tried(
        &bad.replace("name: open", "name: \"<open> & \\\"so\\\"\""),
        &["--format", "junit"],
    );
    assert_eq!(ended.code, Some(1));
    let lines: Vec<&str> = ended.answer.lines().collect();
    assert_eq!(
        lines[1],
        "<testsuite name=\"sidegate\" tests=\"17\" failures=\"1\">"
    );
    let name = "name=\"&lt;open&gt; &amp; &quot;so&quot;\" classname=\"policies.test.yaml:4\">";
    assert!(lines[2].contains(name), "{}", lines[2]);
    assert!(
        lines[3].contains("<failure message=\"expected status 401, and it is forwarded to api\">")
    );
}

#[test]
fn no_token_or_secret_is_in_the_results() {
    let bad = "cases: [{ name: it, request: GET /admin/x, token: { sub: \"mail@example.com\", role: user }, expect: forwarded }]";
    for format in ["text", "json", "junit"] {
        let ended = tried(bad, &["--format", format]);
        assert_eq!(ended.code, Some(1));
        let all = format!("{ended:?}");
        assert!(
            !all.contains("eyJ") && !all.contains("access-secret"),
            "{all}"
        );
    }
}

#[test]
fn what_is_no_table_is_unusable_and_says_where() {
    for (cases, complaint) in [
        (
            "cases: []",
            "policies.test.yaml:1:8: cases: there is no case",
        ),
        (
            "cases: [{ name: a, request: /x, expect: 401 }]",
            "cases[0].request: this is no method and path",
        ),
        (
            "cases: [{ name: a, request: G@T /x, expect: 401 }]",
            "cases[0].request: the request has no method",
        ),
        (
            "cases: [{ name: a, request: GET /x, expect: fine }]",
            "cases[0].expect: nothing ends like this",
        ),
        (
            "cases: [{ name: a, request: GET /x, expect: 200 }]",
            "cases[0].expect: no refusal has this status",
        ),
        (
            "cases: [{ name: a, request: GET /x, expect: {} }]",
            "cases[0].expect: nothing is expected",
        ),
        (
            "cases: [{ name: a, request: GET /x, token: good, expect: 401 }]",
            "cases[0].token: this is no kind of token",
        ),
        (
            "cases: [{ name: a, request: GET /x, expect: { observed: 200 } }]",
            "cases[0].expect.observed: nothing is observed like this",
        ),
        (
            "cases: [{ name: a, request: GET /x, tokn: none, expect: 401 }]",
            "tokn",
        ),
        (
            "cases: [{ name: a, request: { path: /x, client: here }, expect: 401 }]",
            "cases[0].request.client: this is no address",
        ),
        (
            "cases: [{ name: a, request: { path: /x, host: a b }, expect: 401 }]",
            "cases[0].request.host:",
        ),
        (
            "cases: [{ name: a, request: { path: /x, certificate: none.pem }, expect: 401 }]",
            "this file cannot be read",
        ),
        ("cases: [", "policies.test.yaml:"),
    ] {
        let ended = tried(cases, &[]);
        assert_eq!(ended.code, Some(64), "{cases}: {ended:?}");
        assert!(ended.complaint.contains(complaint), "{cases}: {ended:?}");
    }
    let setup = written();
    assert_eq!(ended(&setup, &["test", "none.yaml"]).code, Some(64));
    assert_eq!(ended(&setup, &["test"]).code, Some(64));
}

#[test]
fn the_example_of_the_deployment_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |name: &str| std::fs::read_to_string(root.join(name)).expect("a file");
    let setup = Setup::empty()
        .file("gateway.yaml", &text("deploy/gateway.yaml"))
        .file("policies.test.yaml", &text("deploy/policies.test.yaml"))
        .variable("MONOLITH", "http://127.0.0.1:9")
        .variable("DATABASE_URL", "mysql://nobody:secret@192.0.2.1/nowhere")
        .variable("STATE_DATABASE_URL", "mysql://nobody:secret@192.0.2.1/own")
        .variable(
            "WATCH_DATABASE_URL",
            "mysql://nobody:secret@192.0.2.1/nowhere",
        )
        .variable("WATCH_SECRET", "00112233445566778899aabbccddeeff")
        .variable("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .variable(
            "REFRESH_TOKEN_SECRET_KEY",
            "fedcba9876543210fedcba9876543210",
        );
    let ended = ended(&setup, &["test", "policies.test.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
