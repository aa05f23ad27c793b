//! PROXY headers through the front door.

use std::{
    io::Write,
    net::{IpAddr, TcpStream},
};

use crate::harness::{
    Gateway, Request, Setup, Upstream, certificates::Authority, client::Connection, tls::TlsClient,
    wait_until,
};

const LINE: &str = "PROXY TCP4 203.0.113.7 192.0.2.9 4711 443\r\n";

fn before(upstream: &Upstream) -> Setup {
    let listeners = "[{ address: 127.0.0.1:0, proxy_protocol: { from: [127.0.0.1] } }]";
    Gateway::before(upstream).section("listeners", listeners)
}

/// Version 2, TCP over IPv6, with an extension.
fn binary(client: &str) -> Vec<u8> {
    let IpAddr::V6(client) = client.parse().expect("an address") else {
        panic!("{client} is not of IPv6");
    };
    let body = [
        &client.octets()[..],
        &[0; 16],
        &[0x12, 0x67, 0x01, 0xbb],
        &[0x04, 0, 2, 0, 0],
    ]
    .concat();
    let length = u16::try_from(body.len()).expect("a length").to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x21", &length[..], &body].concat()
}

fn connect(gateway: &Gateway, begin: &[u8]) -> Connection {
    let mut connection = gateway.client().connect();
    connection.write(begin);
    connection
}

#[test]
fn the_client_is_who_the_header_says() {
    let upstream = Upstream::start();
    let gateway = before(&upstream).start();
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00".to_vec();
    for (header, client) in [
        (LINE.as_bytes().to_vec(), "203.0.113.7"),
        (binary("2001:db8::7"), "2001:db8::7"),
        (binary("::ffff:203.0.113.8"), "203.0.113.8"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        (local, "127.0.0.1"),
    ] {
        let mut connection = connect(&gateway, &header);
        // The header is for the whole connection.
        for _ in 0..2 {
            assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
        }
        let seen = upstream.seen();
        let last = seen.last().expect("a request");
        assert_eq!(last.values("x-forwarded-for"), [client]);
    }
    assert_eq!(gateway.access_line("/public/a")["client"], "203.0.113.7");
}

#[test]
fn a_header_may_come_in_any_pieces_and_not_a_byte_behind_it_is_lost() {
    let upstream = Upstream::start();
    let gateway = before(&upstream).start();
    for header in [LINE.as_bytes().to_vec(), binary("2001:db8::7")] {
        let bytes = [&header[..], &Request::get("/public/a").bytes()].concat();
        for split in 1..bytes.len() {
            let (first, second) = bytes.split_at(split);
            let mut connection = connect(&gateway, first);
            connection.write(second);
            assert_eq!(connection.response().status, 200, "split at {split}");
        }
    }
}

#[test]
fn bad_and_missing_headers_close_the_connection_and_reach_nothing() {
    let upstream = Upstream::start();
    let gateway = before(&upstream).start();
    let request = Request::get("/public/a").bytes();
    let mut wrong_version = binary("2001:db8::7");
    wrong_version[12] = 0x31;
    let mut cut_extension = binary("2001:db8::7");
    let last = cut_extension.len() - 3;
    cut_extension[last] = 9;
    for header in [
        &b""[..],
        b"PROXY TCP4 203.0.113.7 192.0.2.9 4711 443\n",
        b"PROXY TCP4 203.0.113.07 192.0.2.9 4711 443\r\n",
        b"PROXY TCP6 203.0.113.7 192.0.2.9 4711 443\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.9 4711\r\n",
        b"\r\nPROXY TCP4 203.0.113.7 192.0.2.9 4711 443\r\n",
        &wrong_version,
        &cut_extension,
        &[&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat(),
    ] {
        let mut connection = gateway.client().connect();
        drop(connection.try_write([header, &request].concat()));
        assert!(connection.ends(), "{:?}", String::from_utf8_lossy(header));
    }
    // A second header is a request line, and no good one.
    let mut connection = connect(&gateway, LINE.repeat(2).as_bytes());
    assert!(
        connection
            .try_head()
            .ok()
            .flatten()
            .is_none_or(|answer| answer.status >= 400)
    );
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_header_that_comes_too_slowly_is_cut_off() {
    let upstream = Upstream::start();
    let gateway = before(&upstream)
        .section("limits", "{ header_timeout: 200ms }")
        .start();
    for begin in [&b""[..], b"PROXY TC", &binary("2001:db8::7")[..20]] {
        assert!(connect(&gateway, begin).ends());
    }
}

#[test]
fn only_listed_proxies_may_connect_and_the_header_is_not_for_others() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0, proxy_protocol: { from: [192.0.2.0/24] } }]",
        )
        .section("logs", "{ format: json, level: debug }")
        .start();
    for begin in [LINE.as_bytes().to_vec(), Request::get("/public/a").bytes()] {
        let mut connection = gateway.client().connect();
        drop(connection.try_write(begin));
        assert!(connection.ends());
    }
    gateway.log_line("none of the proxies that may connect here");

    // Where no header is expected it is no request.
    let gateway = Gateway::before(&upstream).start();
    let mut connection = connect(&gateway, LINE.as_bytes());
    connection.write(Request::get("/public/a").bytes());
    assert_eq!(connection.head().status, 400);
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_a_header_says_of_tls_goes_on() {
    let upstream = Upstream::start();
    let gateway = before(&upstream).start();
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14".to_vec();
    header.extend([203, 0, 113, 7, 192, 0, 2, 9, 0x12, 0x67, 0x01, 0xbb]);
    header.extend([0x20, 0, 5, 1, 0, 0, 0, 0]);
    let mut connection = connect(&gateway, &header);
    assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.values("x-forwarded-proto"), ["https"]);
}

#[test]
fn a_header_stands_before_the_handshake() {
    let authority = Authority::named("ca");
    let issued = authority.issue(&["a.test"]);
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0, proxy_protocol: { from: [127.0.0.0/8] }, \
             tls: { certificate: a.pem, key: a.key } }]",
        )
        .file("a.pem", &issued.certificate)
        .file("a.key", &issued.key)
        .start();
    let mut stream = TcpStream::connect(gateway.address).expect("a connection");
    stream.write_all(LINE.as_bytes()).expect("a header");
    let connection = TlsClient::to("a.test", &authority).over(stream);
    let mut connection = connection.expect("a session");
    assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.values("x-forwarded-for"), ["203.0.113.7"]);
    assert_eq!(seen.values("x-forwarded-proto"), ["https"]);
}

#[test]
fn refused_connections_are_counted_by_their_reason() {
    let upstream = Upstream::start();
    let gateway = before(&upstream)
        .section(
            "limits",
            "{ header_timeout: 200ms, connections_per_address: 1 }",
        )
        .start();
    assert!(connect(&gateway, b"nonsense").ends());
    assert!(connect(&gateway, b"PROXY ").ends());
    let mut first = connect(&gateway, LINE.as_bytes());
    assert_eq!(first.send(&Request::get("/public/a")).status, 200);
    assert!(connect(&gateway, LINE.as_bytes()).ends());
    for reason in ["proxy_header", "slow_start", "too_many_of_address"] {
        let line = format!("sidegate_connection_refusals_total{{reason=\"{reason}\"}} 1\n");
        // A connection is closed a moment before it is counted.
        wait_until(reason, || gateway.ask("/metrics").text().contains(&line));
    }
}
