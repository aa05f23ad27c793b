//! CORS on the gateway's own answers, so that browsers can read them.

use serde_json::json;

use crate::harness::{Gateway, Request, Response, Upstream, token};

const APP: &str = "https://app.example";

const CORS: &str = "
origins: [https://app.example]
methods: [GET, POST]
headers: [Authorization, Content-Type]
expose: [X-Request-Id]
credentials: allow
max_age: 5m";

fn start() -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).section("cors", CORS).start();
    (upstream, gateway)
}

fn preflight(path: &str, origin: &str) -> Request {
    Request::new("OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization")
}

fn allowed(response: &Response) -> Option<&str> {
    response.header("access-control-allow-origin")
}

#[test]
fn a_preflight_passes_without_a_token_and_goes_nowhere() {
    let (upstream, gateway) = start();
    for path in ["/guarded", "/users/7", "/auth/token/pair"] {
        let response = gateway.send(&preflight(path, APP));
        assert_eq!(
            (response.status, allowed(&response)),
            (204, Some(APP)),
            "{path}"
        );
        for (name, value) in [
            ("access-control-allow-methods", "GET, POST"),
            (
                "access-control-allow-headers",
                "Authorization, Content-Type",
            ),
            ("access-control-allow-credentials", "true"),
            ("access-control-max-age", "300"),
            ("vary", "Origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{path}");
        }
        assert_eq!(gateway.outcome(path), "preflight");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn another_origin_is_not_allowed() {
    let (_upstream, gateway) = start();
    for origin in [
        "https://app.example.evil",
        "http://app.example",
        "https://app.example:444",
        "null",
    ] {
        let response = gateway.send(&preflight("/guarded", origin));
        assert_eq!(allowed(&response), None, "{origin}");
        assert_eq!(response.header("access-control-allow-credentials"), None);
        assert_eq!(response.header("vary"), Some("Origin"));
        let refused = gateway.send(&Request::get("/guarded").header("Origin", origin));
        assert_eq!((refused.status, allowed(&refused)), (401, None));
    }
}

#[test]
fn refusals_can_be_read_by_the_browser() {
    let (_upstream, gateway) = start();
    let good = token::access("7");
    for (status, request) in [
        (401, Request::get("/guarded")),
        (401, Request::get("/guarded").token("x")),
        (403, Request::get("/users/8").token(&good)),
        (400, Request::get("/a//b")),
    ] {
        let response = gateway.send(&request.header("Origin", APP));
        assert_eq!((response.status, allowed(&response)), (status, Some(APP)));
        assert_eq!(
            response.header("access-control-expose-headers"),
            Some("X-Request-Id")
        );
        assert_eq!(
            response.header("access-control-allow-credentials"),
            Some("true")
        );
    }
}

#[test]
fn answers_of_the_accounts_can_be_read_by_the_browser() {
    let (_upstream, gateway) = start();
    for password in ["wrong", crate::harness::users::PASSWORD] {
        let credentials = json!({ "email": "active@example.com", "password": password });
        let request = Request::post("/auth/token/pair")
            .json(&credentials)
            .header("Origin", APP);
        let response = gateway.send(&request);
        assert_eq!(allowed(&response), Some(APP), "{}", response.status);
    }
}

#[test]
fn forwarded_answers_keep_the_upstreams_own_headers() {
    let upstream =
        Upstream::answering(|_, wire| wire.respond(200, &["Access-Control-Allow-Origin: *"], b""));
    let gateway = Gateway::before(&upstream).section("cors", CORS).start();
    let response = gateway.send(&Request::get("/public/a").header("Origin", APP));
    assert_eq!(response.values("access-control-allow-origin"), ["*"]);
}

#[test]
fn every_origin_gets_a_star() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("cors", "{ origins: [\"*\"] }")
        .start();
    let response = gateway.send(&preflight("/guarded", "https://any.example"));
    assert_eq!((response.status, allowed(&response)), (204, Some("*")));
    assert_eq!(
        response.header("access-control-allow-headers"),
        Some("authorization")
    );
    assert_eq!(response.header("vary"), None);
}

#[test]
fn a_route_may_have_its_own_policy() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes(
            r#"
- { match: "/with", access: required, cors: { origins: [https://app.example] } }
- { match: "/without", access: required }"#,
        )
        .start();
    assert_eq!(gateway.send(&preflight("/with", APP)).status, 204);
    let without = gateway.send(&preflight("/without", APP));
    assert_eq!((without.status, allowed(&without)), (401, None));
}

#[test]
fn an_ordinary_options_request_goes_its_way() {
    let (upstream, gateway) = start();
    assert_eq!(
        gateway
            .send(&Request::new("OPTIONS", "/guarded").header("Origin", APP))
            .status,
        401
    );
    assert_eq!(
        gateway.send(&Request::new("OPTIONS", "/public/a")).status,
        200
    );
    assert_eq!(upstream.only().request_line(), "OPTIONS /public/a HTTP/1.1");
}

#[test]
fn options_for_the_gateway_itself_needs_no_token_and_goes_nowhere() {
    let (upstream, gateway) = start();
    for request in [
        Request::new("OPTIONS", "*"),
        Request::new("OPTIONS", "/guarded").header("Max-Forwards", "0"),
    ] {
        let response = gateway.send(&request);
        assert_eq!(response.status, 204);
        let allowed = response.header("allow").expect("methods");
        assert!(allowed.starts_with("GET, HEAD, POST"), "{allowed}");
        assert!(!allowed.contains("TRACE") && !allowed.contains("CONNECT"));
    }
    assert!(upstream.seen().is_empty());
    let further = Request::new("OPTIONS", "/public/a").header("Max-Forwards", "3");
    assert_eq!(gateway.send(&further).status, 200);
    assert_eq!(upstream.only().values("max-forwards"), ["2"]);
}

#[test]
fn trace_is_never_served() {
    let (upstream, gateway) = start();
    for path in ["/public/a", "/guarded"] {
        let trace = Request::new("TRACE", path).header("Max-Forwards", "0");
        assert_eq!(gateway.send(&trace).status, 405, "{path}");
    }
    let asked = Request::new("OPTIONS", "/public/a")
        .header("Origin", APP)
        .header("Access-Control-Request-Method", "TRACE");
    assert_eq!(gateway.outcome("/public/a"), "method_not_allowed");
    assert_ne!(gateway.send(&asked).status, 204);
    let lines: Vec<String> = upstream
        .seen()
        .iter()
        .map(|seen| seen.request_line().to_owned())
        .collect();
    assert_eq!(lines, ["OPTIONS /public/a HTTP/1.1"]);
}

#[test]
fn a_preflight_does_not_tell_which_routes_exist() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("cors", CORS)
        .routes("- { match: \"GET /items\", access: required }")
        .start();
    assert_eq!(gateway.send(&preflight("/nowhere", APP)).status, 404);
    assert!(upstream.seen().is_empty());
}
