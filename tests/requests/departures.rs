//! Clients that go away before they are answered.

use serde_json::json;

use crate::harness::{Gateway, Request, Upstream};

#[test]
fn a_client_that_goes_away_takes_its_request_along() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.target() == "/public/hang" {
            return wire.hang();
        }
        wire.respond(200, &[], b"")
    });
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/hang").bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    drop(connection);
    upstream.wait_for_close(0);
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn a_client_that_goes_away_has_its_line_in_the_log() {
    let upstream = Upstream::answering(|_, wire| wire.hang());
    let gateway = Gateway::before(&upstream).start();
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
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    connection.head();
    assert_eq!(connection.bytes(5), b"first");
    drop(connection);
    upstream.wait_for_close(0);
}
