//! What is too large, too many or too slow.

use crate::harness::{After, Gate, Gateway, Request, Response, Setup, Upstream, wait_until};

fn limited(limits: &str) -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).section("limits", limits).start();
    (upstream, gateway)
}

/// Sends what may be refused before it has been read, and gives the answer if there is one.
fn answer(gateway: &Gateway, bytes: &[u8]) -> Option<Response> {
    let mut connection = gateway.client().connect();
    // The gateway may stop reading in the middle.
    let _ = connection.try_write(bytes);
    connection.try_head().ok().flatten()
}

fn with_headers(count: usize, size: usize) -> Vec<u8> {
    let value = "x".repeat(size);
    let request = (0..count).fold(Request::get("/public/a"), |request, index| {
        request.header(&format!("X-{index}"), &value)
    });
    request.bytes()
}

#[test]
fn a_megabyte_of_headers_is_refused_and_the_next_client_is_served() {
    let (upstream, gateway) = limited("{}");
    for bytes in [with_headers(1, 1024 * 1024), with_headers(64, 16 * 1024)] {
        if let Some(answer) = answer(&gateway, &bytes) {
            assert_eq!(answer.status, 431);
        }
        assert!(upstream.seen().is_empty());
    }
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn ten_thousand_headers_are_refused_and_the_next_client_is_served() {
    let (upstream, gateway) = limited("{}");
    if let Some(answer) = answer(&gateway, &with_headers(10_000, 1)) {
        assert_eq!(answer.status, 431);
    }
    assert!(upstream.seen().is_empty());
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn the_limits_of_a_head_are_the_operators() {
    let (upstream, gateway) = limited("{ header_size: 4KiB, header_count: 10 }");
    assert_eq!(
        answer(&gateway, &with_headers(9, 8)).map(|answer| answer.status),
        Some(200)
    );
    assert_eq!(
        answer(&gateway, &with_headers(11, 8)).map(|answer| answer.status),
        Some(431)
    );
    assert_eq!(
        answer(&gateway, &with_headers(1, 5000)).map(|answer| answer.status),
        Some(431)
    );
    assert_eq!(upstream.seen().len(), 1);
    let (_upstream, gateway) = limited("{ header_size: 1MiB, header_count: 1000 }");
    assert_eq!(
        answer(&gateway, &with_headers(900, 500)).map(|answer| answer.status),
        Some(200)
    );
}

#[test]
fn a_head_that_comes_too_slowly_is_cut_off() {
    let (_upstream, gateway) = limited("{ header_timeout: 200ms }");
    let mut connection = gateway.client().connect();
    connection.write("GET /public/a HTTP/1.1\r\nHost: ");
    let response = connection.response();
    assert_eq!(response.status, 408);
    assert_eq!(response.header("connection"), Some("close"));
    assert!(connection.ends());
    let line = &gateway.access_lines(1)[0];
    assert_eq!(line["outcome"], "slow_head");
    assert_eq!(
        Some(line["decision"].as_str().expect("an id")),
        response.header("x-request-id")
    );
}

#[test]
fn an_idle_connection_is_closed() {
    let (_upstream, gateway) = limited("{ idle_timeout: 200ms }");
    let mut unused = gateway.client().connect();
    assert!(unused.ends());
    let mut used = gateway.client().connect();
    assert_eq!(used.send(&Request::get("/public/a")).status, 200);
    assert!(used.ends());
}

#[test]
fn waiting_for_the_upstream_is_not_idle() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"late")
    });
    let limits = "{ idle_timeout: 100ms, header_timeout: 100ms }";
    let gateway = Gateway::before(&upstream).section("limits", limits).start();
    let mut waiting = gateway.client().connect();
    waiting.write(Request::get("/public/slow").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    // Three that came later have been idle for too long, one after another.
    for _ in 0..3 {
        assert!(gateway.client().connect().ends());
    }
    gate.open();
    assert_eq!(waiting.response().text(), "late");
}

#[test]
fn past_the_limit_a_connection_waits_for_another_to_end() {
    let (upstream, gateway) = limited("{ connections: 2 }");
    let mut first = gateway.client().connect();
    let mut second = gateway.client().connect();
    for connection in [&mut first, &mut second] {
        assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    }
    let mut third = gateway.client().connect();
    third.write(Request::get("/public/third").bytes());
    assert_eq!(second.send(&Request::get("/public/a")).status, 200);
    assert_eq!(
        upstream.seen().len(),
        3,
        "the third was served past the limit"
    );
    drop(first);
    assert_eq!(third.response().status, 200);
}

#[test]
fn the_body_of_an_account_request_is_bounded() {
    let (_upstream, gateway) = limited("{ account_body: 1KiB }");
    let login = Request::post("/auth/token/pair").header("Content-Type", "application/json");
    let response = gateway.send(&login.body(vec![b' '; 2000]));
    assert_eq!(response.status, 413);
    assert_eq!(gateway.outcome("/auth/token/pair"), "body_too_large");
    let head = "POST /auth/token/pair HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = gateway
        .client()
        .raw(format!("{head}800\r\n{}\r\n0\r\n\r\n", " ".repeat(0x800)));
    assert_eq!(chunked.status, 413);
}

/// More than any buffer, and more than the growth that is allowed.
const LARGE: u64 = 100 * 1024 * 1024;

/// A hundredfold of one connection's buffers, a fifth of the body.
const GROWTH_KIB: u64 = 20 * 1024;

fn peak(gateway: &Gateway) -> u64 {
    gateway.memory_kib("VmHWM")
}

fn large(setup: Setup) -> Gateway {
    let gateway = setup.start();
    // What a first request allocates for good is not growth.
    gateway.get("/public/warm");
    gateway
}

#[test]
fn a_hundred_megabytes_up_leave_memory_flat() {
    let upstream = Upstream::start();
    let gateway = large(Gateway::before(&upstream));
    let before = peak(&gateway);
    let mut connection = gateway.client().connect();
    connection.write(format!(
        "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {LARGE}\r\n\r\n"
    ));
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..LARGE / (1024 * 1024) {
        connection.write(&piece);
    }
    assert_eq!(connection.response().status, 200);
    assert!(
        upstream
            .seen()
            .iter()
            .any(|seen| seen.length == LARGE && seen.whole)
    );
    let growth = peak(&gateway) - before;
    assert!(growth < GROWTH_KIB, "grew by {growth} KiB");
}

#[test]
fn a_hundred_megabytes_down_leave_memory_flat() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/public/warm" {
            return wire.respond(200, &[], b"");
        }
        wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n").as_bytes());
        let piece = vec![b'x'; 1024 * 1024];
        for _ in 0..LARGE / (1024 * 1024) {
            wire.send(&piece);
        }
        After::Keep
    });
    let gateway = large(Gateway::before(&upstream));
    let before = peak(&gateway);
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.skip(LARGE), LARGE);
    let growth = peak(&gateway) - before;
    assert!(growth < GROWTH_KIB, "grew by {growth} KiB");
}

#[test]
fn a_client_that_does_not_read_holds_the_upstream_back() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n").as_bytes());
        let piece = vec![b'x'; 1024 * 1024];
        for _ in 0..LARGE / (1024 * 1024) {
            wire.send(&piece);
        }
        After::Keep
    });
    let gateway = Gateway::before(&upstream).start();
    let before = peak(&gateway);
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    assert_eq!(connection.head().status, 200);
    // Other requests on the same core are not held back.
    assert_eq!(gateway.get("/guarded").status, 401);
    let growth = peak(&gateway) - before;
    assert!(growth < GROWTH_KIB, "grew by {growth} KiB");
    assert_eq!(connection.skip(LARGE), LARGE);
}

#[test]
fn connections_that_end_leave_nothing_open() {
    let (_upstream, gateway) = limited("{}");
    gateway.get("/public/a");
    let before = gateway.open_files();
    for _ in 0..50 {
        let mut connection = gateway.client().connect();
        connection.write("GET /public/a HT");
    }
    wait_until("the descriptors to be given back", || {
        gateway.open_files() <= before
    });
}
