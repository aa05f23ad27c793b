//! How a token is sent, and what is said to a client that sends none, a bad one, or two (RFC 6750).

use serde_json::json;

use super::*;
use crate::harness::{Response, token};

const ROUTES: &str = "
- { match: /cookie/**, access: required, token_from: { cookie: access } }
- { match: /maybe/**, access: optional, token_from: { cookie: access } }
- { match: /ws/**, access: required, token_from: { websocket_protocol: bearer } }
- { match: /query/**, access: required, token_from: { query: access_token, query_tokens: logged_by_others } }
- { match: /scope/**, access: required, require: { scope: [read, write] } }
- { match: /**, access: required }";

fn gateway(upstream: &Upstream) -> Gateway {
    let setup = Gateway::before(upstream).section("refusals", "problem");
    setup.routes(ROUTES).start()
}

fn challenge(response: &Response) -> Vec<&str> {
    response.values("www-authenticate")
}

#[test]
fn cookies_of_one_name_with_different_tokens_are_400() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let (one, other) = (token::access("7"), token::access("8"));
    let cookie = |value: String| Request::get("/cookie/a").header("Cookie", &value);
    let twice = |one: &str, other: &str| {
        [
            cookie(format!("access={one}; access={other}")),
            cookie(format!("access={one};access={other}")),
            cookie(format!("access={one}; x=y; access=\"{other}\"")),
            cookie(format!("access={one}")).header("Cookie", &format!("access={other}")),
        ]
    };
    for request in twice(&one, &one) {
        assert_eq!(gateway.send(&request).status, 200);
    }
    let before = upstream.seen().len();
    for request in twice(&one, &other).iter().chain(&twice(&one, "")) {
        let response = gateway.send(request);
        assert_eq!(response.status, 400, "{request:?}");
        assert_eq!(challenge(&response), [r#"Bearer error="invalid_request""#]);
    }
    assert_eq!(upstream.seen().len(), before);
}

#[test]
fn a_broken_cookie_makes_nobody_anonymous() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    for value in [
        "access=",
        "access=x",
        "access=a.b.c",
        "access=\"",
        "access=%65%79",
        "access==",
        "access=a b",
        "x=y; access=,",
    ] {
        for path in ["/cookie/a", "/maybe/a"] {
            let response = gateway.send(&Request::get(path).header("Cookie", value));
            assert_eq!(response.status, 401, "{path} with {value}");
            assert_eq!(challenge(&response), [r#"Bearer error="invalid_token""#]);
        }
    }
    for value in ["access", "", ";;;", "Access=x", "=; =x"] {
        let response = gateway.send(&Request::get("/cookie/a").header("Cookie", value));
        assert_eq!(response.status, 401, "{value}");
        assert_eq!(challenge(&response), ["Bearer"], "{value}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_second_token_in_a_list_of_protocols_neither_counts_for_nothing_nor_reaches_the_upstream() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let (one, other) = (token::access("7"), token::access("8"));
    let ask = |lines: &[String]| {
        let request = Request::get("/ws/a");
        let request = lines.iter().fold(request, |request, line| {
            request.header("Sec-WebSocket-Protocol", line)
        });
        gateway.send(&request).status
    };
    assert_eq!(ask(&[format!("bearer, {one}, chat")]), 200);
    assert_eq!(ask(&[format!("bearer, {one}, bearer, {one}")]), 200);
    let seen = upstream.seen();
    assert!(seen.iter().all(|seen| !seen.head.contains(&one)));
    for lines in [
        vec![format!("bearer, {one}, bearer, {other}")],
        vec![format!("bearer, {one}, chat, bearer, {other}")],
        vec![format!("bearer, {one}"), format!("bearer, {other}")],
        vec![format!("bearer, {one}, bearer")],
    ] {
        assert_eq!(ask(&lines), 400, "{lines:?}");
    }
    assert_eq!(upstream.seen().len(), seen.len());
}

#[test]
fn two_tokens_in_one_header_are_no_token() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let (one, other) = (token::access("7"), token::access("8"));
    for value in [
        format!("Bearer {one}, Bearer {other}"),
        format!("Bearer {one},Bearer {one}"),
        format!("Bearer {one} {one}"),
        format!("Bearer {one}; Bearer {other}"),
        format!("Bearer, {one}"),
        format!("Bearer\t{one}"),
        format!("Bearer Bearer {one}"),
        format!("Bearer token={one}"),
        format!("Bearer \"{one}\""),
        format!("Bearer:{one}"),
    ] {
        let response = gateway.send(&Request::get("/a").header("Authorization", &value));
        assert_eq!(response.status, 401, "{value}");
        assert_eq!(challenge(&response), [r#"Bearer error="invalid_token""#]);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_token_in_a_body_or_in_a_query_without_leave_is_not_read() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let token = token::access("7");
    let form = Request::post("/a")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("access_token={token}"));
    let json = Request::post("/a").json(&json!({ "access_token": token }));
    let query = Request::get(&format!("/a?access_token={token}"));
    let other = Request::get(&format!("/query/a?token={token}"));
    let in_cookie = Request::get("/a").header("Cookie", &format!("access={token}"));
    let basic = Request::get("/a").header("Authorization", &format!("Token {token}"));
    let bare = Request::get("/a").header("Authorization", &token);
    let elsewhere = Request::get("/a").header("X-Authorization", &format!("Bearer {token}"));
    for request in [form, json, query, other, in_cookie, basic, bare, elsewhere] {
        let response = gateway.send(&request);
        assert_eq!(response.status, 401, "{request:?}");
        assert_eq!(challenge(&response), ["Bearer"], "nothing was sent");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_refusal_says_in_the_standards_words_what_was_wrong_with_the_token() {
    let upstream = Upstream::start();
    for refusals in ["problem", "fastapi"] {
        let setup = Gateway::before(&upstream).section("refusals", refusals);
        let gateway = setup.routes(ROUTES).start();
        let (one, other) = (token::access("7"), token::access("8"));
        let mut reader = token::claims("7");
        reader["scope"] = json!("read");
        let expired =
            r#"Bearer error="invalid_token", error_description="The access token expired""#;
        let cases = [
            (Request::get("/a"), 401, "Bearer"),
            (
                Request::get("/a").token("x.y.z"),
                401,
                r#"Bearer error="invalid_token""#,
            ),
            (Request::get("/a").token(&token::expired("7")), 401, expired),
            (
                Request::get("/a").token(&one).token(&other),
                400,
                r#"Bearer error="invalid_request""#,
            ),
            (
                Request::get("/scope/a").token(&token::signed(&reader)),
                403,
                r#"Bearer error="insufficient_scope", scope="read write""#,
            ),
        ];
        for (request, status, expected) in cases {
            for method in ["GET", "HEAD"] {
                let mut connection = gateway.client().connect();
                let request = request.clone().method(method);
                let response = connection.send(&request);
                assert_eq!(response.status, status, "{refusals}: {request:?}");
                assert_eq!(challenge(&response), [expected], "{refusals}: {request:?}");
            }
        }
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn no_token_is_in_what_is_answered_or_logged() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let bad = format!("{}x", token::access("7"));
    let requests = [
        Request::get("/a").token(&bad),
        Request::get("/cookie/b").header("Cookie", &format!("access={bad}")),
        Request::get(&format!("/query/c?access_token={bad}")),
        Request::get("/ws/d").header("Sec-WebSocket-Protocol", &format!("bearer, {bad}")),
        Request::get("/e").token(&bad).token(&token::access("8")),
    ];
    let part = &bad[bad.len() - 20..];
    for request in requests {
        let response = gateway.send(&request);
        assert!(matches!(response.status, 400 | 401), "{request:?}");
        let headers = format!("{:?}", response.headers);
        assert!(!response.text().contains(part) && !headers.contains(part));
    }
    for path in ["/a", "/cookie/b", "/query/c", "/ws/d", "/e"] {
        gateway.access_line(path);
    }
    assert!(!gateway.said().contains(part));
}
