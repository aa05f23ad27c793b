//! Upstreams that are down, slow or broken.

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use crate::harness::{After, Gateway, Request, Setup, Upstream};

/// An address that nobody listens on and nobody else can take.
fn taken() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    let address = socket
        .local_addr()
        .expect("an address")
        .as_socket()
        .expect("an address");
    (socket, address)
}

/// Requests without and with a body go to the upstream in different ways.
fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

/// Where the break comes with the head, the answer may be 502, or the end of the connection before any of it has left.
fn arrives_whole(gateway: &Gateway, request: &Request) -> bool {
    let mut connection = gateway.client().connect();
    connection.write(request.bytes());
    let Ok(Some(mut response)) = connection.try_head() else {
        return false;
    };
    connection.body_of(&mut response, "GET");
    response.status == 200 && response.whole
}

fn upstream_options(setup: Setup, endpoints: &[String], options: &str) -> Setup {
    let upstreams = format!("{{ api: {{ endpoints: {endpoints:?}{options} }} }}");
    setup.section("upstreams", &upstreams)
}

#[test]
fn an_upstream_that_is_down_is_502() {
    let (_socket, address) = taken();
    let gateway = Setup::before_url(&format!("http://{address}")).start();
    assert_eq!(gateway.get("/public/a").status, 502);
    assert_eq!(gateway.outcome("/public/a"), "upstream_unreachable");
    // Refusals do not need it.
    assert_eq!(gateway.get("/guarded").status, 401);
}

#[test]
fn the_next_endpoint_is_tried_when_one_is_down() {
    let (_socket, address) = taken();
    let upstream = Upstream::start();
    let endpoints = [format!("http://{address}"), upstream.url()];
    let gateway = upstream_options(Gateway::before(&upstream), &endpoints, "").start();
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn an_upstream_that_does_not_accept_is_504() {
    let (socket, address) = taken();
    socket.listen(0).expect("a listener");
    // They fill the queue: the system leaves further ones without an answer.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let _waiting: Vec<TcpStream> = (0..8).map_while(connect).collect();
    let setup = Setup::before_url(&format!("http://{address}"));
    let gateway = upstream_options(
        setup,
        &[format!("http://{address}")],
        ", connect_timeout: 200ms",
    )
    .start();
    assert_eq!(gateway.get("/public/a").status, 504);
    assert_eq!(gateway.outcome("/public/a"), "upstream_connect_timeout");
}

#[test]
fn an_upstream_that_says_nothing_is_504_and_let_go() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let endpoints = [upstream.url()];
    let gateway = upstream_options(
        Gateway::before(&upstream),
        &endpoints,
        ", response_timeout: 200ms",
    )
    .start();
    for (index, request) in both("/public/a").iter().enumerate() {
        assert_eq!(gateway.send(request).status, 504);
        assert_eq!(
            gateway.access_lines(index + 1)[index]["outcome"],
            "upstream_timeout"
        );
        upstream.wait_for_close(index);
    }
}

#[test]
fn an_upstream_that_closes_without_an_answer_is_502_and_not_asked_twice() {
    let upstream = Upstream::answering(|_, _| After::Close);
    let gateway = Gateway::before(&upstream).start();
    for (index, request) in both("/public/a").iter().enumerate() {
        assert_eq!(gateway.send(request).status, 502);
        assert_eq!(
            gateway.access_lines(index + 1)[index]["outcome"],
            "upstream_closed"
        );
        assert_eq!(upstream.seen().len(), index + 1, "{request:?} was repeated");
    }
}

#[test]
fn an_upstream_that_closes_a_used_connection_is_not_asked_twice() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/public/first" {
            return wire.respond(200, &[], b"");
        }
        After::Close
    });
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(gateway.get("/public/first").status, 200);
    assert_eq!(
        gateway.send(&Request::post("/public/pay").body("1")).status,
        502
    );
    let payments = upstream
        .seen()
        .into_iter()
        .filter(|seen| seen.target() == "/public/pay");
    assert_eq!(payments.count(), 1);
}

#[test]
fn garbage_from_the_upstream_is_502() {
    for garbage in [
        "not HTTP at all\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\0\0\0\0\r\n\r\n",
    ] {
        let upstream = Upstream::saying(garbage, After::Close);
        let gateway = Gateway::before(&upstream).start();
        for (index, request) in both("/public/a").iter().enumerate() {
            let response = gateway.send(request);
            assert_eq!(response.status, 502, "{garbage:?}");
            assert!(!response.text().contains("not HTTP"), "{garbage:?}");
            let line = &gateway.access_lines(index + 1)[index];
            assert_eq!(line["outcome"], "upstream_not_http", "{garbage:?}");
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_not_passed_off_as_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nzz\r\n",
    ] {
        let upstream = Upstream::saying(answer, After::Close);
        let gateway = Gateway::before(&upstream).start();
        for (index, request) in both("/public/a").iter().enumerate() {
            assert!(!arrives_whole(&gateway, request), "{answer:?}");
            let line = &gateway.access_lines(index + 1)[index];
            let outcome = line["outcome"].as_str().expect("an outcome");
            assert!(outcome.starts_with("upstream_"), "{answer:?}: {outcome}");
        }
    }
}

#[test]
fn a_body_that_stalls_is_cut_off() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        wire.hang()
    });
    let endpoints = [upstream.url()];
    let gateway = upstream_options(
        Gateway::before(&upstream),
        &endpoints,
        ", body_timeout: 200ms",
    )
    .start();
    for (index, request) in both("/public/a").iter().enumerate() {
        let response = gateway.send(request);
        assert_eq!((response.status, response.whole), (200, false));
        upstream.wait_for_close(index);
    }
}

#[test]
fn an_idle_connection_that_the_upstream_closed_is_no_502() {
    for request in both("/public/a") {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream).start();
        let mut connection = gateway.client().connect();
        for round in 0..50 {
            assert_eq!(connection.send(&request).status, 200, "round {round}");
            upstream.close_connections();
        }
        assert_eq!(upstream.seen().len(), 50);
    }
}

#[test]
fn an_idle_connection_that_closes_as_a_request_comes_is_no_502() {
    for request in both("/public/a") {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream).start();
        let mut connection = gateway.client().connect();
        assert_eq!(connection.send(&request).status, 200);
        for round in 0..20 {
            gateway.paused(|| {
                connection.write(request.bytes());
                upstream.close_connections();
            });
            assert_eq!(connection.response().status, 200, "round {round}");
        }
        assert_eq!(upstream.seen().len(), 21);
    }
}

#[test]
fn an_unread_rest_of_an_answer_is_not_the_next_answer() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/public/first" {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned");
            return After::Keep;
        }
        wire.respond(200, &[], b"own")
    });
    let gateway = Gateway::before(&upstream).start();
    for (first, second) in both("/public/first").iter().zip(both("/public/second")) {
        assert_eq!(gateway.send(first).text(), "ok");
        for _ in 0..3 {
            assert_ne!(gateway.send(&second).text(), "poisoned");
        }
    }
}
