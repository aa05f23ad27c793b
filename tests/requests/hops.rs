//! What belongs to one hop, and what the upstream learns of the hop before.

use crate::harness::{After, Gateway, Request, Upstream};

const HOP_BY_HOP: [(&str, &str); 7] = [
    ("Keep-Alive", "timeout=5"),
    ("Proxy-Connection", "keep-alive"),
    ("Proxy-Authorization", "Basic eDp5"),
    ("TE", "trailers"),
    ("Trailer", "X-Sum"),
    ("Upgrade", "websocket"),
    ("X-Hop", "1"),
];

#[test]
fn fields_of_the_clients_hop_do_not_go_on() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let request = Request::get("/public/a")
        .header("Connection", "X-Hop")
        .header("X-End", "1");
    let request = HOP_BY_HOP.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    let names = seen.names();
    for (name, _) in HOP_BY_HOP.iter().chain(&[("Connection", "")]) {
        assert!(
            !names.contains(&name.to_ascii_lowercase()),
            "{name}: {}",
            seen.head
        );
    }
    assert_eq!(seen.values("x-end"), ["1"]);
}

#[test]
fn fields_of_the_upstreams_hop_do_not_come_back() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n";
    let gateway = Gateway::before(&Upstream::saying(answer, After::Keep)).start();
    let response = gateway.get("/public/a");
    for name in [
        "connection",
        "x-hop",
        "keep-alive",
        "proxy-authenticate",
        "upgrade",
    ] {
        assert_eq!(response.header(name), None, "{name}");
    }
    assert_eq!(response.header("x-end"), Some("1"));
}

/// A request that says everything about itself that a proxy would say.
fn boasting() -> Request {
    Request::get("/public/a")
        .header("X-Forwarded-For", "1.2.3.4, 5.6.7.8")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "public.test")
        .header("X-Request-Id", "from-the-proxy")
        .header("Forwarded", "for=1.2.3.4")
        .header("x_forwarded_for", "9.9.9.9")
        .header("X-Real-IP", "9.9.9.9")
        .header("X-Forwarded-User", "admin")
        .header("X-Original-URL", "/admin")
}

#[test]
fn a_client_says_nothing_about_its_own_address() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(gateway.send(&boasting()).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.values("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.values("x-forwarded-proto"), ["http"]);
    assert_eq!(seen.values("x-forwarded-host"), ["gateway.test"]);
    for name in [
        "forwarded",
        "x_forwarded_for",
        "x-real-ip",
        "x-forwarded-user",
        "x-original-url",
    ] {
        assert!(seen.values(name).is_empty(), "{name}: {}", seen.head);
    }
    let line = gateway.access_line("/public/a");
    assert_eq!(
        seen.values("x-request-id"),
        [line["decision"].as_str().expect("a decision")]
    );
    assert_eq!(line["client"], "127.0.0.1");
}

#[test]
fn a_trusted_proxy_is_believed() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("trusted_proxies", "[127.0.0.0/8]")
        .start();
    assert_eq!(gateway.send(&boasting()).status, 200);
    let seen = upstream.only();
    assert_eq!(
        seen.values("x-forwarded-for"),
        ["1.2.3.4, 5.6.7.8, 127.0.0.1"]
    );
    assert_eq!(seen.values("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.values("x-forwarded-host"), ["public.test"]);
    assert_eq!(seen.values("x-request-id"), ["from-the-proxy"]);
    for name in [
        "forwarded",
        "x_forwarded_for",
        "x-real-ip",
        "x-forwarded-user",
    ] {
        assert!(seen.values(name).is_empty(), "{name}: {}", seen.head);
    }
}

#[test]
fn the_log_names_the_client_behind_a_trusted_proxy() {
    let gateway = Gateway::before(&Upstream::start())
        .section("trusted_proxies", "[127.0.0.0/8]")
        .start();
    assert_eq!(gateway.send(&boasting()).status, 200);
    assert_eq!(gateway.access_line("/public/a")["client"], "5.6.7.8");
}

#[test]
fn a_proxy_that_is_not_listed_is_not_believed() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("trusted_proxies", "[10.0.0.0/8]")
        .start();
    assert_eq!(gateway.send(&boasting()).status, 200);
    assert_eq!(upstream.only().values("x-forwarded-for"), ["127.0.0.1"]);
}

#[test]
fn the_standard_header_replaces_the_others() {
    for (trusted, expected) in [
        ("[]", "for=127.0.0.1;proto=http;host=\"gateway.test\""),
        (
            "[127.0.0.1]",
            "for=1.2.3.4, for=5.6.7.8, for=127.0.0.1;proto=https;host=\"public.test\"",
        ),
    ] {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream)
            .section("forwarded", "rfc7239")
            .section("trusted_proxies", trusted)
            .start();
        assert_eq!(gateway.send(&boasting()).status, 200);
        let seen = upstream.only();
        assert_eq!(seen.values("forwarded"), [expected]);
        assert!(seen.values("x-forwarded-for").is_empty(), "{}", seen.head);
    }
}

#[test]
fn via_names_the_gateway_after_those_before_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    gateway.send(&Request::get("/public/a").header("Via", "1.0 first"));
    assert_eq!(
        upstream.only().values("via").join(", "),
        "1.0 first, 1.1 sidegate"
    );
}

#[test]
fn the_clients_host_goes_on_in_lower_case() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    gateway.send(&Request::get("/public/a").host("Shop.Example:8080"));
    assert_eq!(upstream.only().values("host"), ["shop.example:8080"]);
}

#[test]
fn an_upstream_may_have_a_host_of_its_own() {
    let upstream = Upstream::start();
    let upstreams = format!(
        "{{ api: {{ endpoints: [\"{}\"], host: internal.test }} }}",
        upstream.url()
    );
    let gateway = Gateway::before(&upstream)
        .section("upstreams", &upstreams)
        .start();
    gateway.send(&Request::get("/public/a").host("shop.example"));
    let seen = upstream.only();
    assert_eq!(seen.values("host"), ["internal.test"]);
    assert_eq!(seen.values("x-forwarded-host"), ["shop.example"]);
}

#[test]
fn framing_in_disguise_and_proxy_settings_do_not_cross() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let request = Request::get("/public/a")
        .header("Content_Length", "5")
        .header("Transfer_Encoding", "chunked")
        .header("Proxy", "http://127.0.0.1:1")
        .header("X-Original-URI", "/admin");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    for name in [
        "content_length",
        "transfer_encoding",
        "proxy",
        "x-original-uri",
    ] {
        assert!(seen.values(name).is_empty(), "{name}");
    }
}

#[test]
fn a_transfer_coding_other_than_chunked_is_400_and_reaches_nothing() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for coding in ["gzip, chunked", "chunked, chunked", "identity, chunked"] {
        let response = gateway.client().raw(format!(
            "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n"
        ));
        assert_eq!(response.status, 400, "{coding}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn the_operator_says_which_further_headers_go_no_further_and_which_do() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section(
            "headers",
            "{ strip: [X-Tenant], keep: [X-HTTP-Method-Override, x_envoy_retry_on] }",
        )
        .start();
    let request = Request::get("/public/a")
        .header("x.tenant", "a")
        .header("X-HTTP-Method-Override", "GET")
        .header("X-Envoy-Retry-On", "5xx")
        .header("X-Envoy-Max-Retries", "9")
        .header("X-Method-Override", "PUT");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.values("x-http-method-override"), ["GET"]);
    assert_eq!(seen.values("x-envoy-retry-on"), ["5xx"]);
    for name in ["x.tenant", "x-envoy-max-retries", "x-method-override"] {
        assert!(seen.values(name).is_empty(), "{name}");
    }
}

#[test]
fn a_request_that_comes_round_in_a_circle_is_508() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let passed = |times: usize| {
        let via = vec!["1.1 sidegate"; times].join(", ");
        Request::get("/public/a").header("Via", &format!("1.1 other, {via}"))
    };
    assert_eq!(gateway.send(&passed(5)).status, 200);
    assert_eq!(gateway.send(&passed(6)).status, 508);
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(gateway.access_lines(2)[1]["outcome"], "loop");
}
