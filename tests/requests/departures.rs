//! Clients that go away before they are answered, and those that only look so.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    time::Duration,
};

use serde_json::json;
use sidegate::clock::Clock;

use crate::harness::{
    After, Gate, Gateway, PATIENCE, Request, Setup, Upstream,
    client::Connection,
    http2::{DATA, END_STREAM, Frames, Http2, RST_STREAM},
    token,
};

/// Far longer than any test waits.
const NEVER: &str = "{ half_closed_timeout: 1h }";

/// What a half-closed connection may be silent for, where it is to be noticed soon.
const SOON: &str = "{ half_closed_timeout: 300ms }";

fn hanging() -> Upstream {
    Upstream::answering(|_, wire| wire.hang())
}

/// Sends these bytes and closes the sending half.
fn half_closed(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> Connection {
    let mut connection = gateway.client().connect();
    connection.write(bytes);
    let stream = connection.stream();
    stream.shutdown(Shutdown::Write).expect("a connection");
    connection
}

#[test]
fn a_client_that_closes_its_sending_half_is_answered() {
    let upstream = Upstream::answering(|seen, wire| wire.respond(200, &[], &seen.body));
    let gateway = Gateway::before(&upstream).start();
    // The end comes with the request, behind it, or while it is answered.
    for index in 0..20 {
        let path = format!("/public/{index}");
        let request = Request::post(&path).body("all of it");
        let mut connection = half_closed(&gateway, request.bytes());
        let response = connection.response();
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "all of it")
        );
        assert!(connection.ends());
        assert_eq!(gateway.access_line(&path)["status"], 200);
    }
}

#[test]
fn a_refusal_reaches_a_client_that_closes_its_sending_half() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = half_closed(&gateway, Request::get("/private/a").bytes());
    assert_eq!(connection.response().status, 401);
    assert!(connection.ends());
    assert_eq!(gateway.access_line("/private/a")["status"], 401);
}

#[test]
fn a_late_answer_reaches_a_client_that_closed_its_sending_half_before() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"late")
    });
    let gateway = Gateway::before(&upstream).section("limits", NEVER).start();
    let request = Request::get("/private/a").token(&token::access(5));
    let mut connection = half_closed(&gateway, request.bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    gate.open();
    let response = connection.response();
    assert_eq!((response.status, response.text().as_str()), (200, "late"));
    assert_eq!(response.header("connection"), Some("close"));
    assert!(connection.ends());
}

#[test]
fn all_requests_before_the_end_are_answered_and_the_one_inside_it_is_not() {
    let upstream = Upstream::answering(|seen, wire| {
        let target = seen.target().to_owned();
        wire.respond(200, &[], target.as_bytes())
    });
    let gateway = Gateway::before(&upstream).start();
    for cut in ["", "GET /public/cut HTTP/1.1\r\nHost: gate"] {
        let mut bytes = Vec::new();
        for path in ["/public/1", "/public/2", "/public/3"] {
            bytes.extend(Request::get(path).bytes());
        }
        bytes.extend(cut.as_bytes());
        let mut connection = half_closed(&gateway, bytes);
        for path in ["/public/1", "/public/2", "/public/3"] {
            assert_eq!(connection.response().text(), path);
        }
        // A head that ends too early may be told so.
        let rest = String::from_utf8(connection.rest()).expect("text");
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 400"),
            "{rest}"
        );
    }
    assert_eq!(upstream.seen().len(), 6);
}

#[test]
fn an_end_inside_a_body_is_the_end_of_the_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).section("limits", NEVER).start();
    let mut connection = half_closed(
        &gateway,
        "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 9\r\n\r\nhalf",
    );
    // It still reads, and may be told.
    assert_eq!(connection.response().status, 400);
    assert!(connection.ends());
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
    gateway.access_line("/public/a");
}

#[test]
fn a_half_closed_connection_is_not_waited_for_longer_than_its_limit() {
    let upstream = hanging();
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    let started = Clock.instant();
    let mut connection = half_closed(&gateway, Request::get("/public/hang").bytes());
    assert!(connection.ends());
    assert!(Clock.instant() - started >= Duration::from_millis(300));
    upstream.wait_for_close(0);
    assert_eq!(gateway.outcome("/public/hang"), "unanswered");
}

/// Sends an event whenever it is asked for one.
fn events(next: impl Fn() -> bool + Send + Sync + 'static) -> Upstream {
    Upstream::answering(move |_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        while next() {
            if wire.stream().write_all(b"data: x\n\n").is_err() {
                return After::Close;
            }
        }
        wire.hang()
    })
}

/// Opens the stream and reads its head.
fn listening(gateway: &Gateway) -> Connection {
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/events").bytes());
    assert_eq!(connection.head().status, 200);
    connection
}

#[test]
fn a_silent_event_stream_ends_soon_after_its_client_has_gone() {
    let upstream = events(|| false);
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    drop(listening(&gateway));
    upstream.wait_for_close(0);
    gateway.access_line("/public/events");
}

#[test]
fn an_event_shows_that_the_client_has_gone() {
    let upstream = events(|| {
        std::thread::park_timeout(Duration::from_millis(20));
        true
    });
    let gateway = Gateway::before(&upstream).section("limits", NEVER).start();
    drop(listening(&gateway));
    upstream.wait_for_close(0);
    gateway.access_line("/public/events");
}

#[test]
fn events_go_on_for_a_client_that_closed_only_its_sending_half() {
    let upstream = events(|| {
        std::thread::park_timeout(Duration::from_millis(20));
        true
    });
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    let mut connection = half_closed(&gateway, Request::get("/public/events").bytes());
    assert_eq!(connection.head().status, 200);
    let until = Clock.instant() + Duration::from_millis(900);
    while Clock.instant() < until {
        assert!(connection.chunk().expect("an event").is_some());
    }
}

fn on_a_unix_socket(upstream: &Upstream) -> Setup {
    let listeners = "[{ address: 127.0.0.1:0 }, { address: unix:a.sock, mode: \"0600\" }]";
    Gateway::before(upstream)
        .section("listeners", listeners)
        .section("limits", NEVER)
}

fn connect(gateway: &Gateway) -> UnixStream {
    let stream = UnixStream::connect(gateway.setup().folder().join("a.sock"));
    let stream = stream.expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    stream
}

#[test]
fn a_client_on_a_unix_socket_that_has_gone_is_noticed_at_once() {
    let upstream = hanging();
    let gateway = on_a_unix_socket(&upstream).start();
    let mut stream = connect(&gateway);
    let request = Request::get("/public/hang").bytes();
    stream.write_all(&request).expect("a request");
    upstream.wait_for("the request", |seen| seen.whole);
    drop(stream);
    upstream.wait_for_close(0);
    assert_eq!(gateway.outcome("/public/hang"), "unanswered");
}

#[test]
fn a_client_on_a_unix_socket_that_closes_its_sending_half_is_answered() {
    let upstream = Upstream::start();
    let gateway = on_a_unix_socket(&upstream).start();
    let mut stream = connect(&gateway);
    let request = Request::get("/public/a").bytes();
    stream.write_all(&request).expect("a request");
    stream.shutdown(Shutdown::Write).expect("a connection");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_request_that_is_sent_and_left_at_once_has_its_line_in_the_log() {
    let gateway = Gateway::before(&Upstream::start()).start();
    for index in 0..50 {
        let mut connection = gateway.client().connect();
        connection.write(Request::get(&format!("/public/{index}")).bytes());
        drop(connection);
    }
    for index in 0..50 {
        gateway.access_line(&format!("/public/{index}"));
    }
}

#[test]
fn a_client_that_goes_away_takes_its_request_along() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/public/hang" {
            return wire.hang();
        }
        wire.respond(200, &[], b"")
    });
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/hang").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    drop(connection);
    upstream.wait_for_close(0);
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn a_client_that_goes_away_has_its_line_in_the_log() {
    let upstream = hanging();
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/hang").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    drop(connection);
    let line = gateway.access_line("/public/hang");
    assert_eq!(
        (&line["outcome"], &line["status"]),
        (&json!("unanswered"), &json!(0))
    );
}

#[test]
fn an_upload_that_breaks_off_breaks_off_at_the_upstream_too() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for framing in [
        "Content-Length: 100\r\n\r\nonly this",
        "Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
    ] {
        let mut connection = gateway.client().connect();
        connection.write(format!(
            "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\n{framing}"
        ));
        let index = upstream.connections();
        upstream.wait_for("the first bytes", |seen| {
            seen.body == b"only this" && seen.connection + 1 >= index
        });
        drop(connection);
        let last = upstream.connections() - 1;
        upstream.wait_for_close(last);
    }
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
    assert_eq!(gateway.get("/public/b").status, 200);
}

#[test]
fn a_client_that_goes_away_in_a_download_frees_the_upstream() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nfirst");
        wire.hang()
    });
    let gateway = Gateway::before(&upstream).section("limits", SOON).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    connection.head();
    assert_eq!(connection.bytes(5), b"first");
    drop(connection);
    upstream.wait_for_close(0);
}

#[test]
fn an_answer_that_did_not_leave_whole_is_not_logged_as_forwarded() {
    let upstream = Upstream::answering(|seen, wire| {
        let framing = match seen.target() {
            "/public/length" => "Content-Length: 1000\r\n\r\nfirst",
            _ => "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        };
        wire.send(format!("HTTP/1.1 200 OK\r\n{framing}").as_bytes());
        wire.hang()
    });
    let gateway = Gateway::before(&upstream).start();
    for (path, request) in [
        ("/public/length", Request::get("/public/length")),
        ("/public/chunks", Request::get("/public/chunks")),
        ("/public/upload", Request::post("/public/upload").body("x")),
    ] {
        let mut connection = gateway.client().connect();
        connection.write(request.bytes());
        connection.head();
        drop(connection);
        let line = gateway.access_line(path);
        assert_eq!(
            (&line["outcome"], &line["status"]),
            (&json!("cut_off"), &json!(200))
        );
    }
    let mut frames = Frames::connect(gateway.address);
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "gateway.test"),
        (":path", "/public/http2"),
    ];
    frames.request(1, END_STREAM, &fields).expect("sent");
    while frames.frame_of(1).expect("a frame").kind != DATA {}
    frames.send(RST_STREAM, 0, 1, &[0, 0, 0, 8]).expect("sent");
    assert_eq!(gateway.outcome("/public/http2"), "cut_off");
}

#[test]
fn an_answer_that_has_left_whole_is_logged_as_forwarded() {
    let upstream = Upstream::answering(|seen, wire| {
        match seen.target() {
            "/public/empty" => wire.send(b"HTTP/1.1 204 No Content\r\n\r\n"),
            "/public/chunks" => wire.send(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
            ),
            "/public/close" => {
                wire.send(b"HTTP/1.1 200 OK\r\n\r\nfirst");
                return After::Close;
            }
            _ => drop(wire.respond(200, &[], b"first")),
        }
        After::Keep
    });
    let gateway = Gateway::before(&upstream).start();
    for method in ["GET", "POST"] {
        for path in ["empty", "chunks", "close", "length"] {
            let request = Request::new(method, &format!("/public/{path}"));
            let request = if method == "GET" {
                request
            } else {
                request.body("x")
            };
            assert!(gateway.send(&request).whole, "{method} {path}");
        }
    }
    gateway
        .client()
        .connect()
        .send(&Request::new("HEAD", "/public/head"));
    let http2 = Http2::connect(gateway.address);
    for (method, path) in [("GET", "length"), ("GET", "chunks"), ("GET", "empty")] {
        http2.send(Http2::request(method, &format!("/public/{path}")), b"");
    }
    let lines = gateway.access_lines(12);
    let whole = lines.iter().all(|line| line["outcome"] == "forwarded");
    assert!(whole, "{lines:?}");
}
