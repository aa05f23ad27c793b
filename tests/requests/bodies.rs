//! Request bodies that are too large or too slow.

use std::fmt::Write as _;

use crate::harness::{Gateway, Request, Upstream};

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "/small/**", access: public, body_size: 1KiB }
- { match: "/guarded", access: required, body_size: 1KiB }
- { match: "/any/**", access: public, body_size: unlimited }"#;

const KIB: usize = 1024;

fn limited(limits: &str) -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("limits", limits)
        .routes(ROUTES)
        .start();
    (upstream, gateway)
}

fn post(path: &str, framing: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n")
}

fn chunked(path: &str, sizes: &[usize]) -> String {
    let mut text = post(path, "Transfer-Encoding: chunked");
    for size in sizes {
        write!(text, "{size:x}\r\n{}\r\n", "x".repeat(*size)).expect("a text grows");
    }
    text + "0\r\n\r\n"
}

#[test]
fn a_body_that_says_it_is_too_large_is_413_before_the_upstream_is_asked() {
    let (upstream, gateway) = limited("{ body_size: 2KiB }");
    for (path, size) in [("/small/a", KIB + 1), ("/public/a", 2 * KIB + 1)] {
        let mut connection = gateway.client().connect();
        connection.write(post(path, &format!("Content-Length: {size}")));
        let response = connection.response();
        assert_eq!(response.status, 413, "{path}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(connection.ends());
        assert_eq!(gateway.outcome(path), "body_too_large");
    }
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn a_body_of_exactly_the_limit_passes() {
    let (upstream, gateway) = limited("{ body_size: 2KiB }");
    for (path, size) in [
        ("/small/a", KIB),
        ("/public/a", 2 * KIB),
        ("/any/a", 9 * KIB),
    ] {
        let response = gateway.send(&Request::post(path).body(vec![b'x'; size]));
        assert_eq!(response.status, 200, "{path}");
        let halves = chunked(path, &[size / 2, size / 2]);
        assert_eq!(gateway.client().raw(halves).status, 200, "{path}");
    }
    assert_eq!(upstream.seen().len(), 6);
}

#[test]
fn chunks_that_grow_too_large_are_413_and_the_upstream_never_has_a_whole_request() {
    let (upstream, gateway) = limited("{}");
    let grown = chunked("/small/a", &[KIB / 2, KIB / 2, 1]);
    let response = gateway.client().raw(grown);
    assert_eq!(response.status, 413);
    assert_eq!(response.header("connection"), Some("close"));
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
}

#[test]
fn a_large_body_without_a_token_is_401_and_not_413() {
    let (_upstream, gateway) = limited("{}");
    let response = gateway.send(&Request::post("/guarded").body(vec![b'x'; 2 * KIB]));
    assert_eq!(response.status, 401);
}

#[test]
fn a_client_that_waits_to_be_asked_is_told_that_its_body_is_too_large() {
    let (_upstream, gateway) = limited("{}");
    let mut connection = gateway.client().connect();
    connection.write(post(
        "/small/a",
        "Content-Length: 2000\r\nExpect: 100-continue",
    ));
    assert_eq!(connection.head().status, 413);
}

#[test]
fn a_body_that_stops_is_408() {
    let (upstream, gateway) = limited("{ body_timeout: 200ms }");
    for (framing, begun) in [
        ("Content-Length: 10", "hello"),
        ("Content-Length: 10", ""),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhe"),
    ] {
        let mut connection = gateway.client().connect();
        connection.write(post("/public/a", framing) + begun);
        let response = connection.response();
        assert_eq!(response.status, 408, "{framing} {begun:?}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(connection.ends());
    }
    assert_eq!(gateway.outcome("/public/a"), "body_timeout");
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
}

#[test]
fn the_body_of_an_account_request_that_stops_is_408() {
    let (_upstream, gateway) = limited("{ body_timeout: 200ms }");
    let mut connection = gateway.client().connect();
    connection.write(post("/auth/token/pair", "Content-Length: 10") + "{");
    let response = connection.response();
    assert_eq!(
        (response.status, response.header("connection")),
        (408, Some("close"))
    );
}

#[test]
fn a_silent_client_is_not_taken_for_a_slow_upstream() {
    let upstream = Upstream::start();
    let upstreams = format!(
        "{{ api: {{ endpoints: [\"{}\"], response_timeout: 100ms }} }}",
        upstream.url()
    );
    let gateway = Gateway::before(&upstream)
        .section("upstreams", &upstreams)
        .section("limits", "{ body_timeout: 400ms }")
        .start();
    let mut connection = gateway.client().connect();
    connection.write(post("/public/a", "Content-Length: 10") + "hello");
    // The silence is the client's, and longer than the upstream may take.
    let response = connection.response();
    assert_eq!(response.status, 408, "{}", response.text());
}
