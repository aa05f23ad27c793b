//! Targets and Hosts: one canonical form passes, whatever two parsers could read differently does not.

use crate::harness::{Gateway, Request, Upstream};

fn start() -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("public_by_default", "acknowledged")
        .routes("- { match: \"/**\", access: public }")
        .start();
    (upstream, gateway)
}

#[track_caller]
fn refused(lines: &[&[u8]]) {
    let (upstream, gateway) = start();
    for line in lines {
        let response = gateway.client().raw(line);
        assert_eq!(response.status, 400, "{}", String::from_utf8_lossy(line));
    }
    let seen = upstream.seen();
    assert!(seen.is_empty(), "reached the upstream: {seen:?}");
}

#[test]
fn ambiguous_targets_are_400_and_reach_nothing() {
    let targets: &[&str] = &[
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/.%2E/admin",
        "/public/..",
        "/.",
        "/%2e",
        "/./admin",
        "/a/...",
        "/public/..%2fadmin",
        "/public%2Fadmin",
        "/public%2fadmin",
        "/public%5Cadmin",
        "/public\\admin",
        "//admin",
        "//other.test/admin",
        "/a//b",
        "/a//",
        "/admin;x",
        "/..;/admin",
        "/a;v=1/b",
        "/a#b",
        "/a?x#b",
        "/#",
        "/a%00",
        "/a%0a",
        "/a%0d%0aX:%20y",
        "/a%7f",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%u0041",
        "/%2541dmin",
        "/%252e%252e/admin",
        "/a%252fb",
        "/%25%32%46",
        "/a%3Bb",
        "/..%3b/admin",
        "/%c0%ae%c0%ae/admin",
        "/a%c0%afadmin",
        "/a%e0%80%afadmin",
        "/a%F0%80%80%AFadmin",
        "",
        "admin",
        "?x",
        "*",
        "gateway.test:80",
        "http://other.test/a",
        "http://gateway.test:81/a",
        "http://user@gateway.test/a",
        "http:///a",
        "ftp://gateway.test/a",
        "gateway.test/a",
    ];
    let lines: Vec<String> = targets
        .iter()
        .map(|target| format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n"))
        .collect();
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    refused(&lines);
}

#[test]
fn raw_bytes_that_no_target_has_are_400_and_reach_nothing() {
    refused(&[
        b"GET /a\0b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /a\x01 HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /a\x7f HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /a\tb HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /\xed\x95\x9c HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    ]);
}

#[test]
fn other_forms_of_targets_are_400_and_reach_nothing() {
    refused(&[b"CONNECT gateway.test:443 HTTP/1.1\r\nHost: gateway.test:443\r\n\r\n"]);
}

#[test]
fn a_missing_repeated_or_malformed_host_is_400_and_reaches_nothing() {
    refused(&[
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET http://gateway.test/a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: gateway.test\r\nHost: other.test\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: gateway.test\r\nHost: gateway.test\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x/health?a=\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: user@gateway.test\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: gateway.test, other.test\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: gateway.test:http\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: gate way\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost : gateway.test\r\n\r\n",
    ]);
}

#[test]
fn framing_that_two_parsers_could_read_differently_is_400_and_reaches_nothing() {
    let (upstream, gateway) = start();
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";
    for framing in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: +4",
        "Content-Length: -4",
        "Content-Length: 4, 5",
        "Content-Length:",
        "Content-Length: 0x4",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "Content-Length: 4\r\n Transfer-Encoding: chunked",
    ] {
        let head = format!("POST /a HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n{smuggled}");
        let response = gateway.client().raw(&head);
        let seen = upstream.seen();
        assert_eq!(response.status, 400, "{framing}: {seen:?}");
        assert!(seen.is_empty(), "{framing}: {seen:?}");
    }
}

#[test]
fn a_message_with_two_framings_is_refused_and_nothing_behind_it_is_read() {
    let (upstream, gateway) = start();
    for framing in [
        "Content-Length: 9\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 9",
    ] {
        let mut connection = gateway.client().connect();
        connection.write(format!(
            "POST /a HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
        ));
        let response = connection.response();
        assert_eq!(response.status, 400);
        assert_eq!(response.header("connection"), Some("close"));
        assert!(connection.ends());
    }
    assert!(upstream.seen().is_empty());
    let outcomes = gateway.access_lines(2);
    assert!(outcomes.iter().all(|line| line["outcome"] == "bad_framing"));
}

#[test]
fn what_is_matched_is_forwarded_in_its_canonical_form() {
    for (sent, forwarded) in [
        ("/", "/"),
        ("/items/", "/items/"),
        ("/%61dmin", "/admin"),
        ("/%ed%95%9c", "/%ED%95%9C"),
        ("/%7Euser/a%2eb/.hidden", "/~user/a.b/.hidden"),
        ("/a%20b%3Fc%23e", "/a%20b%3Fc%23e"),
        ("/caf%e9/%C0%CC", "/caf%E9/%C0%CC"),
        ("/a|b^c", "/a%7Cb%5Ec"),
        ("/a?x=|^%00%0d%0A%c0%af", "/a?x=|^%00%0d%0A%c0%af"),
        ("/100%25", "/100%25"),
        ("/a@b:c+d,e=f!g$h&i'j(k)l*", "/a@b:c+d,e=f!g$h&i'j(k)l*"),
        (
            "/a?x=%2F../..//;%2e%2E\\&y=%zz",
            "/a?x=%2F../..//;%2e%2E\\&y=%zz",
        ),
        ("/a?", "/a?"),
        ("/%61?%61", "/a?%61"),
        ("http://gateway.test/a?b", "/a?b"),
        ("http://GATEWAY.test", "/"),
        ("https://gateway.test/%61", "/a"),
    ] {
        let (upstream, gateway) = start();
        let response = gateway.get(sent);
        assert_eq!(response.status, 200, "{sent}");
        assert_eq!(upstream.only().target(), forwarded, "{sent}");
        assert_eq!(upstream.only().values("host"), ["gateway.test"], "{sent}");
    }
}

#[test]
fn a_policy_matches_the_canonical_path() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes(
            r#"
- { match: "/**", access: required }
- { match: "/docs", access: public }"#,
        )
        .start();
    assert_eq!(gateway.get("/d%6fcs").status, 200);
    assert_eq!(gateway.get("/docs%2e").status, 401);
    assert_eq!(upstream.only().target(), "/docs");
}

#[test]
fn a_hash_in_a_long_header_is_no_fragment() {
    let (_upstream, gateway) = start();
    // Longer than one read: the second begins inside the value.
    let cookie = format!("a={}#{}", "x".repeat(12_000), "y".repeat(12_000));
    let response = gateway.send(&Request::get("/a").header("Cookie", &cookie));
    assert_eq!(response.status, 200, "{}", response.text());
}

#[test]
fn empty_lines_before_a_request_do_not_hide_its_fragment() {
    refused(&[b"\r\n\r\nGET /a#b HTTP/1.1\r\nHost: gateway.test\r\n\r\n"]);
}

#[test]
fn a_hash_in_a_refused_body_is_no_fragment() {
    let gateway = Gateway::before(&Upstream::start()).start();
    for length in [10, 10_000, 100_000] {
        let mut connection = gateway.client().connect();
        connection.write(Request::post("/guarded").body("#".repeat(length)).bytes());
        assert_eq!(connection.response().status, 401);
        // The connection may be closed instead, when the body was too long to be read for nothing.
        let next = connection.try_write(Request::get("/public/a").bytes());
        let next = next.and_then(|()| connection.try_head());
        if let Ok(Some(response)) = next {
            assert_eq!(response.status, 200, "{length}");
        }
    }
}

#[test]
fn a_hash_in_a_body_is_no_fragment() {
    let (_upstream, gateway) = start();
    let mut connection = gateway.client().connect();
    for _ in 0..3 {
        let body = "#".repeat(40_000);
        let response = connection.send(&Request::post("/a").body(body));
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

#[test]
fn an_absolute_target_without_a_path_is_forwarded_with_one() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes("[{ match: /, access: public }]")
        .start();
    let response = gateway.client().raw(
        "GET http://gateway.test?x=/admin HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(response.status, 200);
    assert_eq!(upstream.only().request_line(), "GET /?x=/admin HTTP/1.1");
}

/// A gateway before upstreams that fold all that can be folded.
fn folding(paths: &str) -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("paths", paths)
        .section("public_by_default", "acknowledged")
        .routes(
            r#"
- { match: "/**", access: public }
- { match: "/Admin/**", access: required }
- { match: "/users/{id}", access: required, require: { subject_is: id } }"#,
        )
        .start();
    (upstream, gateway)
}

#[test]
fn what_the_upstreams_fold_is_guarded_in_every_spelling_and_goes_on_as_it_was_sent() {
    let (upstream, gateway) = folding(
        "{ case: ignore, trailing_slash: ignore, empty_segments: ignore, segment_parameters: ignore }",
    );
    let targets = [
        "/Admin",
        "/admin",
        "/ADMIN/x",
        "/admin/",
        "//admin//x",
        "/admin;v=1/x;w",
        "/adm%C4%B1n/x",
        "/%61DMIN;/",
    ];
    for target in targets {
        assert_eq!(gateway.get(target).status, 401, "{target}");
    }
    assert!(upstream.seen().is_empty());
    let token = crate::harness::token::access("7");
    for (target, sent) in [
        ("/ADMIN//x;v=1/", "/ADMIN//x;v=1/"),
        ("/USERS/7;a/", "/USERS/7;a/"),
        ("/%75sers/7", "/users/7"),
    ] {
        let response = gateway.send(&Request::get(target).token(&token));
        assert_eq!(response.status, 200, "{target}");
        let seen = upstream.seen();
        assert_eq!(seen.last().map(crate::harness::Seen::target), Some(sent));
    }
    assert_eq!(
        gateway.send(&Request::get("/USERS/8").token(&token)).status,
        403
    );
    assert_eq!(gateway.get("/admin/..;/x").status, 400);
}

#[test]
fn a_parameter_of_the_path_keeps_its_case() {
    let (_upstream, gateway) = folding("{ case: ignore }");
    let token = crate::harness::token::access("abc");
    for (target, status) in [("/Users/abc", 200), ("/users/ABC", 403)] {
        let response = gateway.send(&Request::get(target).token(&token));
        assert_eq!(response.status, status, "{target}");
    }
}

#[test]
fn each_line_of_a_reading_relaxes_itself_alone() {
    for (paths, passing) in [
        ("{}", ""),
        ("{ empty_segments: keep }", "/a//b"),
        ("{ empty_segments: ignore }", "/a//b"),
        ("{ segment_parameters: keep }", "/a;b"),
        ("{ segment_parameters: ignore }", "/a;b"),
        ("{ overlong_escapes: keep }", "/a%C0%AF"),
    ] {
        let (_upstream, gateway) = folding(paths);
        for target in ["/a//b", "/a;b", "/a%C0%AF", "/a/../b", "/a%2Fb", "/a%5Cb"] {
            let expected = if target == passing { 200 } else { 400 };
            assert_eq!(gateway.get(target).status, expected, "{paths} {target}");
        }
    }
}
