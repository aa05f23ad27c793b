//! Upstreams that answer before they have read the request's body.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use http::{Request as Http2Request, Response as Http2Response};

use crate::harness::{
    Gateway, Request, Response, Setup, Watch,
    client::Connection,
    streams::{Origin, Setup as OriginSetup, run_in_time},
    upload::{Sending, Upload},
};

const MIB: usize = 1024 * 1024;

/// More than all buffers on the way hold.
const BODY: usize = 8 * MIB;

const ANSWER: &[u8] = b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large";

/// An upstream that plays this on each connection after the head of a request.
fn upstream(play: impl Fn(&mut TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let play = play.clone();
            thread::spawn(move || {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        return;
                    }
                    head.push(byte[0]);
                }
                play(&mut stream);
            });
        }
    });
    address
}

fn before(address: SocketAddr, settings: &str) -> Gateway {
    let url = format!("http://{address}");
    let upstreams = format!("{{ api: {{ endpoints: [\"{url}\"]{settings} }} }}");
    let setup = Setup::before_url(&url).section("upstreams", &upstreams);
    setup.start()
}

fn say(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("the gateway reads");
}

/// The same body by its length and in chunks.
fn uploads() -> [Vec<u8>; 2] {
    let head = "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\n";
    let long = vec![b'x'; BODY];
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in long.chunks(MIB) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let length = format!("{head}Content-Length: {BODY}\r\n\r\n");
    [[length.as_bytes(), &long].concat(), chunked]
}

/// Sends as clients do that only read when something comes; what cannot be sent is not missed.
fn upload(gateway: &Gateway, bytes: Vec<u8>) -> (Connection, Response) {
    let mut connection = gateway.client().connect();
    let mut writer = connection.stream().try_clone().expect("a socket");
    let writing = thread::spawn(move || drop(writer.write_all(&bytes)));
    let response = connection.response_to("POST");
    writing.join().expect("no panic");
    (connection, response)
}

/// What the client has to get, whenever the break comes.
#[track_caller]
fn check(gateway: &Gateway) {
    // A race is not lost the first time.
    for round in 0..10 {
        for bytes in uploads() {
            let (_, response) = upload(gateway, bytes);
            let said = (response.status, response.text());
            assert_eq!(said, (413, "too large".to_owned()), "round {round}");
        }
    }
    let last = gateway.access_lines(20);
    assert!(last.iter().all(|line| line["status"] == 413), "{last:?}");
}

#[test]
fn an_upstream_that_answers_and_closes_unread_is_no_502() {
    // Closing a socket with unread bytes resets it.
    check(&before(upstream(|stream| say(stream, ANSWER)), ""));
}

#[test]
fn an_upstream_that_answers_and_closes_in_the_body_is_no_502() {
    let address = upstream(|stream| {
        drop(stream.read_exact(&mut vec![0; MIB]));
        say(stream, ANSWER);
    });
    check(&before(address, ""));
}

#[test]
fn an_upstream_that_closes_unread_without_an_answer_is_502() {
    let gateway = before(upstream(|_| {}), "");
    for bytes in uploads() {
        assert_eq!(upload(&gateway, bytes).1.status, 502);
    }
    assert_eq!(gateway.outcome("/public/a"), "upstream_closed");
}

#[test]
fn a_request_goes_on_after_its_answer_as_long_as_the_upstream_reads() {
    let arrived = Watch::new(0);
    let counted = arrived.clone();
    let address = upstream(move |stream| {
        say(
            stream,
            b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
        );
        let mut piece = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            counted.change(|sum| *sum += count);
        }
    });
    let gateway = before(address, "");
    let [length, _] = uploads();
    let (mut connection, response) = upload(&gateway, length);
    assert_eq!(response.status, 202);
    arrived.wait_for("the rest of the body", |sum| *sum == BODY);
    // Both sides know where the body ended.
    assert_eq!(connection.send(&Request::get("/public/b")).status, 202);
}

#[test]
fn an_upstream_that_answers_and_reads_no_more_is_given_up() {
    let ended = Watch::new(false);
    let tell = ended.clone();
    let address = upstream(move |stream| {
        say(stream, ANSWER);
        // What it does not take it cannot read: the end shows as an error of a write.
        while stream.write_all(b"x").is_ok() {
            thread::yield_now();
        }
        tell.change(|ended| *ended = true);
    });
    let gateway = before(address, ", response_timeout: 200ms");
    let [length, _] = uploads();
    let (mut connection, response) = upload(&gateway, length);
    assert_eq!(response.status, 413);
    ended.wait_for("the gateway to give the upstream up", |ended| *ended);
    assert!(connection.ends());
}

#[test]
fn a_client_of_http_2_gets_the_early_answer_and_may_send_its_body_to_the_end() {
    let gateway = before(upstream(|stream| say(stream, ANSWER)), "");
    for round in 0..10 {
        let mut upload = Upload::begin(gateway.address, "/public/a", &[]);
        assert_eq!(upload.send_all(MIB), Sending::Open, "round {round}");
        upload.hear();
        assert_eq!(upload.settle(), Sending::Open);
        assert!(!upload.is_reset(), "round {round}: {:?}", upload.answer);
        assert_eq!(upload.body(), b"too large", "round {round}");
    }
    assert!(
        gateway
            .access_lines(10)
            .iter()
            .all(|line| line["status"] == 413)
    );
}

#[test]
fn an_upstream_of_http_2_may_answer_early_and_reset_without_an_error() {
    let origin = Origin::answering(OriginSetup::default(), async |mut arrived| {
        let head = Http2Response::builder()
            .status(413)
            .body(())
            .expect("a head");
        let mut body = arrived.respond.send_response(head, false).expect("sent");
        body.send_data("too large".into(), true).expect("sent");
        // The library resets the stream with NO_ERROR when nobody will read the rest of the request.
    });
    let gateway = before(origin.address(), ", protocol: http2");
    check(&gateway);
    run_in_time(async {
        let client = crate::harness::streams::Client::connect(gateway.address).await;
        let uri = format!("http://{}/public/a", gateway.address);
        let request = Http2Request::post(uri).body(()).expect("a request");
        let mut exchange = client.begin(request).await;
        exchange.send(vec![b'x'; 1000]);
        let mut response = exchange.head().await.expect("a response");
        assert_eq!(response.status(), 413);
        let (body, _) = response.body_mut().whole().await.expect("a body");
        assert_eq!(body, b"too large");
    });
}
