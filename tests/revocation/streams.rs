//! What is open when a token stops counting: connections that were switched, streams of events, downloads.

use std::io::Read;

use serde_json::json;
use sidegate::clock::UnixSeconds;

use super::inside::Inside;
use crate::harness::{
    After, Request, Setup, Upstream,
    client::Connection,
    streams::{Client, run_in_time},
    token,
    upstream::Wire,
    wait_until,
};

/// A close frame with the code 1008.
const CLOSED: [u8; 4] = [0x88, 2, 0x03, 0xF0];

const ROUTES: &str = r#"
- { match: "/long/**", access: required, on_expiry: continue }
- { match: "/other/**", access: required, upgrade: [other] }
- { match: "/observed/**", access: required, mode: observe }
- { match: "/**", access: required }"#;

/// Answers as the path says, and goes on until it is left.
fn answer(target: &str, wire: &mut Wire) -> After {
    match target.rsplit('/').next() {
        Some(protocol @ ("websocket" | "other")) => {
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
            );
            wire.send(head.as_bytes());
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = wire.stream().read(&mut buffer) {
                wire.send(&buffer[..length]);
            }
            After::Close
        }
        Some("events") => {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n");
            wire.send(b"9\r\ndata: 1\n\n\r\n");
            wire.hang()
        }
        Some("download") => {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: 1000000\r\n\r\nbegin");
            wire.hang()
        }
        Some("flood") => {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: 1000000000000\r\n\r\n");
            let piece = vec![b'.'; 65_536];
            while std::io::Write::write_all(wire.stream(), &piece).is_ok() {}
            After::Close
        }
        _ => wire.respond(200, &[], b"hello"),
    }
}

fn inside() -> (Upstream, Inside) {
    let upstream = Upstream::answering(|seen, wire| answer(seen.target(), wire));
    let setup = Setup::before(&upstream).without("accounts").routes(ROUTES);
    let inside = Inside::start(setup);
    (upstream, inside)
}

/// Switched to the protocol that the path names last.
fn switched(inside: &Inside, path: &str, token: &str) -> Connection {
    let protocol = path.rsplit('/').next().unwrap_or_default();
    let request = Request::get(path)
        .header("Connection", "Upgrade")
        .header("Upgrade", protocol)
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .token(token);
    let mut connection = inside.client().connect();
    connection.write(request.bytes());
    assert_eq!(connection.head().status, 101);
    exchange(&mut connection);
    connection
}

fn exchange(connection: &mut Connection) {
    let hello = b"\x81\x85\0\0\0\0hello";
    connection.write(hello);
    assert_eq!(connection.bytes(hello.len()), hello);
}

fn begin(inside: &Inside, path: &str, token: &str) -> Connection {
    let mut connection = inside.client().connect();
    connection.write(Request::get(path).token(token).bytes());
    assert_eq!(connection.head().status, 200);
    connection
}

/// A token that expires in a moment, and when.
fn short() -> (String, u64) {
    let expires = token::now() + 2;
    (
        token::signed(&json!({ "exp": expires, "sub": "1" })),
        expires,
    )
}

#[test]
fn a_ban_closes_a_websocket_by_a_frame_that_says_so() {
    let (upstream, inside) = inside();
    let mut connection = switched(&inside, "/websocket", &token::access("1"));
    let mut other = switched(&inside, "/websocket", &token::access("4"));
    inside.ban("1");
    assert_eq!(connection.bytes(4), CLOSED);
    drop(connection);
    upstream.wait_for_close(0);
    exchange(&mut other);
}

#[test]
fn a_logout_and_the_end_of_all_sessions_close_websockets() {
    let (_upstream, inside) = inside();
    let of =
        |jti: &str| token::signed(&json!({ "exp": token::now() + 60, "sub": "1", "jti": jti }));
    let mut left = switched(&inside, "/websocket", &of("left.1"));
    let mut stayed = switched(&inside, "/websocket", &of("stayed.1"));
    inside
        .denylist
        .end_session("left", UnixSeconds(token::now() + 60));
    assert_eq!(left.bytes(4), CLOSED);
    exchange(&mut stayed);
    inside.denylist.not_before("1", UnixSeconds(token::now()));
    assert_eq!(stayed.bytes(4), CLOSED);
}

#[test]
fn a_websocket_whose_client_does_not_finish_its_frame_is_closed_too() {
    let (upstream, inside) = inside();
    let mut connection = switched(&inside, "/websocket", &token::access("1"));
    connection.write(b"\x82\xFF\0\0\0\0\0\x0F\0\0\0\0\0\0and so on");
    connection.bytes(14);
    inside.ban("1");
    upstream.wait_for_close(0);
}

#[test]
fn a_connection_of_another_protocol_is_cut() {
    let (upstream, inside) = inside();
    let mut connection = switched(&inside, "/other/other", &token::access("1"));
    inside.ban("1");
    assert!(connection.ends());
    upstream.wait_for_close(0);
}

#[test]
fn expiry_closes_a_websocket_unless_its_route_says_otherwise() {
    let (_upstream, inside) = inside();
    let (token, expires) = short();
    let mut closed = switched(&inside, "/websocket", &token);
    let mut goes_on = switched(&inside, "/long/websocket", &token);
    assert_eq!(closed.bytes(4), CLOSED);
    assert!(token::now() >= expires);
    exchange(&mut goes_on);
    inside.ban("1");
    assert_eq!(goes_on.bytes(4), CLOSED);
}

#[test]
fn a_ban_breaks_events_and_downloads_off_that_wait() {
    let (upstream, inside) = inside();
    let token = token::access("1");
    let mut events = begin(&inside, "/events", &token);
    assert_eq!(
        events.chunk().expect("a chunk").expect("an event"),
        b"data: 1\n\n"
    );
    let mut download = begin(&inside, "/download", &token);
    assert_eq!(download.bytes(5), b"begin");
    inside.ban("1");
    assert!(!matches!(events.chunk(), Ok(Some(_) | None)));
    assert!(download.ends());
    upstream.wait_for_close(0);
    upstream.wait_for_close(1);
}

#[test]
fn a_ban_breaks_a_download_off_that_never_waits() {
    let (upstream, inside) = inside();
    let mut flood = begin(&inside, "/flood", &token::access("1"));
    assert_eq!(flood.skip(10_000_000), 10_000_000);
    inside.ban("1");
    let most = 1_000_000_000;
    assert!(flood.skip(most) < most);
    upstream.wait_for_close(0);
}

#[test]
fn expiry_breaks_events_off_and_no_download() {
    let (_upstream, inside) = inside();
    let (token, expires) = short();
    let mut events = begin(&inside, "/events", &token);
    let mut long = begin(&inside, "/long/events", &token);
    let mut download = begin(&inside, "/download", &token);
    assert!(events.chunk().expect("a chunk").is_some());
    assert!(long.chunk().expect("a chunk").is_some());
    assert_eq!(download.bytes(5), b"begin");
    assert!(!matches!(events.chunk(), Ok(Some(_) | None)));
    wait_until("the token has expired", || token::now() >= expires);
    for connection in [&mut long, &mut download] {
        let stream = connection.stream();
        stream.set_nonblocking(true).expect("a socket option");
        let peeked = stream.peek(&mut [0]).expect_err("nothing has come");
        assert_eq!(peeked.kind(), std::io::ErrorKind::WouldBlock);
        stream.set_nonblocking(false).expect("a socket option");
    }
    inside.ban("1");
    assert!(!matches!(long.chunk(), Ok(Some(_) | None)));
    assert!(download.ends());
}

#[test]
fn what_a_route_only_observes_is_not_broken_off() {
    let (_upstream, inside) = inside();
    let mut observed = begin(&inside, "/observed/events", &token::access("1"));
    let mut enforced = begin(&inside, "/events", &token::access("1"));
    for connection in [&mut observed, &mut enforced] {
        assert!(connection.chunk().expect("a chunk").is_some());
    }
    inside.ban("1");
    assert!(!matches!(enforced.chunk(), Ok(Some(_) | None)));
    let stream = observed.stream();
    stream.set_nonblocking(true).expect("a socket option");
    assert!(stream.peek(&mut [0]).is_err());
}

#[test]
fn on_http2_only_the_streams_of_the_member_are_reset() {
    let (_upstream, inside) = inside();
    let address = inside.address();
    run_in_time(async {
        let client = Client::connect(address).await;
        let mut bodies = Vec::new();
        for (path, subject) in [("events", "1"), ("download", "1"), ("events", "4")] {
            let request = hyper::Request::get(format!("http://gateway.test/{path}")).header(
                "authorization",
                format!("Bearer {}", token::access(subject)),
            );
            let request = request.body(()).expect("a request");
            let mut exchange = client.begin(request).await;
            exchange.end();
            let response = exchange.head().await.expect("a response");
            assert_eq!(response.status().as_u16(), 200);
            let mut body = response.into_body().0;
            assert!(body.data().await.expect("a piece").is_ok());
            bodies.push(body);
        }
        let mut stays = bodies.pop().expect("the third");
        inside.ban("1");
        for mut body in bodies {
            let broken = body
                .data()
                .await
                .expect("no end")
                .expect_err("it breaks off");
            assert!(broken.is_reset(), "{broken}");
        }
        // The connection goes on, and so does the stream of somebody else.
        let whole = client_get(&client, "4").await;
        assert_eq!(whole, 200);
        inside.ban("4");
        let broken = stays
            .data()
            .await
            .expect("no end")
            .expect_err("it breaks off");
        assert!(broken.is_reset(), "{broken}");
    });
}

async fn client_get(client: &Client, subject: &str) -> u16 {
    let request = hyper::Request::get("http://gateway.test/whole").header(
        "authorization",
        format!("Bearer {}", token::access(subject)),
    );
    let mut exchange = client.begin(request.body(()).expect("a request")).await;
    exchange.end();
    exchange.head().await.expect("a response").status().as_u16()
}
