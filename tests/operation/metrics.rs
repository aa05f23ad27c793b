//! What the gateway counts, as operators read it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    accounts::login,
    harness::{
        After, Gateway, Request, Setup, Upstream,
        keys::{SigningKey, key_set},
        token,
        users::PASSWORD,
        wait_until,
    },
};

/// The value of one series; `None` where it is not there.
fn value(gateway: &Gateway, series: &str) -> Option<u64> {
    let text = gateway.ask("/metrics").text();
    let prefix = format!("{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix))?;
    line.parse().ok()
}

fn requests(gateway: &Gateway, route: &str, status: &str) -> Option<u64> {
    let labels = format!("{{route=\"{route}\",host=\"\",status=\"{status}\"}}");
    value(gateway, &format!("sidegate_requests_total{labels}"))
}

#[test]
fn metrics_are_open_metrics_text_for_operators_alone() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let metrics = gateway.ask("/metrics");
    assert_eq!(metrics.status, 200);
    assert_eq!(
        metrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(metrics.text().ends_with("# EOF\n"), "{}", metrics.text());
    assert_eq!(gateway.get("/metrics").status, 401);
}

#[test]
fn requests_are_counted_by_route_and_class_of_status() {
    let gateway = Gateway::before(&Upstream::start())
        .routes("[{ match: \"GET /public/**\", access: public }, { match: \"/in/**\", access: required }]")
        .start();
    for path in ["/public/a", "/public/b", "/in/a", "/elsewhere"] {
        gateway.get(path);
    }
    gateway.send(&Request::get("/in/a").token(&token::access("7")));
    for (route, status, expected) in [
        ("GET /public/**", "2xx", 2),
        ("/in/**", "4xx", 1),
        ("/in/**", "2xx", 1),
        ("", "4xx", 1),
        ("/in/**", "5xx", 0),
    ] {
        assert_eq!(
            requests(&gateway, route, status),
            Some(expected),
            "{route} {status}"
        );
    }
}

#[test]
fn no_path_of_a_client_becomes_a_label() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let lines = || gateway.ask("/metrics").text().lines().count();
    gateway.get("/public/first");
    let before = lines();
    for number in 0..50 {
        gateway.get(&format!("/public/{number}"));
        gateway.send(&Request::get("/public/x").host(&format!("{number}.test")));
    }
    assert_eq!(lines(), before);
}

#[test]
fn a_request_whose_client_left_is_counted_too() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    upstream.wait_for("the request", |seen| seen.target() == "/public/a");
    drop(connection);
    wait_until("the request to be counted", || {
        requests(&gateway, "/public/**", "none") == Some(1)
    });
}

#[test]
fn refusals_are_counted_by_code() {
    let gateway = Gateway::before(&Upstream::start()).start();
    gateway.get("/private");
    gateway.get("/private");
    gateway.get("/a%00b");
    let refusals = |code: &str| {
        let series = format!("sidegate_refusals_total{{code=\"{code}\"}}");
        value(&gateway, &series)
    };
    assert_eq!(refusals("missing_token"), Some(2));
    assert_eq!(refusals("bad_target"), Some(1));
    assert_eq!(refusals("no_route"), None);
}

#[test]
fn what_never_became_a_request_is_counted_as_a_refused_one() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let refused = gateway.client().raw("GET /public/a b HTTP/1.1\r\n\r\n");
    assert_eq!(refused.status, 400);
    let code = refused.json()["type"].as_str().map(str::to_owned);
    let code = code.expect("a code").replace("urn:sidegate:", "");
    let series = format!("sidegate_refusals_total{{code=\"{code}\"}}");
    assert_eq!(value(&gateway, &series), Some(1));
    assert_eq!(requests(&gateway, "", "4xx"), Some(1));
}

#[test]
fn an_upstream_that_does_not_answer_is_counted_by_its_name() {
    let gateway = Setup::before_url("http://127.0.0.1:9").start();
    assert_eq!(gateway.get("/public/a").status, 502);
    let labels = "{upstream=\"api\",code=\"upstream_unreachable\"}";
    let series = format!("sidegate_upstream_failures_total{labels}");
    assert_eq!(value(&gateway, &series), Some(1));
}

#[test]
fn what_happens_to_an_upstream_is_counted_from_the_beginning() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        After::Close
    });
    let endpoints = format!("[\"{}\", \"http://127.0.0.1:9\"]", upstream.url());
    let ejection = "ejection: { failures: 1 }";
    let upstreams = format!("{{ api: {{ endpoints: {endpoints}, {ejection} }} }}");
    let gateway = Gateway::before(&upstream)
        .section("upstreams", &upstreams)
        .start();
    let counted = |name: &str| {
        let series = format!("sidegate_upstream_{name}_total{{upstream=\"api\"}}");
        value(&gateway, &series).expect("a series")
    };
    for name in ["retries", "broken_answers", "ejections"] {
        assert_eq!(counted(name), 0, "{name}");
    }
    // Whether a head comes depends on where the break falls.
    let ask = |request: &Request| {
        let mut connection = gateway.client().connect();
        connection.write(request.bytes());
        drop(connection.try_head());
        connection.rest();
    };
    ask(&Request::get("/public/a"));
    assert_eq!(counted("broken_answers"), 1);
    ask(&Request::post("/public/a").body("x"));
    assert_eq!(counted("broken_answers"), 2);
    wait_until("the dead endpoint to be left alone", || {
        ask(&Request::get("/public/a"));
        counted("ejections") == 1
    });
}

#[test]
fn requests_that_are_sent_again_are_counted() {
    let silent = Upstream::answering(|_, _| After::Close);
    let upstream = Upstream::start();
    let endpoints = format!("[\"{}\", \"{}\"]", silent.url(), upstream.url());
    let upstreams = format!("{{ api: {{ endpoints: {endpoints} }} }}");
    let gateway = Gateway::before(&upstream)
        .section("upstreams", &upstreams)
        .start();
    wait_until("both to be chosen", || {
        assert_eq!(gateway.get("/public/a").status, 200);
        value(
            &gateway,
            "sidegate_upstream_retries_total{upstream=\"api\"}",
        ) > Some(0)
    });
}

#[test]
fn logins_are_counted_by_outcome() {
    let gateway = Gateway::before(&Upstream::start()).start();
    gateway.send(&login("active@example.com", PASSWORD));
    gateway.send(&login("active@example.com", "wrong"));
    gateway.send(&login("nobody@example.com", "wrong"));
    gateway.send(&login("banned@example.com", "wrong"));
    gateway.send(&Request::post("/auth/token/verify").json(&json!({ "token": "x" })));
    for (action, outcome, expected) in [
        ("login", "granted", 1),
        ("login", "refused", 2),
        ("login", "blocked", 1),
        ("verify", "not_valid", 1),
    ] {
        let labels = format!("{{action=\"{action}\",outcome=\"{outcome}\"}}");
        let series = format!("sidegate_account_answers_total{labels}");
        assert_eq!(value(&gateway, &series), Some(expected), "{series}");
    }
}

#[test]
fn open_connections_come_and_go() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let open = || value(&gateway, "sidegate_connections");
    wait_until("none", || open() == Some(0));
    let connections = [gateway.client().connect(), gateway.client().connect()];
    wait_until("two", || open() == Some(2));
    drop(connections);
    wait_until("none again", || open() == Some(0));
}

#[test]
fn every_metric_is_explained_to_operators_and_none_that_is_not_there() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let explained = std::fs::read_to_string(path).expect("the document");
    let words = |text: &str| -> BTreeSet<String> {
        let quoted = text.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    let keys = key_set(&[&SigningKey::new("ES256", "a")]);
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d }
issuers: [{ issuer: a, audience: [b], jwks: { file: keys.json, algorithms: [ES256] } }]"#;
    let gateway = Setup::before_url("http://127.0.0.1:9")
        .section("tokens", tokens)
        .section("rules", "{ staff: { user: { user_type: staff } } }")
        .section("state", "{ database: \"sqlite:own.db\" }")
        .section(
            "attempts",
            "{ secret: attempts-secret-of-the-tests-0123456789 }",
        )
        .section(
            "watch",
            "{ secret: watch-secret-of-the-tests-0123456789abcd }",
        )
        .section(
            "mail",
            "{ from: no-reply@shop.example, to: { directory: \"${RUNTIME_DIRECTORY}\" } }",
        )
        .section(
            "codes",
            "{ secret: codes-secret-of-the-tests-0123456789abcd, reset: {} }",
        )
        .file("keys.json", &keys)
        .routes(
            "[{ match: \"/public/**\", access: public },\
             { match: \"/watched\", access: required, mode: observe }]",
        )
        .start();
    wait_until("the keys to be read", || {
        gateway.ask("/ready").status == 200
    });
    gateway.get("/public/a");
    gateway.get("/watched");
    gateway.send(&login("nobody@example.com", "wrong"));
    let text = gateway.ask("/metrics").text();
    let mut counted = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).expect("a value");
        counted.insert(line[..end].to_owned());
        let reason = line.split_once("{reason=\"").map(|(_, rest)| rest);
        if let Some((reason, _)) = reason.and_then(|rest| rest.split_once('"')) {
            assert!(words(&explained).contains(reason), "{reason}");
        }
    }
    let named = words(&explained);
    let named = named.iter().filter(|word| word.starts_with("sidegate_"));
    assert_eq!(named.cloned().collect::<BTreeSet<_>>(), counted);
}
