//! HTTP/2 towards the clients: the same gateway, and limits of its own.

use bytes::Bytes;
use http_body_util::Full;

use crate::harness::{
    Gate, Gateway, Request, Upstream,
    http2::{CONTINUATION, DATA, END_STREAM, Frames, GOAWAY, HEADERS, Http2, RST_STREAM, literals},
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

#[test]
fn requests_that_are_opened_and_reset_end_the_connection() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"")
    });
    let gateway = Gateway::before(&upstream)
        .section("limits", "{ http2: { resets: 50 } }")
        .start();
    let mut frames = Frames::connect(gateway.address);
    for index in 0..2000 {
        let stream = index * 2 + 1;
        if frames.request(stream, END_STREAM, &GET).is_err()
            || frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]).is_err()
        {
            break;
        }
    }
    while frames.frame().is_some() {}
    gate.open();
    assert_eq!(gateway.get("/public/b").status, 200);
}

#[test]
fn a_header_list_without_end_ends_the_connection() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut frames = Frames::connect(gateway.address);
    frames
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    let more = literals(&[("x-more", &"a".repeat(1000))]);
    while frames.send(CONTINUATION, 0, 1, &more).is_ok() {}
    let mut frames = Frames::connect(gateway.address);
    frames
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    while frames.send(CONTINUATION, 0, 1, &[]).is_ok() {}
    assert_eq!(gateway.get("/public/b").status, 200);
}

#[test]
fn too_many_header_lines_are_431() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let client = Http2::connect(gateway.address);
    let mut request = Http2::request("GET", "/public/a");
    for index in 0..150 {
        request = request.header(format!("x-{index}"), "a");
    }
    assert_eq!(client.send(request, b"").status, 431);
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_connection_of_http2_that_says_nothing_is_closed() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ header_timeout: 300ms, idle_timeout: 600ms }")
        .start();
    let mut silent = Frames::connect(gateway.address);
    silent.ends_with_goaway();
    let mut begun = Frames::connect(gateway.address);
    begun
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    begun.ends_with_goaway();
    let mut used = Frames::connect(gateway.address);
    used.request(1, END_STREAM, &GET).expect("a request");
    assert!(used.ends_with_goaway());
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let upstream = Upstream::answering(|_, wire| wire.respond(200, &[], &vec![b'a'; 300_000]));
    let gateway = Gateway::before(&upstream)
        .section("limits", "{ idle_timeout: 500ms }")
        .start();
    // SETTINGS_INITIAL_WINDOW_SIZE of 1.
    let mut frames = Frames::with_settings(gateway.address, &[0, 4, 0, 0, 0, 1]);
    frames.request(1, END_STREAM, &GET).expect("a request");
    while frames.frame().is_some() {}
    upstream.wait_for_close(0);
}

#[test]
fn the_drain_finishes_streams_and_says_goaway() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"late")
    });
    let mut gateway = Gateway::before(&upstream).start();
    let mut frames = Frames::connect(gateway.address);
    frames.request(1, END_STREAM, &GET).expect("a request");
    upstream.wait_for("the request", |_| true);
    gateway.sigterm();
    while frames.frame().expect("a frame").kind != GOAWAY {}
    gate.open();
    let mut answered = false;
    while let Some(frame) = frames.frame() {
        answered |= frame.kind == DATA && frame.payload == b"late";
    }
    assert!(answered);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn a_client_that_does_not_confirm_the_goodbye_holds_up_no_drain() {
    let mut gateway = Gateway::before(&Upstream::start())
        .section("shutdown", "{ deadline: 5m, idle: 100ms }")
        .start();
    let mut used = Frames::connect(gateway.address);
    used.request(1, END_STREAM, &GET).expect("a request");
    assert_eq!(used.frame_of(1).expect("an answer").kind, HEADERS);
    let mut unused = Frames::connect(gateway.address);
    unused.frame().expect("settings");
    gateway.sigterm();
    assert!(used.ends_with_goaway());
    assert!(unused.ends_with_goaway());
    assert_eq!(gateway.exit_code(), Some(0));
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
