//! More requests than the upstream may have.

use std::{sync::mpsc::channel, thread};

use crate::harness::{
    After, Gate, Gateway, Request, Setup, Upstream, client::Connection, wait_until,
};

/// Answers when the gate is open, and in two pieces.
fn held(gate: &Gate) -> Upstream {
    let gate = gate.clone();
    Upstream::answering(move |_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst");
        gate.pass();
        wire.send(b"last");
        After::Keep
    })
}

fn limited(upstream: &Upstream, concurrency: &str) -> Gateway {
    // Two cores: the count is everybody's.
    let keys = format!("concurrency: {concurrency}");
    let setup = Setup::before_all(&[upstream], &keys);
    setup.section("cores", "2").start()
}

fn begin(gateway: &Gateway, request: &Request) -> Connection {
    let mut connection = gateway.client().connect();
    connection.write(request.bytes());
    connection
}

fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

#[test]
fn what_has_no_place_in_line_is_refused_and_the_line_is_served() {
    for request in both("/public/a") {
        let gate = Gate::shut();
        let upstream = held(&gate);
        let gateway = limited(&upstream, "{ requests: 1, queue: 2, wait: 20s }");
        let mut first = begin(&gateway, &request);
        first.head();
        let (answered, answers) = channel();
        for _ in 0..3 {
            let (client, request, answered) = (gateway.client(), request.clone(), answered.clone());
            thread::spawn(move || answered.send(client.send(&request)));
        }
        // Whichever came last.
        let refused = answers.recv().expect("an answer");
        assert_eq!(refused.status, 503);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(refused.text().contains("upstream_busy"));
        assert_eq!(upstream.seen().len(), 1, "nobody else got through");
        gate.open();
        assert_eq!(first.bytes(9), b"firstlast");
        for _ in 0..2 {
            let answer = answers.recv().expect("an answer");
            assert_eq!(answer.text(), "firstlast");
        }
        assert_eq!(upstream.seen().len(), 3);
    }
}

#[test]
fn who_waits_too_long_is_refused() {
    let gate = Gate::shut();
    let upstream = held(&gate);
    let gateway = limited(&upstream, "{ requests: 1, queue: 5, wait: 100ms }");
    let mut first = begin(&gateway, &Request::get("/public/a"));
    first.head();
    for request in both("/public/b") {
        assert_eq!(gateway.send(&request).status, 503);
    }
    assert_eq!(gateway.outcome("/public/b"), "upstream_busy");
    gate.open();
    assert_eq!(first.bytes(9), b"firstlast");
    assert_eq!(gateway.get("/public/c").status, 200);
}

#[test]
fn a_client_that_goes_away_in_the_middle_of_an_answer_makes_room() {
    for request in both("/public/a") {
        let gate = Gate::shut();
        let upstream = held(&gate);
        let gateway = limited(&upstream, "{ requests: 1, queue: 0 }");
        let mut leaving = begin(&gateway, &request);
        leaving.head();
        assert_eq!(gateway.get("/public/b").status, 503);
        drop(leaving);
        let mut next = gateway.client().connect();
        wait_until("room", || {
            next.write(request.bytes());
            next.head().status == 200 || {
                next = gateway.client().connect();
                false
            }
        });
        gate.open();
    }
}

#[test]
fn a_client_that_goes_away_while_it_waits_leaves_the_line() {
    let gate = Gate::shut();
    let upstream = held(&gate);
    let gateway = limited(&upstream, "{ requests: 1, queue: 1, wait: 20s }");
    let mut first = begin(&gateway, &Request::get("/public/a"));
    first.head();
    let mut leaving = [(); 2].map(|()| begin(&gateway, &Request::get("/public/leaves")));
    // One of the two is refused; the other waits, and goes.
    gateway.access_line("/public/leaves");
    for connection in &mut leaving {
        *connection = gateway.client().connect();
    }
    gateway.access_lines(2);
    let waiting = begin(&gateway, &Request::get("/public/b"));
    let mut refused = begin(&gateway, &Request::get("/public/b"));
    let line = gateway.access_line("/public/b");
    assert_eq!(line["outcome"], "upstream_busy", "one of two waits");
    gate.open();
    assert_eq!(first.bytes(9), b"firstlast");
    let mut waiting = waiting;
    let statuses = [waiting.response().status, refused.response().status];
    assert_eq!(statuses.iter().sum::<u16>(), 200 + 503, "{statuses:?}");
}

#[test]
fn an_answer_that_has_arrived_makes_room_whatever_its_client_does() {
    let upstream = Upstream::start();
    let gateway = limited(&upstream, "{ requests: 1, queue: 0 }");
    for _ in 0..50 {
        for request in both("/public/a") {
            assert_eq!(gateway.send(&request).status, 200);
        }
    }
}
