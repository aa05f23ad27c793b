//! Connections that stop being HTTP: only after the upstream's 101, and only for who may.

use std::io::Read;

use crate::harness::{
    After, Gate, Gateway, Request, Upstream, client::Connection, token, upstream::Wire,
};

const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n";

/// Switches, then sends back what it gets.
fn echo(wire: &mut Wire) -> After {
    wire.send(SWITCHING);
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = wire.stream().read(&mut buffer) {
        wire.send(&buffer[..length]);
    }
    After::Close
}

fn echoing() -> Upstream {
    Upstream::answering(|_, wire| echo(wire))
}

fn websocket(path: &str) -> Request {
    Request::get(path)
        .header("Connection", "keep-alive, Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

fn exchange(connection: &mut Connection, bytes: &[u8]) {
    connection.write(bytes);
    assert_eq!(connection.bytes(bytes.len()), bytes);
}

#[test]
fn a_websocket_goes_through_both_ways_after_the_101() {
    let upstream = echoing();
    let gateway = Gateway::before(&upstream).start();
    let token = token::access(5);
    let mut connection = gateway.client().connect();
    connection.write(websocket("/private/ws").token(&token).bytes());
    let head = connection.head();
    assert_eq!(head.status, 101);
    assert_eq!(head.header("upgrade"), Some("websocket"));
    assert_eq!(head.header("connection"), Some("upgrade"));
    assert_eq!(head.header("sec-websocket-accept"), Some("x"));
    exchange(&mut connection, b"\x81\x85\0\0\0\0hello");
    exchange(&mut connection, &[0, 255, b'\n', b'\r', 10]);
    let seen = upstream.only();
    assert_eq!(seen.values("upgrade"), ["websocket"]);
    assert_eq!(seen.values("connection"), ["upgrade"]);
    assert_eq!(seen.values("x-user-id"), ["5"]);
    drop(connection);
    assert_eq!(gateway.outcome("/private/ws"), "switched");
    upstream.wait_for_close(0);
}

#[test]
fn a_websocket_without_a_token_never_reaches_the_upstream() {
    let upstream = echoing();
    let gateway = Gateway::before(&upstream).start();
    for request in [
        websocket("/private/ws"),
        websocket("/private/ws").token("a.b.c"),
    ] {
        let response = gateway.send(&request);
        assert_eq!(response.status, 401);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_follows_a_refused_upgrade_is_the_next_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(websocket("/public/ws").bytes());
    assert_eq!(connection.response().status, 200);
    assert_eq!(connection.send(&Request::get("/private/a")).status, 401);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_request_that_is_pipelined_behind_an_upgrade_is_not_smuggled_through_it() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"no")
    });
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(websocket("/public/ws").bytes());
    connection.write("GET /private/a HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    upstream.wait_for("the upgrade", |_| true);
    gate.open();
    assert_eq!(connection.response().status, 200);
    assert_eq!(connection.response().status, 401);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_101_that_nobody_asked_for_is_no_answer() {
    let upstream = Upstream::saying(SWITCHING, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    for request in [
        Request::get("/public/a"),
        Request::get("/public/a").header("Upgrade", "websocket"),
        Request::get("/public/a")
            .header("Connection", "Upgrade")
            .header("Upgrade", "foo"),
        Request::post("/public/a")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket"),
    ] {
        assert_eq!(gateway.send(&request).status, 502);
    }
    assert!(
        upstream
            .seen()
            .iter()
            .all(|seen| seen.values("upgrade").is_empty())
    );
}

#[test]
fn http2_in_clear_text_is_never_asked_of_the_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let request = Request::get("/public/a")
        .header("Connection", "Upgrade, HTTP2-Settings")
        .header("Upgrade", "h2c")
        .header("HTTP2-Settings", "AAMAAABkAAQAAP__");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    assert!(seen.values("upgrade").is_empty() && seen.values("http2-settings").is_empty());
}

#[test]
fn another_protocol_passes_where_its_route_lists_it() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: foo/1\r\n\r\nearly");
        let mut buffer = [0; 5];
        wire.stream().read_exact(&mut buffer).expect("five bytes");
        wire.send(&buffer);
        After::Close
    });
    let gateway = Gateway::before(&upstream)
        .routes("- { match: /up/**, access: public, upgrade: [Foo/1] }")
        .start();
    let mut connection = gateway.client().connect();
    let request = Request::get("/up/a")
        .header("Connection", "upgrade")
        .header("Upgrade", "foo/1");
    connection.write(request.bytes());
    assert_eq!(connection.head().status, 101);
    assert_eq!(connection.bytes(5), b"early");
    exchange(&mut connection, b"later");
    assert!(connection.ends());
}

#[test]
fn a_token_of_a_websocket_may_stand_in_its_protocols_and_does_not_go_on() {
    let upstream = echoing();
    let gateway = Gateway::before(&upstream)
        .routes("- { match: /ws/**, access: required, token_from: { websocket_protocol: bearer, cookie: access } }")
        .start();
    let token = token::access(5);
    let mut connection = gateway.client().connect();
    let request =
        websocket("/ws/a").header("Sec-WebSocket-Protocol", &format!("chat, bearer, {token}"));
    connection.write(request.bytes());
    assert_eq!(connection.head().status, 101);
    let seen = upstream.only();
    assert_eq!(seen.values("x-user-id"), ["5"]);
    assert_eq!(seen.values("sec-websocket-protocol"), ["chat, bearer"]);
    let other = token::access(6);
    let both = websocket("/ws/a")
        .token(&other)
        .header("Sec-WebSocket-Protocol", &format!("bearer, {token}"));
    assert_eq!(gateway.send(&both).status, 400);
    let twice = websocket("/ws/a").header("Cookie", &format!("access={token}; access={other}"));
    assert_eq!(gateway.send(&twice).status, 400);
    for broken in ["bearer", "bearer, ", "bearer, a.b.c"] {
        let request = websocket("/ws/a").header("Sec-WebSocket-Protocol", broken);
        assert_eq!(gateway.send(&request).status, 401, "{broken}");
    }
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_foreign_page_cannot_open_a_websocket_with_the_users_cookie() {
    let upstream = echoing();
    let gateway = Gateway::before(&upstream)
        .routes(
            "
- { match: /ws/**, access: required, token_from: { cookie: access } }
- { match: /named/**, access: required, token_from: { cookie: access }, csrf: { origins: [\"https://app.test\"] } }
- { match: /any/**, access: required, token_from: { cookie: access }, csrf: { any_page: acknowledged } }
- { match: /listed/**, access: public, cors: { origins: [\"https://app.test\"] } }",
        )
        .start();
    let cookie = format!("a=b; access={}", token::access(5));
    let status = |path: &str, origin: &str| {
        let mut connection = gateway.client().connect();
        let request = websocket(path)
            .header("Cookie", &cookie)
            .header("Origin", origin);
        connection.write(request.bytes());
        connection.head().status
    };
    assert_eq!(status("/ws/a", "https://evil.test"), 403);
    assert_eq!(status("/ws/a", "null"), 403);
    assert_eq!(status("/ws/a", "https://gateway.test.evil.test"), 403);
    assert_eq!(status("/ws/a", "https://gateway.test"), 101);
    assert_eq!(status("/named/a", "https://evil.test"), 403);
    assert_eq!(status("/named/a", "https://app.test"), 101);
    assert_eq!(status("/any/a", "https://evil.test"), 101);
    assert_eq!(status("/listed/a", "https://evil.test"), 403);
    assert_eq!(status("/listed/a", "https://app.test"), 101);
}

#[test]
fn a_websocket_is_told_that_the_gateway_goes_away_between_two_frames() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        wire.send(SWITCHING);
        wire.send(b"\x81\x05he");
        held.pass();
        wire.send(b"llo");
        let mut rest = Vec::new();
        wire.stream().read_to_end(&mut rest).ok();
        assert_eq!(rest.len(), 8);
        After::Close
    });
    let mut gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(websocket("/public/ws").bytes());
    assert_eq!(connection.head().status, 101);
    assert_eq!(connection.bytes(4), b"\x81\x05he");
    gateway.sigterm();
    gateway.log_line("stops accepting");
    gate.open();
    assert_eq!(connection.bytes(3), b"llo");
    assert_eq!(connection.bytes(4), [0x88, 2, 0x03, 0xE9]);
    connection.write([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9]);
    assert!(connection.ends());
    drop(connection);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn a_silent_tunnel_is_closed() {
    let upstream = echoing();
    let endpoints = format!(
        "{{ api: {{ endpoints: [\"{}\"], tunnel_timeout: 300ms }} }}",
        upstream.url()
    );
    let gateway = Gateway::before(&upstream)
        .section("upstreams", &endpoints)
        .start();
    let mut connection = gateway.client().connect();
    connection.write(websocket("/public/ws").bytes());
    assert_eq!(connection.head().status, 101);
    assert!(connection.ends());
    upstream.wait_for_close(0);
}
