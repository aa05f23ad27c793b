//! How often routes may be used, as clients see it.

use crate::harness::{Gateway, Request, Response, Setup, Upstream, token};

/// One limit on one route of each kind. An hour makes sure that nothing comes back while a test runs.
fn limited(upstream: &Upstream, limit: &str) -> Setup {
    Gateway::before(upstream)
        .section("rate_limits", &format!("{{ few: {limit} }}"))
        .without("accounts")
        .without("users")
        .routes(
            "[{ match: \"/public/**\", access: public, rate_limit: [few] },\
             { match: \"/free/**\", access: public },\
             { match: \"/**\", access: required }]",
        )
}

fn by_subject(access: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .section("rate_limits", "{ few: { by: subject, rate: 2/1h } }")
        .without("accounts")
        .without("users")
        .routes(&format!(
            "[{{ match: \"/**\", access: {access}, rate_limit: [few] }}]"
        ))
}

fn statuses(gateway: &Gateway, request: &Request, count: usize) -> Vec<u16> {
    (0..count).map(|_| gateway.send(request).status).collect()
}

/// The seconds of a header such as `"few";r=0;t=12`.
fn seconds(value: &str) -> u64 {
    let (_, seconds) = value.rsplit_once('=').expect("a number at the end");
    seconds.parse().expect("a number")
}

#[test]
fn as_many_as_are_allowed_pass_and_the_next_is_told_when_to_come_back() {
    let upstream = Upstream::start();
    let gateway = limited(&upstream, "{ by: client, rate: 3/1h }").start();
    for remaining in [2, 1, 0] {
        let response = gateway.get("/public/a");
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"few\";q=3;w=3600")
        );
        let current = response.header("ratelimit").expect("what is left");
        assert!(
            current.starts_with(&format!("\"few\";r={remaining};t=")),
            "{current}"
        );
        assert!((1..=1200).contains(&seconds(current)), "{current}");
        assert_eq!(response.header("retry-after"), None);
    }
    let refused = gateway.get("/public/a");
    assert_eq!(refused.status, 429);
    let current = refused.header("ratelimit").expect("what is left");
    assert!(current.starts_with("\"few\";r=0;t="), "{current}");
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"few\";q=3;w=3600")
    );
    let after = refused.header("retry-after").expect("when");
    assert_eq!(after.parse(), Ok(seconds(current)));
    assert!((1190..=1200).contains(&seconds(current)), "{current}");
    assert_eq!(upstream.seen().len(), 3);
}

#[test]
fn a_refusal_is_a_problem_with_its_code_unless_there_is_a_template() {
    let setup = limited(&Upstream::start(), "{ by: route, rate: 1/1h }");
    let gateway = setup.section("refusals", "problem").start();
    gateway.get("/public/a");
    let refused = gateway.get("/public/a");
    assert_eq!(refused.json()["type"], "urn:sidegate:rate_limited");
    assert_eq!(refused.json()["status"], 429);
    assert_eq!(gateway.outcome("/public/a"), "forwarded");
    let lines = gateway.access_lines(2);
    assert_eq!(lines[1]["outcome"], "rate_limited");
    assert_eq!(lines[1]["reason"], "the limit few (by route) is used up");
    assert_eq!(lines[1]["route"], "/public/**");

    let template = "{ custom: { rate_limited: { status: 420, body: { slow: down } } } }";
    let setup = limited(&Upstream::start(), "{ by: route, rate: 1/1h }");
    let gateway = setup.section("refusals", template).start();
    gateway.get("/public/a");
    let refused = gateway.get("/public/a");
    assert_eq!(
        (refused.status, &*refused.text()),
        (420, r#"{"slow":"down"}"#)
    );
    assert!(refused.header("retry-after").is_some());

    let gateway = limited(&Upstream::start(), "{ by: route, rate: 1/1h }").start();
    gateway.get("/public/a");
    let refused = gateway.get("/public/a");
    assert_eq!(refused.text(), r#"{"detail":"Too Many Requests"}"#);
}

#[test]
fn a_burst_is_more_or_less_than_the_rate() {
    for (burst, expected) in [(1, [200, 429, 429]), (2, [200, 200, 429])] {
        let limit = format!("{{ by: client, rate: 60/1h, burst: {burst} }}");
        let gateway = limited(&Upstream::start(), &limit).start();
        let request = Request::get("/public/a");
        assert_eq!(statuses(&gateway, &request, 3), expected);
    }
}

#[test]
fn other_routes_are_not_counted_and_say_nothing() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 1/1h }").start();
    for _ in 0..3 {
        let free: Response = gateway.get("/free/a");
        assert_eq!((free.status, free.header("ratelimit")), (200, None));
        assert_eq!(free.header("ratelimit-policy"), None);
    }
    let request = Request::get("/public/a");
    assert_eq!(statuses(&gateway, &request, 2), [200, 429]);
    assert_eq!(gateway.get("/free/a").status, 200);
}

#[test]
fn no_client_chooses_the_address_that_it_is_counted_by() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 2/1h }").start();
    let from = |address: &str| {
        let request = Request::get("/public/a").header("X-Forwarded-For", address);
        gateway
            .send(&request.header("Forwarded", "for=192.0.2.9"))
            .status
    };
    assert_eq!(
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(from),
        [200, 200, 429]
    );
    let lines = gateway.access_lines(3);
    let reason = lines[2]["reason"].as_str().expect("a reason");
    assert!(reason.ends_with("add it to trusted_proxies"), "{reason}");
}

#[test]
fn behind_trusted_proxies_the_right_most_other_address_is_counted() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 2/1h }")
        .section("trusted_proxies", "[127.0.0.1, 10.0.0.0/8]")
        .start();
    let from = |addresses: &str| {
        let request = Request::get("/public/a").header("X-Forwarded-For", addresses);
        gateway.send(&request).status
    };
    for (addresses, expected) in [
        ("192.0.2.1", 200),
        ("6.6.6.6, 192.0.2.1, 10.0.0.2", 200),
        ("7.7.7.7, 192.0.2.1", 429),
        ("192.0.2.1, 192.0.2.2", 200),
        // One client has a whole network.
        ("2001:db8::1", 200),
        ("2001:db8::2:3", 200),
        ("2001:db8::ffff:ffff:ffff:ffff", 429),
        ("2001:db8:0:1::1", 200),
    ] {
        assert_eq!(from(addresses), expected, "{addresses}");
    }
}

#[test]
fn garbage_for_a_token_counts_as_a_request_does() {
    let gateway = Gateway::before(&Upstream::start())
        .section("rate_limits", "{ few: { by: client, rate: 2/1h } }")
        .without("accounts")
        .without("users")
        .routes("[{ match: \"/**\", access: required, rate_limit: [few] }]")
        .start();
    let guess = Request::get("/a").token("a.b.c");
    assert_eq!(statuses(&gateway, &guess, 4), [401, 401, 429, 429]);
    let good = Request::get("/a").token(&token::access("7"));
    assert_eq!(gateway.send(&good).status, 429);
}

#[test]
fn a_subject_is_one_whatever_its_token_and_wherever_it_comes_from() {
    let gateway = by_subject("required").start();
    let mut other = token::claims("7");
    other["jti"] = "another".into();
    let tokens = [
        token::access("7"),
        token::signed(&other),
        token::access(7),
        token::access("8"),
    ];
    let answers = tokens.map(|token| gateway.send(&Request::get("/a").token(&token)).status);
    assert_eq!(answers, [200, 200, 429, 200]);
    // A bad token is nobody's, and takes nothing from anybody.
    let bad = Request::get("/a").token("a.b.c");
    assert_eq!(statuses(&gateway, &bad, 3), [401; 3]);
    assert_eq!(
        gateway
            .send(&Request::get("/a").token(&token::access("8")))
            .status,
        200
    );
}

#[test]
fn an_anonymous_request_is_counted_by_its_client() {
    let gateway = by_subject("optional").start();
    assert_eq!(statuses(&gateway, &Request::get("/a"), 3), [200, 200, 429]);
    let named = Request::get("/a").token(&token::access("7"));
    assert_eq!(gateway.send(&named).status, 200);
}

#[test]
fn a_limit_is_shared_by_the_routes_that_name_it_unless_it_is_by_route() {
    for (by, expected) in [("client", [200, 429]), ("route", [200, 200])] {
        let gateway = Gateway::before(&Upstream::start())
            .section(
                "rate_limits",
                &format!("{{ few: {{ by: {by}, rate: 1/1h }} }}"),
            )
            .without("accounts")
            .without("users")
            .routes(
                "[{ match: /a, access: public, rate_limit: [few] },\
                 { match: /b, access: public, rate_limit: [few] }]",
            )
            .start();
        let answers = ["/a", "/b"].map(|path| gateway.get(path).status);
        assert_eq!(answers, expected, "{by}");
    }
}

#[test]
fn an_answer_tells_of_every_limit_and_keeps_the_upstreams_own() {
    let upstream =
        Upstream::answering(|_, wire| wire.respond(200, &["RateLimit: \"theirs\";r=1;t=1"], b""));
    let gateway = Gateway::before(&upstream)
        .section(
            "rate_limits",
            "{ few: { by: client, rate: 1/1h }, many: { by: subject, rate: 9/1h } }",
        )
        .without("accounts")
        .without("users")
        .routes("[{ match: \"/**\", access: required, rate_limit: [many, few] }]")
        .start();
    let request = Request::get("/a").token(&token::access("7"));
    let response = gateway.send(&request);
    let current = response.values("ratelimit");
    assert_eq!(current[0], "\"theirs\";r=1;t=1");
    assert!(current[1].starts_with("\"few\";r=0;t="), "{current:?}");
    assert!(current[1].contains(", \"many\";r=8;t="), "{current:?}");
    assert_eq!(
        response.header("ratelimit-policy"),
        Some("\"few\";q=1;w=3600, \"many\";q=9;w=3600")
    );
    assert_eq!(gateway.send(&request).status, 429);
}

#[test]
fn what_is_used_up_comes_back_with_time() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 1/50ms }").start();
    let request = Request::get("/public/a");
    crate::harness::wait_until("a refusal", || gateway.send(&request).status == 429);
    crate::harness::wait_until("an answer", || gateway.send(&request).status == 200);
}

#[test]
fn a_preflight_takes_nothing() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 1/1h }")
        .section("cors", "{ origins: [https://app.test] }")
        .start();
    let preflight = Request::new("OPTIONS", "/public/a")
        .header("Origin", "https://app.test")
        .header("Access-Control-Request-Method", "GET");
    assert_eq!(statuses(&gateway, &preflight, 3), [204; 3]);
    let request = Request::get("/public/a").header("Origin", "https://app.test");
    assert_eq!(gateway.send(&request).status, 200);
    let refused = gateway.send(&request);
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://app.test")
    );
}

#[test]
fn refusals_are_counted_by_limit() {
    let gateway = limited(&Upstream::start(), "{ by: client, rate: 1/1h }").start();
    statuses(&gateway, &Request::get("/public/a"), 3);
    let text = gateway.ask("/metrics").text();
    for line in [
        "sidegate_rate_limited_total{limit=\"few\"} 2",
        "sidegate_rate_limit_keys{limit=\"few\"} 1",
        "sidegate_refusals_total{code=\"rate_limited\"} 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}
