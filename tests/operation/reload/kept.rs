//! What a reload keeps: what has begun, connections, proofs, rows, limits and counts.

use std::{fs, io::Read};

use super::{PUBLIC, changed, unwatched};
use crate::harness::{After, Gate, Request, Setup, Upstream, token, wait_until};

#[test]
fn a_request_keeps_the_configuration_that_it_has_begun_with() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |seen, wire| {
        if seen.target() == "/public/slow" {
            held.pass();
        }
        wire.respond(200, &[], b"whole")
    });
    let gateway = unwatched(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/slow").bytes());
    upstream.wait_for("the request", |seen| seen.target() == "/public/slow");
    // Neither its route nor its upstream is there any more.
    let elsewhere = Upstream::start();
    let text = changed(&gateway, PUBLIC, r#"match: "/other/**", access: public"#);
    gateway.reload(&text.replace(&upstream.url(), &elsewhere.url()));
    assert_eq!(gateway.get("/other/a").status, 200);
    assert_eq!(elsewhere.only().target(), "/other/a");
    gate.open();
    assert_eq!(connection.response().text(), "whole");
    assert_eq!(gateway.access_line("/public/slow")["route"], "/public/**");
    assert_eq!(connection.send(&Request::get("/public/slow")).status, 401);
    wait_until("the old configuration to be let go", || {
        gateway.metric("sidegate_config_snapshots") == 1
    });
    upstream.wait_for_close(0);
}

#[test]
fn an_upstream_that_stays_the_same_keeps_its_connections() {
    let upstream = Upstream::start();
    let keeps = format!(
        "{{ api: {{ endpoints: [\"{}\"], keep_alive: 60s }} }}",
        upstream.url()
    );
    let gateway = unwatched(&upstream).section("upstreams", &keeps).start();
    gateway.get("/public/a");
    gateway.send(&Request::post("/public/a").body("x"));
    assert_eq!(upstream.connections(), 2);
    for round in 0..5 {
        gateway.reload(&changed(
            &gateway,
            "/optional/**",
            &format!("/optional{round}/**"),
        ));
        gateway.get("/public/a");
        gateway.send(&Request::post("/public/a").body("x"));
    }
    assert_eq!(upstream.connections(), 2);
    gateway.reload(&changed(&gateway, "keep_alive: 60s", "keep_alive: 61s"));
    gateway.get("/public/a");
    assert_eq!(upstream.connections(), 3);
    upstream.wait_for_close(0);
    upstream.wait_for_close(1);
}

#[test]
fn a_websocket_outlives_its_route() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        let mut buffer = [0; 64];
        while let Ok(length @ 1..) = wire.stream().read(&mut buffer) {
            wire.send(&buffer[..length]);
        }
        After::Close
    });
    let gateway = unwatched(&upstream).start();
    let mut connection = gateway.client().connect();
    let request = Request::get("/public/ws").header("Connection", "Upgrade");
    connection.write(request.header("Upgrade", "websocket").bytes());
    assert_eq!(connection.head().status, 101);
    let elsewhere = Upstream::start();
    let text = changed(&gateway, PUBLIC, r#"match: "/other/**", access: public"#);
    gateway.reload(&text.replace(&upstream.url(), &elsewhere.url()));
    wait_until("the old configuration to be let go", || {
        gateway.metric("sidegate_config_snapshots") == 1
    });
    connection.write(b"\x81\x85\0\0\0\0hello");
    assert_eq!(connection.bytes(11), b"\x81\x85\0\0\0\0hello");
}

#[test]
fn an_upstream_that_is_down_stays_down() {
    let upstream = "http://127.0.0.1:9";
    let setup = Setup::before_url(upstream).section("reload", "{ watch: false }");
    let ejects = format!(
        "{{ api: {{ endpoints: [\"{upstream}\"], ejection: {{ failures: 1, period: 60s }} }} }}"
    );
    let gateway = setup.section("upstreams", &ejects).start();
    assert_eq!(gateway.get("/public/a").status, 502);
    assert_eq!(gateway.ask("/ready").status, 503);
    gateway.reload(&changed(&gateway, "/optional/**", "/other/**"));
    assert_eq!(gateway.ask("/ready").status, 503);
    gateway.reload(&changed(&gateway, "period: 60s", "period: 61s"));
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn proofs_are_kept_where_keys_did_not_change_and_not_used_where_they_did() {
    let setup = unwatched(&Upstream::start()).file("key", token::ACCESS_SECRET);
    let setup = setup.section(
        "tokens",
        "{ access: { algorithm: HS256, secret: \"file:key\", lifetime: 30d } }",
    );
    let gateway = setup
        .without("accounts")
        .without("rate_limits")
        .without("users")
        .start();
    let verified = || gateway.metric("sidegate_token_verifications_total");
    let good = Request::get("/private/a").token(&token::access(5));
    for _ in 0..3 {
        assert_eq!(gateway.send(&good).status, 200);
    }
    assert_eq!(verified(), 1);
    gateway.reload(&changed(&gateway, "/optional/**", "/other/**"));
    assert_eq!(gateway.send(&good).status, 200);
    assert_eq!(verified(), 1);
    // The file with the key alone.
    let file = gateway.setup().folder().join("key");
    fs::write(file, "another secret of the tests 0123456789").expect("a file");
    assert_eq!(gateway.ask_to_reload().json()["result"], "applied");
    assert_eq!(gateway.send(&good).status, 401);
    assert_eq!(verified(), 2);
}

#[test]
fn rows_are_kept_where_the_table_did_not_change_and_not_used_where_it_did() {
    let rule = "require: { user: { user_type: user } }";
    let routes = format!(
        "- {{ match: \"/**\", access: required, {rule} }}\n- {{ match: /a, access: public }}"
    );
    let gateway = unwatched(&Upstream::start()).routes(&routes).start();
    let asked = |outcome: &str| {
        gateway.metric(&format!(
            "sidegate_user_rows_total{{outcome=\"{outcome}\"}}"
        ))
    };
    let request = Request::get("/private").token(&token::access("1"));
    let send = || gateway.send(&request).status;
    assert_eq!(send(), 200);
    let users = gateway.setup().users();
    users.execute("UPDATE user SET user_type = 'admin'");
    gateway.reload(&changed(&gateway, "match: /a,", "match: /b,"));
    assert_eq!(send(), 200);
    // A rule that moves or changes asks for the same columns.
    gateway.reload(&changed(
        &gateway,
        rule,
        "require: { user: { user_type: [user, x] } }",
    ));
    assert_eq!(send(), 200);
    assert_eq!((asked("hit"), asked("miss")), (2, 1));
    gateway.reload(&changed(
        &gateway,
        rule,
        "require: { user: { user_type: user, point: 100 } }",
    ));
    assert_eq!(send(), 403);
    gateway.reload(&changed(
        &gateway,
        "is_restricted: true",
        "is_restricted: 7",
    ));
    assert_eq!(send(), 403);
    assert_eq!((asked("hit"), asked("miss")), (2, 3));
}

#[test]
fn what_was_used_of_a_limit_stays_used() {
    let gateway = unwatched(&Upstream::start())
        .section("rate_limits", "{ few: { by: route, rate: 2/1h }, login_clients: { by: client, rate: 9/1m }, login_accounts: { by: account, rate: 9/1m } }")
        .routes("[{ match: \"/b\", access: public, rate_limit: [few] }, { match: \"/z\", access: public }]")
        .start();
    let ask = |path: &str| gateway.get(path).status;
    let refused = || gateway.metric("sidegate_rate_limited_total{limit=\"few\"}");
    assert_eq!([ask("/b"), ask("/b"), ask("/b")], [200, 200, 429]);
    // Another route before it has its number.
    let text = changed(
        &gateway,
        "[{ match: \"/b\"",
        "[{ match: \"/a\", access: public, rate_limit: [few] }, { match: \"/b\"",
    );
    gateway.reload(&text);
    assert_eq!(
        [ask("/b"), ask("/a"), ask("/a"), ask("/a")],
        [429, 200, 200, 429]
    );
    assert_eq!(refused(), 3);
    gateway.reload(&text.replace("2/1h", "1/1h"));
    assert_eq!([ask("/b"), ask("/b")], [200, 429]);
    assert_eq!(refused(), 4);
}

#[test]
fn what_was_counted_survives() {
    let gateway = unwatched(&Upstream::start()).start();
    let series = |route: &str| {
        format!("sidegate_requests_total{{route=\"{route}\",host=\"\",status=\"2xx\"}}")
    };
    gateway.get("/public/a");
    gateway.reload(&changed(
        &gateway,
        PUBLIC,
        &format!("match: \"/new/**\", access: public }}\n  - {{ {PUBLIC}"),
    ));
    gateway.get("/public/a");
    gateway.get("/new/a");
    assert_eq!(gateway.metric(&series("/public/**")), 2);
    assert_eq!(gateway.metric(&series("/new/**")), 1);
    assert_eq!(
        gateway.metric("sidegate_config_reloads_total{result=\"applied\"}"),
        1
    );
}
