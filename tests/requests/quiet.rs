//! Connections between requests: at rest, too slow, or in the way of the drain.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use sidegate::clock::Clock;

use crate::harness::{Gateway, Request, Seen, Setup, Upstream, wait_until, watch::Watch};

/// Longer than the moment after which a connection gives its buffers back.
fn a_while() {
    let until = Clock.instant() + Duration::from_millis(1300);
    wait_until("a while to pass", || Clock.instant() >= until);
}

#[test]
fn a_connection_that_was_quiet_for_a_while_serves_again() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
        a_while();
    }
    connection.write("GET /public/b HTTP/1.1\r\n");
    a_while();
    connection.write("Host: gateway.test\r\n\r\n");
    assert_eq!(connection.response().status, 200);
    let seen = upstream.seen();
    let last = seen.last().map(Seen::request_line);
    assert_eq!(last, Some("GET /public/b HTTP/1.1"));
}

#[test]
fn the_start_of_a_request_behind_another_survives_the_rest() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write("GET /public/a HTTP/1.1\r\nHost: gateway.test\r\n\r\nGET /public/b HTT");
    assert_eq!(connection.response().status, 200);
    a_while();
    connection.write("P/1.1\r\nHost: gateway.test\r\n\r\n");
    assert_eq!(connection.response().status, 200);
}

#[test]
fn a_quiet_connection_is_closed_after_the_idle_timeout() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ idle_timeout: 2s }")
        .start();
    let mut connection = gateway.client().connect();
    let started = Clock.instant();
    assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    assert!(connection.ends());
    assert!(Clock.instant() - started >= Duration::from_secs(2));
}

#[test]
fn a_head_that_does_not_end_is_cut_off() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ header_timeout: 1s }")
        .start();
    let mut connection = gateway.client().connect();
    connection.write("GET /public/a HTTP/1.1\r\nHost: gate");
    assert_eq!(connection.response().status, 408);
    assert!(connection.ends());
}

#[test]
fn a_connection_at_rest_does_not_hold_the_drain_up() {
    let mut gateway = Gateway::before(&Upstream::start())
        .section("shutdown", "{ deadline: 60s }")
        .start();
    let mut connection = gateway.client().connect();
    assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    a_while();
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(connection.ends());
}

#[test]
fn the_rest_of_an_unread_body_is_never_read_as_a_request() {
    let (address, lines) = hasty_upstream();
    let gateway = Setup::before_url(&format!("http://{address}")).start();
    let mut connection = gateway.client().connect();
    connection.write(
        "POST /public/early HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 410\r\n\r\nAAAAAAAAAA",
    );
    a_while();
    a_while();
    // The connection may be closed by now: what counts is what the upstream gets to see.
    let _ = connection.try_write("GET /public/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    a_while();
    // As the rest of the body it may go on.
    let is_request = |line: &String| line.starts_with("GET");
    assert!(!lines.read(|lines| lines.iter().any(is_request)));
}

/// An upstream that answers as soon as it has a head, and notes its request line.
fn hasty_upstream() -> (SocketAddr, Watch<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let lines = Watch::new(Vec::new());
    let seen = lines.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = seen.clone();
            thread::spawn(move || answer_early(stream, &seen));
        }
    });
    (address, lines)
}

fn answer_early(mut stream: TcpStream, seen: &Watch<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a clone")).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.ends_with(" HTTP/1.1") {
            seen.change(|seen| seen.push(line));
        } else if line.is_empty() {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly";
            stream.write_all(answer).expect("an answer");
        }
    }
}

#[test]
fn a_head_that_begins_behind_a_request_has_its_time_limit() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ header_timeout: 2s, idle_timeout: 3s }")
        .start();
    let mut connection = gateway.client().connect();
    connection.write("GET /public/a HTTP/1.1\r\nHost: gateway.test\r\n\r\nG");
    assert_eq!(connection.response().status, 200);
    assert_eq!(connection.response().status, 408);
    assert!(connection.ends());
}
