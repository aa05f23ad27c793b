//! Unix sockets and IPv6.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
};

use crate::harness::{Gateway, PATIENCE, Request, Setup, Upstream, wait_until};

const LISTENERS: &str = "[{ address: 127.0.0.1:0 }, { address: unix:a.sock, mode: \"0600\" }]";

/// One request, and the whole answer.
fn ask(socket: &Path, request: Request) -> String {
    let mut stream = UnixStream::connect(socket).expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    let request = request.header("Connection", "close").bytes();
    stream.write_all(&request).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn before(upstream: &Upstream) -> Setup {
    Gateway::before(upstream).section("listeners", LISTENERS)
}

#[test]
fn a_unix_socket_serves_and_goes_with_the_gateway() {
    let upstream = Upstream::start();
    let mut gateway = before(&upstream).start();
    let socket = gateway.setup().folder().join("a.sock");
    gateway.log_line("/a.sock");
    let mode = socket.metadata().expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let request = Request::get("/public/a").header("X-Forwarded-For", "6.6.6.6");
    assert!(ask(&socket, request).starts_with("HTTP/1.1 200 "));
    let seen = upstream.only();
    assert_eq!(seen.values("x-forwarded-for"), ["unknown"]);
    assert_eq!(seen.values("x-forwarded-proto"), ["http"]);
    assert_eq!(gateway.access_line("/public/a")["client"], "unknown");
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_proxy_on_a_unix_socket_is_believed_if_it_is_trusted() {
    let upstream = Upstream::start();
    let request = || Request::get("/public/a").header("X-Forwarded-For", "6.6.6.6, 203.0.113.7");
    let gateway = before(&upstream)
        .section("trusted_proxies", "[unix]")
        .start();
    ask(&gateway.setup().folder().join("a.sock"), request());
    assert_eq!(
        upstream.only().values("x-forwarded-for"),
        ["6.6.6.6, 203.0.113.7"]
    );
    assert_eq!(gateway.access_line("/public/a")["client"], "203.0.113.7");
    // Whoever comes over the network is not.
    gateway.send(&request());
    let seen = upstream.seen();
    assert_eq!(seen[1].values("x-forwarded-for"), ["127.0.0.1"]);
}

#[test]
fn rfc_7239_has_a_word_for_a_client_without_an_address() {
    let upstream = Upstream::start();
    let gateway = before(&upstream).section("forwarded", "rfc7239").start();
    ask(
        &gateway.setup().folder().join("a.sock"),
        Request::get("/public/a"),
    );
    assert_eq!(
        upstream.only().values("forwarded"),
        ["for=unknown;proto=http;host=\"gateway.test\""]
    );
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let upstream = Upstream::start();
    let setup = before(&upstream);
    let socket = setup.folder().join("a.sock");
    let live = UnixListener::bind(&socket).expect("a socket");
    let output = setup
        .command(&["run", "--config"])
        .arg(setup.write())
        .output()
        .expect("the binary");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("another process listens there"), "{said}");
    drop(live);
    assert!(socket.exists());
    let gateway = setup.start();
    gateway.log_line("/a.sock");
    assert!(ask(&socket, Request::get("/public/a")).starts_with("HTTP/1.1 200 "));
}

#[test]
fn connections_of_a_unix_socket_finish_when_the_gateway_stops() {
    let upstream = Upstream::start();
    let mut gateway = before(&upstream).start();
    let socket = gateway.setup().folder().join("a.sock");
    let mut idle = UnixStream::connect(&socket).expect("a connection");
    idle.set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    ask(&socket, Request::get("/public/a"));
    gateway.sigterm();
    assert_eq!(idle.read(&mut [0; 1]).expect("an end"), 0);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn the_unspecified_ipv6_address_is_for_both_families_unless_it_is_told_otherwise() {
    let upstream = Upstream::start();
    let start = |listeners: &str| {
        Gateway::before(&upstream)
            .section("listeners", listeners)
            .start()
    };
    let gateway = start("[{ address: \"[::]:0\" }]");
    let port = gateway.address.port();
    for (address, client) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let mut stream = TcpStream::connect((address, port)).expect("a connection");
        stream
            .write_all(&Request::get("/public/a").bytes())
            .expect("a request");
        wait_until("the request", || {
            let seen = upstream.seen();
            seen.last()
                .is_some_and(|seen| seen.values("x-forwarded-for") == [client])
        });
    }
    let gateway = start("[{ address: \"[::]:0\", ipv6_only: true }]");
    let port = gateway.address.port();
    assert!(TcpStream::connect(("::1", port)).is_ok());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
