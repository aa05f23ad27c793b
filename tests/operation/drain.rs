//! How it stops.

use crate::harness::{After, Gate, Gateway, Request, Upstream, client::Connection, wait_until};

/// Answers `/public/held` when the gate opens, everything else at once.
fn holding(gate: &Gate) -> Upstream {
    let gate = gate.clone();
    Upstream::answering(move |seen, wire| {
        if seen.target() == "/public/held" {
            gate.pass();
        }
        wire.respond(200, &[], b"finished")
    })
}

#[test]
fn a_request_in_flight_is_finished_and_the_exit_is_0() {
    let gate = Gate::shut();
    let upstream = holding(&gate);
    let mut gateway = Gateway::before(&upstream).start();
    let mut idle = gateway.client().connect();
    assert_eq!(idle.send(&Request::get("/public/a")).status, 200);
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/held").bytes());
    upstream.wait_for("the request", |seen| {
        seen.whole && seen.target() == "/public/held"
    });
    gateway.sigterm();
    assert!(idle.ends());
    gate.open();
    let response = connection.response();
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, "finished")
    );
    assert_eq!(response.header("connection"), Some("close"));
    assert!(connection.ends());
    assert_eq!(gateway.exit_code(), Some(0));
    assert_eq!(gateway.access_line("/public/held")["status"], 200);
}

#[test]
fn idle_connections_are_closed_and_new_ones_refused() {
    let gate = Gate::shut();
    let upstream = holding(&gate);
    let mut gateway = Gateway::before(&upstream).start();
    let mut unused = gateway.client().connect();
    let mut used = gateway.client().connect();
    assert_eq!(used.send(&Request::get("/public/a")).status, 200);
    let mut held = gateway.client().connect();
    held.write(Request::get("/public/held").bytes());
    upstream.wait_for("the request", |seen| {
        seen.whole && seen.target() == "/public/held"
    });
    gateway.sigterm();
    assert!(unused.ends());
    assert!(used.ends());
    let ready = gateway.ask("/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("shutting down"), "{}", ready.text());
    assert!(std::net::TcpStream::connect(gateway.address).is_err());
    gate.open();
    assert_eq!(held.response().status, 200);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn a_download_in_flight_is_finished() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst");
        held.pass();
        wire.send(b"last");
        After::Keep
    });
    let mut gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    connection.head();
    assert_eq!(connection.bytes(5), b"first");
    gateway.sigterm();
    gateway.log_line("finishes what is in flight");
    gate.open();
    assert_eq!(connection.bytes(4), b"last");
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn the_deadline_cuts_off_what_hangs() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let mut gateway = Gateway::before(&upstream)
        .section("shutdown", "{ deadline: 300ms }")
        .start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    gateway.sigterm();
    assert!(connection.ends());
    assert_eq!(gateway.exit_code(), Some(0));
    gateway.log_line("cut connections off");
}

/// Requests that hang, on connections of their own.
fn hanging(gateway: &Gateway, upstream: &Upstream, count: usize) -> Vec<Connection> {
    let connections = (0..count).map(|index| {
        let mut connection = gateway.client().connect();
        connection.write(Request::get(&format!("/public/{index}")).bytes());
        connection
    });
    let connections = connections.collect();
    wait_until("the requests", || upstream.seen().len() == count);
    connections
}

#[test]
fn what_the_deadline_cuts_off_has_its_lines_in_the_log() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let mut gateway = Gateway::before(&upstream)
        .section("cores", "2")
        .section("shutdown", "{ deadline: 300ms }")
        .start();
    let connections = hanging(&gateway, &upstream, 100);
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    assert_eq!(gateway.access_lines(connections.len()).len(), 100);
}

#[test]
fn what_a_second_signal_cuts_off_has_its_lines_in_the_log() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let mut gateway = Gateway::before(&upstream).section("cores", "2").start();
    let connections = hanging(&gateway, &upstream, 100);
    gateway.sigterm();
    gateway.log_line("finishes what is in flight");
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    let lines = gateway.access_lines(connections.len());
    assert!(lines.iter().all(|line| line["outcome"] == "unanswered"));
}

#[test]
fn a_second_signal_does_not_wait() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let mut gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    gateway.sigterm();
    gateway.log_line("finishes what is in flight");
    gateway.sigterm();
    gateway.log_line("a second signal ends the drain");
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn an_idle_gateway_stops_at_once() {
    let mut gateway = Gateway::before(&Upstream::start())
        .section("cores", "2")
        .start();
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
}
