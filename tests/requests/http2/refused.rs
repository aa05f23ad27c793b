//! What HTTP/2 allows to be written and no request may be: refused, told and counted.

use super::{GET, with};
use crate::harness::{
    Gate, Gateway, Upstream,
    http2::{DATA, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM},
    wait_until,
};

/// Header lists that no request of HTTP/1.1 can have.
fn impossible() -> Vec<Vec<(&'static str, &'static str)>> {
    let without = |name: &str| {
        GET.into_iter()
            .filter(|(field, _)| *field != name)
            .collect::<Vec<_>>()
    };
    let replaced = |name: &'static str, value: &'static str| {
        GET.map(|(field, old)| {
            if field == name {
                (field, value)
            } else {
                (field, old)
            }
        })
        .to_vec()
    };
    vec![
        with(&[("connection", "close")]),
        with(&[("connection", "x-user-id")]),
        with(&[("keep-alive", "timeout=5")]),
        with(&[("proxy-connection", "keep-alive")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "websocket")]),
        with(&[("te", "gzip")]),
        with(&[("X-Upper", "a")]),
        with(&[("x-line", "a\r\nX-User-Id: 1")]),
        with(&[("x-line", "a\nb")]),
        with(&[("x-nul", "a\0b")]),
        with(&[("x-space", " a")]),
        with(&[("x-space", "a ")]),
        with(&[("x-space", "a\t")]),
        with(&[("authorization", " Bearer a")]),
        with(&[("te", "trailers, gzip")]),
        with(&[(":protocol", "websocket")]),
        with(&[(":status", "200")]),
        with(&[("x-late", "a"), (":method", "GET")]),
        replaced(":scheme", ""),
        replaced(":scheme", "ht tp"),
        with(&[("x name", "a")]),
        with(&[("x:name", "a")]),
        with(&[("x\"name", "a")]),
        with(&[("", "a")]),
        with(&[(":path", "/public/b")]),
        with(&[(":unknown", "a")]),
        with(&[("host", "other.test")]),
        with(&[("host", "gateway.test"), ("host", "gateway.test")]),
        with(&[("content-length", "5")]),
        with(&[("content-length", "+0")]),
        with(&[("content-length", "0"), ("content-length", "5")]),
        [&[("x-early", "a")][..], &GET].concat(),
        without(":method"),
        without(":scheme"),
        without(":path"),
        without(":authority"),
        replaced(":path", ""),
        replaced(":path", "public/a"),
        replaced(":path", "http://gateway.test/public/a"),
        replaced(":path", "*"),
        replaced(":path", "/public/../private"),
        replaced(":path", "/public/a b"),
        replaced(":path", "/public/a?\u{e9}"),
        replaced(":path", "/public/a?\u{7f}"),
        replaced(":path", "/public/a?<"),
        replaced(":path", "/public/a HTTP/1.1\r\nX-User-Id: 1\r\n\r\n"),
        replaced(":method", "GET / HTTP/1.1"),
        replaced(":method", "get"),
        replaced(":method", ""),
        replaced(":method", "CONNECT"),
        replaced(":authority", "gateway.test/private"),
        replaced(":authority", "user@gateway.test"),
        replaced(":authority", "gateway.test:80x"),
        replaced(":authority", ""),
    ]
}

#[test]
fn what_http1_has_no_room_for_is_refused_and_reaches_no_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for list in impossible() {
        let mut frames = Frames::connect(gateway.address);
        frames.request(1, END_STREAM, &list).expect("a request");
        let answer = frames.frame_of(1);
        let refused = answer.as_ref().is_none_or(|frame| match frame.kind {
            RST_STREAM | GOAWAY => true,
            // An indexed `:status` of 400, or another that is spelled out.
            HEADERS => {
                frame.payload.first() == Some(&0x8C)
                    || frame.payload.windows(3).any(|part| part == b"421")
            }
            _ => false,
        });
        assert!(refused, "{list:?}: {answer:?}");
        assert!(
            upstream.seen().is_empty(),
            "{list:?}: {:?}",
            upstream.seen()
        );
    }
}

/// The names of requests that were refused before they were requests.
fn outcomes(gateway: &Gateway, count: usize) -> Vec<String> {
    let lines = gateway.access_lines(count);
    let outcome = |line: &serde_json::Value| line["outcome"].as_str().unwrap_or("").to_owned();
    lines.iter().map(outcome).collect()
}

#[test]
fn a_malformed_stream_has_a_line_in_the_log_and_is_counted() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut frames = Frames::connect(gateway.address);
    for (stream, field) in [(1, ("te", "gzip")), (3, ("connection", "close"))] {
        let list = with(&[field]);
        frames
            .request(stream, END_STREAM, &list)
            .expect("a request");
        let answer = frames.frame_of(stream).expect("an answer");
        assert_eq!(
            (answer.kind, answer.payload),
            (RST_STREAM, vec![0, 0, 0, 1])
        );
    }
    // The others of its connection go on, and are no refusals.
    frames.request(5, END_STREAM, &GET).expect("a request");
    assert_eq!(frames.frame_of(5).expect("an answer").kind, HEADERS);
    assert_eq!(
        outcomes(&gateway, 3),
        ["bad_stream", "bad_stream", "forwarded"]
    );
    let metrics = gateway.ask("/metrics").text();
    let series = "sidegate_connection_refusals_total{reason=\"bad_request\"} 2";
    assert!(metrics.contains(series), "{metrics}");
}

#[test]
fn trailers_with_a_pseudo_header_end_the_connection() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"")
    });
    let gateway = Gateway::before(&upstream).start();
    for (name, path) in [(":method", "GET"), (":path", "/private"), (":x", "a")] {
        let mut frames = Frames::connect(gateway.address);
        let mut list = GET;
        list[0].1 = "POST";
        frames.request(1, 0, &list).expect("a request");
        frames.send(DATA, 0, 1, b"abc").expect("a body");
        let _ = frames.request(1, END_STREAM, &[(name, path)]);
        let answer = frames.frame_of(1);
        let answered = answer.as_ref().is_some_and(|frame| frame.kind == HEADERS);
        assert!(!answered, "{name}: {answer:?}");
    }
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
    gate.open();
    assert!(
        outcomes(&gateway, 3)
            .iter()
            .any(|outcome| outcome == "bad_stream")
    );
}

#[test]
fn a_frame_that_breaks_the_rules_ends_the_connection_and_is_counted() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut frames = Frames::connect(gateway.address);
    // DATA on the connection itself.
    frames.send(DATA, 0, 0, b"abc").expect("a frame");
    assert!(frames.ends_with_goaway());
    wait_until("the counter", || {
        let series = "sidegate_connection_refusals_total{reason=\"bad_request\"} 1";
        gateway.ask("/metrics").text().contains(series)
    });
}

#[test]
fn a_fragment_is_neither_matched_nor_forwarded() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for path in ["/public/a#/../../private", "/private/a#/public/"] {
        let mut list = GET;
        list[3].1 = path;
        let mut frames = Frames::connect(gateway.address);
        frames.request(1, END_STREAM, &list).expect("a request");
        frames.frame_of(1).expect("an answer");
    }
    let seen = upstream.only();
    assert_eq!(seen.request_line(), "GET /public/a HTTP/1.1");
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_is_no_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let post = |length: &'static str| {
        let mut list = GET.to_vec();
        list[0].1 = "POST";
        list.push(("content-length", length));
        list
    };
    for (length, body) in [
        ("5", "abc"),
        ("1", "abc"),
        ("0", "GET /private HTTP/1.1\r\n\r\n"),
    ] {
        let mut frames = Frames::connect(gateway.address);
        frames.request(1, 0, &post(length)).expect("a request");
        let _ = frames.send(DATA, END_STREAM, 1, body.as_bytes());
        let answer = frames.frame_of(1);
        let kind = answer.as_ref().map(|frame| frame.kind);
        let refused = answer
            .as_ref()
            .is_none_or(|frame| frame.kind != HEADERS || frame.payload.first() == Some(&0x8C));
        assert!(refused, "{length}: {kind:?} {answer:?}");
    }
    assert!(
        upstream.seen().iter().all(|seen| seen.body.len() < 4),
        "{:?}",
        upstream.seen()
    );
}
