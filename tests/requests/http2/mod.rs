//! HTTP/2 towards the clients: the same gateway, and limits of its own.

mod ending;
mod refused;

use bytes::Bytes;
use http_body_util::Full;

use crate::harness::{
    Gateway, Request, Upstream,
    http2::{DATA, END_STREAM, Frames, HEADERS, Http2},
    token, wait_until,
};

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "gateway.test"),
    (":path", "/public/a"),
];

fn with(fields: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&GET[..], fields].concat()
}

#[test]
fn a_request_of_http2_reaches_the_upstream_as_one_of_http1() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let client = Http2::connect(gateway.address);
    let request = Http2::request("GET", "/private/%61?b=c")
        .header("authorization", format!("Bearer {}", token::access(5)))
        .header("cookie", "a=b")
        .header("cookie", "c=d")
        .header("te", "trailers")
        .header("x-user-id", "7");
    let answer = client.send(request, b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, br#"{"from":"upstream"}"#);
    assert!(!answer.headers.contains_key("connection"));
    let seen = upstream.only();
    assert_eq!(seen.request_line(), "GET /private/a?b=c HTTP/1.1");
    assert_eq!(seen.values("host"), ["gateway.test"]);
    assert_eq!(seen.values("cookie"), ["a=b; c=d"]);
    assert_eq!(seen.values("x-user-id"), ["5"]);
    assert!(seen.values("te").is_empty());
    assert_eq!(
        client.send(Http2::request("GET", "/private/b"), b"").status,
        401
    );
}

#[test]
fn bodies_go_both_ways_and_trailers_stay_behind() {
    let upstream = Upstream::answering(|seen, wire| wire.respond(200, &[], &seen.body));
    let gateway = Gateway::before(&upstream).start();
    let client = Http2::connect(gateway.address);
    let body = vec![b'x'; 1_000_000];
    let answer = client.send(Http2::request("POST", "/public/a"), &body);
    assert_eq!((answer.status, answer.body.len()), (200, body.len()));
    let answer = client.send(
        Http2::request("POST", "/auth/token/verify").header("content-type", "application/json"),
        br#"{"token":"x"}"#,
    );
    assert_eq!(answer.status, 200);
}

#[test]
fn many_requests_share_a_connection() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let client = Http2::connect(gateway.address);
    let request = |index: usize| {
        Http2::request("GET", &format!("/public/{index}"))
            .body(Full::<Bytes>::default())
            .expect("a request")
    };
    let answers = client.send_all((0..300).map(request).collect());
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(upstream.seen().len(), 300);
}

#[test]
fn ordinary_trailers_of_a_request_are_taken() {
    let upstream = Upstream::answering(|seen, wire| wire.respond(200, &[], &seen.body));
    let gateway = Gateway::before(&upstream).start();
    let mut frames = Frames::connect(gateway.address);
    let mut list = GET;
    list[0].1 = "POST";
    frames.request(1, 0, &list).expect("a request");
    frames.send(DATA, 0, 1, b"abc").expect("a body");
    let trailers = [("x-checksum", ":1")];
    frames.request(1, END_STREAM, &trailers).expect("trailers");
    assert_eq!(frames.frame_of(1).expect("an answer").kind, HEADERS);
    assert_eq!(frames.frame_of(1).expect("a body").payload, b"abc");
}

#[test]
fn a_scheme_says_nothing_about_the_connection() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for scheme in ["https", "ftp"] {
        let mut list = GET;
        list[1].1 = scheme;
        let mut frames = Frames::connect(gateway.address);
        frames.request(1, END_STREAM, &list).expect("a request");
        assert_eq!(frames.frame_of(1).expect("an answer").kind, HEADERS);
    }
    let seen = upstream.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.values("x-forwarded-proto") == ["http"])
    );
}

#[test]
fn a_listener_may_speak_one_version_alone() {
    let upstream = Upstream::start();
    let only = |protocols: &str| {
        let listeners = format!("[{{ address: \"127.0.0.1:0\", protocols: [{protocols}] }}]");
        Gateway::before(&upstream)
            .section("listeners", &listeners)
            .start()
    };
    let http1 = only("http1");
    assert_eq!(http1.get("/public/a").status, 200);
    let response = http1.client().raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(response.status, 505);
    let http2 = only("h2");
    let client = Http2::connect(http2.address);
    assert_eq!(
        client.send(Http2::request("GET", "/public/a"), b"").status,
        200
    );
    let mut connection = http2.client().connect();
    let _ = connection.try_write(Request::get("/public/a").bytes());
    wait_until("the end of the connection", || {
        !matches!(connection.try_head(), Ok(Some(_)))
    });
    assert!(!client.is_closed());
}
