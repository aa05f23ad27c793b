//! Where a token may be, and two places that do not agree.

use super::*;
use crate::harness::{seen::Seen, token};

const ROUTES: &str = "
- { match: /all/**, access: required, token_from: { cookie: access, websocket_protocol: bearer, query: access_token, query_tokens: logged_by_others } }
- { match: /kept/**, access: required, token_from: { query: access_token, query_tokens: logged_by_others, query_parameter: forward } }
- { match: /optional/**, access: optional, token_from: { query: access_token, query_tokens: logged_by_others } }
- { match: /**, access: required }";

/// A request with a token in one of the places.
fn put(request: Request, place: &str, token: &str) -> Request {
    match place {
        "header" => request.token(token),
        "cookie" => request.header("Cookie", &format!("a=b; access={token}")),
        "protocol" => request.header("Sec-WebSocket-Protocol", &format!("bearer, {token}")),
        other => panic!("no place: {other}"),
    }
}

#[test]
fn any_two_places_with_different_tokens_are_refused() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let (one, other) = (token::access("7"), token::access("8"));
    let places = ["header", "cookie", "protocol", "query"];
    for first in places {
        for second in places.into_iter().filter(|second| *second != first) {
            let target = |token: &str| match (first, second) {
                ("query", _) => format!("/all/a?access_token={one}"),
                (_, "query") => format!("/all/a?access_token={token}"),
                _ => "/all/a".to_owned(),
            };
            let send = |token: &str| {
                let mut request = Request::get(&target(token));
                if first != "query" {
                    request = put(request, first, &one);
                }
                if second != "query" {
                    request = put(request, second, token);
                }
                gateway.send(&request)
            };
            assert_eq!(send(&one).status, 200, "{first} and {second}, the same");
            let refused = send(&other);
            assert_eq!(refused.status, 400, "{first} and {second}");
            let challenge = refused.header("www-authenticate").unwrap_or_default();
            assert!(challenge.contains("invalid_request"), "{challenge}");
        }
    }
    let twice = format!("/all/twice?access_token={one}&x&access%5Ftoken={other}");
    assert_eq!(gateway.get(&twice).status, 400);
    assert_eq!(gateway.outcome("/all/twice"), "conflicting_tokens");
}

#[test]
fn a_token_of_the_query_goes_neither_to_the_log_nor_to_the_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let token = token::access("7");
    let targets = || -> Vec<String> {
        let seen = upstream.seen();
        seen.iter()
            .map(|seen: &Seen| seen.target().to_owned())
            .collect()
    };
    for (target, expected) in [
        (format!("/all/a?access_token={token}"), "/all/a".to_owned()),
        (
            format!("/all/b?x=%2F&access_token={token}&y"),
            "/all/b?x=%2F&y".to_owned(),
        ),
        (
            format!("/all/c?%61ccess_token={}", token.replace('.', "%2E")),
            "/all/c".to_owned(),
        ),
        (
            format!("/kept/d?access_token={token}&z"),
            format!("/kept/d?access_token={token}&z"),
        ),
        (
            format!("/optional/e?access_token={token}"),
            "/optional/e".to_owned(),
        ),
    ] {
        assert_eq!(gateway.get(&target).status, 200, "{target}");
        assert_eq!(targets().last(), Some(&expected));
        let seen = upstream.seen();
        let user = seen.last().map(|seen| seen.values("x-user-id").join(","));
        assert_eq!(user.as_deref(), Some("7"));
    }
    for (path, query) in [
        ("/all/x", "access_token="),
        ("/all/y", "access_token=a.b.c%0d%0a"),
        ("/optional/x", "access_token=a.b.c"),
    ] {
        assert_eq!(
            gateway.get(&format!("{path}?{query}")).status,
            401,
            "{path}"
        );
        assert_eq!(gateway.outcome(path), "invalid_token");
    }
    let elsewhere = format!("/elsewhere?access_token={token}");
    assert_eq!(gateway.get(&elsewhere).status, 401);
    assert_eq!(gateway.outcome("/elsewhere"), "missing_token");
    let log = gateway.said();
    assert!(
        !log.contains("access_token") && !log.contains(&token),
        "{log}"
    );
}

#[test]
fn an_answer_to_a_token_in_the_url_is_for_no_shared_cache() {
    let upstream = Upstream::answering(|seen, wire| {
        let said = seen.values("x-say").join(",");
        let said = format!("Cache-Control: {said}");
        let lines = if said.len() > 15 {
            vec![said.as_str()]
        } else {
            Vec::new()
        };
        wire.respond(200, &lines, b"")
    });
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let token = token::access("7");
    let in_url = |path: &str| Request::get(&format!("{path}?access_token={token}"));
    for path in ["/all/a", "/kept/a", "/optional/a"] {
        for (said, expected) in [
            ("", "private"),
            ("public, max-age=60", "private, max-age=60"),
            ("no-store", "no-store"),
        ] {
            let response = gateway.send(&in_url(path).header("X-Say", said));
            assert_eq!(response.status, 200);
            assert_eq!(response.values("cache-control"), [expected], "{path}");
        }
    }
    // In both places it is in the URL all the same.
    let both = gateway.send(&in_url("/all/a").token(&token));
    assert_eq!(both.values("cache-control"), ["private"]);
    for request in [
        Request::get("/all/a").token(&token),
        Request::get("/all/a?access_tokens=x").token(&token),
        Request::get("/optional/a"),
    ] {
        let response = gateway.send(&request.header("X-Say", "public, max-age=60"));
        assert_eq!(response.values("cache-control"), ["public, max-age=60"]);
    }
    let refused = gateway.get("/all/a?access_token=x");
    assert_eq!(refused.status, 401);
}
