//! Upstreams behind something other than clear text over TCP.

use crate::harness::{Request, Setup, Upstream, wrapping};

/// Requests without and with a body go to the upstream in different ways.
fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

#[test]
fn an_upstream_behind_a_unix_socket_is_reached() {
    let upstream = Upstream::start();
    let setup = Setup::before_url("unix:app.sock");
    wrapping::unix(&setup.folder().join("app.sock"), &upstream);
    let gateway = setup.start();
    let mut connection = gateway.client().connect();
    for _ in 0..3 {
        for request in both("/public/a?b") {
            let response = connection.send(&request);
            assert_eq!(
                (response.status, response.text()),
                (200, r#"{"from":"upstream"}"#.to_owned())
            );
        }
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[5].body, b"x");
    assert!(
        seen.iter()
            .all(|seen| seen.values("host") == ["gateway.test"])
    );
    assert_eq!(upstream.connections(), 2, "connections are used again");
    // Without a Host the upstream gets one all the same.
    gateway.client().raw("GET /public/old HTTP/1.0\r\n\r\n");
    let seen = upstream.seen().pop().expect("a request");
    assert_eq!(seen.values("host"), ["localhost"]);
}

#[test]
fn an_idle_unix_connection_that_the_upstream_closed_is_no_502() {
    let upstream = Upstream::start();
    let setup = Setup::before_url("unix:app.sock");
    wrapping::unix(&setup.folder().join("app.sock"), &upstream);
    let gateway = setup.start();
    for round in 0..20 {
        assert_eq!(gateway.get("/public/a").status, 200, "round {round}");
        upstream.close_connections();
    }
}

#[test]
fn a_socket_that_nobody_listens_on_is_502() {
    let gateway = Setup::before_url("unix:/nowhere/app.sock").start();
    for request in both("/public/a") {
        assert_eq!(gateway.send(&request).status, 502);
    }
    assert_eq!(gateway.outcome("/public/a"), "upstream_unreachable");
}
