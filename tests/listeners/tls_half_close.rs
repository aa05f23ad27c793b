//! Clients of TLS that say that they will send no more, and still listen (RFC 8446 section 6.1).

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
};

use rustls::version::{TLS12, TLS13};

use crate::harness::{
    Gate, Gateway, Request, Setup, Upstream,
    certificates::Authority,
    tls::{TlsClient, TlsConnection},
    token,
};

/// Far longer than any test waits.
const NEVER: &str = "{ half_closed_timeout: 1h }";

/// A listener that speaks TLS, before it starts.
fn before(upstream: &Upstream, authority: &Authority) -> Setup {
    let issued = authority.issue(&["a.test"]);
    Gateway::before(upstream)
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0, tls: { certificate: a.pem, key: a.key } }]",
        )
        .section("limits", NEVER)
        .file("a.pem", &issued.certificate)
        .file("a.key", &issued.key)
}

/// A session that has sent these bytes and its `close_notify`.
fn closed_behind(
    client: &TlsClient,
    gateway: &Gateway,
    bytes: &[u8],
) -> (TlsConnection, TcpStream) {
    let stream = TcpStream::connect(gateway.address).expect("a connection");
    let socket = stream.try_clone().expect("a socket");
    let mut connection = client.over(stream).expect("a session");
    connection.write(bytes).expect("sent");
    connection.close_notify().expect("sent");
    (connection, socket)
}

#[test]
fn a_client_that_sends_close_notify_after_its_request_gets_its_answer() {
    let authority = Authority::named("ca");
    let upstream = Upstream::answering(|seen, wire| wire.respond(200, &[], &seen.body));
    let gateway = before(&upstream, &authority).start();
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::to("a.test", &authority).version(version);
        for index in 0..10 {
            let request = Request::post(&format!("/public/{index}")).body("all of it");
            let (mut connection, socket) = closed_behind(&client, &gateway, &request.bytes());
            // Half of them close the sending half of the socket, too.
            if index % 2 == 0 {
                socket.shutdown(Shutdown::Write).expect("an end");
            }
            let response = connection.response().expect("an answer");
            assert_eq!(
                (response.status, response.text().as_str()),
                (200, "all of it")
            );
            assert!(connection.response().is_err(), "it ends behind the answer");
        }
    }
    assert_eq!(upstream.seen().len(), 20);
}

#[test]
fn a_refusal_reaches_a_client_that_has_sent_close_notify() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, &authority).start();
    let client = TlsClient::to("a.test", &authority);
    let request = Request::get("/private/a").bytes();
    let (mut connection, _socket) = closed_behind(&client, &gateway, &request);
    assert_eq!(connection.response().expect("an answer").status, 401);
    assert!(connection.response().is_err());
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_late_answer_reaches_a_client_that_has_sent_close_notify_long_before() {
    let authority = Authority::named("ca");
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"late")
    });
    let gateway = before(&upstream, &authority).start();
    let client = TlsClient::to("a.test", &authority);
    let request = Request::get("/private/a").token(&token::access(5));
    let (mut connection, _socket) = closed_behind(&client, &gateway, &request.bytes());
    upstream.wait_for("the request", |seen| seen.whole);
    gate.open();
    let response = connection.response().expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (200, "late"));
}

#[test]
fn what_follows_close_notify_is_not_read() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, &authority).start();
    let client = TlsClient::to("a.test", &authority);
    let first = Request::get("/public/a").bytes();
    let (mut connection, mut socket) = closed_behind(&client, &gateway, &first);
    // In clear text, behind the end of what was authenticated.
    socket
        .write_all(&Request::get("/public/b").bytes())
        .expect("sent");
    assert_eq!(connection.response().expect("an answer").status, 200);
    assert!(connection.response().is_err());
    assert_eq!(upstream.only().target(), "/public/a");
}

#[test]
fn a_connection_whose_client_has_gone_ends_behind_the_answer() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, &authority).start();
    let client = TlsClient::to("a.test", &authority);
    let stream = TcpStream::connect(gateway.address).expect("a connection");
    let socket = stream.try_clone().expect("a socket");
    let mut connection = client.over(stream).expect("a session");
    connection
        .write(&Request::get("/public/a").bytes())
        .expect("a request");
    assert_eq!(connection.response().expect("a response").status, 200);
    // Without a word of TLS.
    socket.shutdown(Shutdown::Write).expect("an end");
    assert!(connection.response().is_err());
}
