//! What an upstream may answer, and what of it goes on.

use std::{io::Write, thread, time::Duration};

use http::Response as Http2Response;
use sidegate::clock::Clock;

use crate::harness::{
    After, Gateway, Request, Setup, Upstream, Watch,
    streams::{Origin, Setup as OriginSetup},
};

/// Requests without and with a body go to the upstream in different ways.
fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

fn before(url: &str, settings: &str) -> Gateway {
    let upstreams = format!("{{ api: {{ endpoints: [\"{url}\"]{settings} }} }}");
    Setup::before_url(url)
        .section("upstreams", &upstreams)
        .start()
}

/// The status and the outcome of each of [`both`], and whether the connections to the upstream were kept.
#[track_caller]
fn answers(said: &str) -> Vec<(u16, String, usize)> {
    let upstream = Upstream::saying(said, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let answers = both("/public/a").into_iter().enumerate();
    let answers = answers.map(|(index, request)| {
        let status = gateway.send(&request).status;
        let line = gateway.access_lines(index + 1)[index].clone();
        (status, line["outcome"].to_string(), upstream.connections())
    });
    answers.collect()
}

#[test]
fn a_response_that_could_be_read_in_two_ways_is_502_and_its_connection_is_closed() {
    for head in [
        "200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
        "200 OK\r\nContent-Length: 2, 2\r\n",
        "200 OK\r\nContent-Length: +2\r\n",
        "200 OK\r\nContent-Length:\r\n",
        "200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
        "200 OK\r\nTransfer-Encoding: identity\r\n",
        "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "200 OK\nContent-Length: 2\r\n",
        "200 OK\r\nServer: a\nContent-Length: 2\r\n",
        "200 OK\r\nContent-Length: 2\n",
        "200 OK\r\nServer: a\r\n folded\r\nContent-Length: 2\r\n",
        "200 OK\r\nServer: a\0b\r\nContent-Length: 2\r\n",
        "200 OK\r\nServer: a\rb\r\nContent-Length: 2\r\n",
        "200 OK\r\nContent-Length : 2\r\n",
        "200 OK\r\n Content-Length: 2\r\n",
        "103 Early Hints\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "600 Odd\r\nContent-Length: 2\r\n",
        "999 Odd\r\nContent-Length: 2\r\n",
        "099 Odd\r\nContent-Length: 2\r\n",
        "000 Odd\r\nContent-Length: 2\r\n",
        "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n",
    ] {
        let said = format!("HTTP/1.1 {head}\r\n2\r\nok\r\n0\r\n\r\n");
        let outcome = "\"upstream_not_http\"".to_owned();
        assert_eq!(
            answers(&said),
            [(502, outcome.clone(), 1), (502, outcome, 2)],
            "{said:?}"
        );
    }
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(answers(old).iter().all(|(status, ..)| *status == 502));
}

#[test]
fn the_log_says_what_was_wrong_with_a_status() {
    let upstream = Upstream::saying("HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", After::Keep);
    let gateway = Gateway::before(&upstream).start();
    for (index, request) in both("/public/a").iter().enumerate() {
        gateway.send(request);
        let line = gateway.access_lines(index + 1)[index].clone();
        let reason = line["reason"].as_str().expect("a reason");
        assert!(reason.contains("not one of 100 to 599"), "{reason}");
    }
}

#[test]
fn a_length_that_is_said_twice_goes_on_once() {
    let said = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok";
    let upstream = Upstream::saying(said, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    for request in both("/public/a") {
        let response = gateway.send(&request);
        assert_eq!(response.values("content-length"), ["2"], "{request:?}");
        assert_eq!(response.text(), "ok");
    }
}

#[test]
fn a_body_behind_a_204_is_not_the_next_response() {
    let upstream = Upstream::answering(|seen, wire| {
        let injected = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
        if seen.target() == "/public/204" {
            let length = injected.len();
            wire.send(format!("HTTP/1.1 204 No\r\nContent-Length: {length}\r\n\r\n").as_bytes());
            // Later, so that it can only be told by the head.
            wire.send(injected.as_bytes());
            return After::Keep;
        }
        wire.respond(200, &[], b"true")
    });
    let gateway = Gateway::before(&upstream).start();
    for request in both("/public/204") {
        let mut connection = gateway.client().connect();
        let response = connection.send(&request);
        assert_eq!(
            (response.status, response.header("content-length")),
            (204, None)
        );
        for next in both("/public/next") {
            assert_eq!(connection.send(&next).text(), "true");
        }
    }
}

#[test]
fn any_number_of_interim_answers_is_skipped_and_a_flood_is_502() {
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (count, expected) in [(1, 200), (500, 200), (100_000, 502)] {
        let upstream = Upstream::saying(hint.repeat(count) + ok, After::Keep);
        let gateway = Gateway::before(&upstream).start();
        for request in both("/public/a") {
            let response = gateway.send(&request);
            assert_eq!(response.status, expected, "{count} {request:?}");
            assert_eq!(response.header("link"), None);
        }
    }
}

#[test]
fn a_client_is_told_only_once_to_go_on() {
    let said = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let upstream = Upstream::saying(said, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write("POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(connection.head().status, 100);
    connection.write("body");
    assert_eq!(connection.response().status, 200);
    // And none where nobody asked.
    assert_eq!(
        connection
            .send(&Request::post("/public/b").body("x"))
            .status,
        200
    );
}

#[test]
fn trailers_and_extensions_that_drip_for_ever_are_given_up() {
    for beginning in ["2\r\nok\r\n0\r\nX-Trailer: ", "2\r\nok\r\n2;extension="] {
        let ended = Watch::new(0);
        let tell = ended.clone();
        let upstream = Upstream::answering(move |_, wire| {
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            wire.send(beginning.as_bytes());
            let begun = Clock.instant();
            // Much more often than the limit, and for much longer.
            while begun.elapsed() < Duration::from_secs(10) && wire.stream().write_all(b"x").is_ok()
            {
                thread::park_timeout(Duration::from_millis(20));
            }
            if begun.elapsed() < Duration::from_secs(10) {
                tell.change(|ended| *ended += 1);
            }
            After::Close
        });
        let gateway = before(&upstream.url(), ", body_timeout: 300ms");
        for (count, request) in (1..).zip(both("/public/a")) {
            let response = gateway.send(&request);
            assert_eq!(
                (response.status, response.whole),
                (200, false),
                "{request:?}"
            );
            ended.wait_for("the gateway to give it up", |ended| *ended == count);
        }
        assert_eq!(gateway.outcome("/public/a"), "upstream_broke_off");
    }
}

#[test]
fn data_that_drips_is_no_silence() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..20 {
            thread::park_timeout(Duration::from_millis(40));
            wire.send(b"1\r\nx\r\n");
        }
        wire.send(b"0\r\n\r\n");
        After::Keep
    });
    let gateway = before(&upstream.url(), ", body_timeout: 400ms");
    for request in both("/public/a") {
        let response = gateway.send(&request);
        assert_eq!(
            (response.whole, response.body.len()),
            (true, 20),
            "{request:?}"
        );
    }
}

#[test]
fn trailers_without_end_are_given_up() {
    for trailer in ["X-Trailer: some\r\n", "x"] {
        let upstream = Upstream::answering(move |_, wire| {
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n");
            let many = trailer.repeat(1000);
            while wire.stream().write_all(many.as_bytes()).is_ok() {}
            After::Close
        });
        let gateway = Gateway::before(&upstream).start();
        for request in both("/public/a") {
            let response = gateway.send(&request);
            assert!(!response.whole, "{request:?}");
        }
    }
}

#[test]
fn over_http_2_the_same_is_502() {
    for (status, fields) in [
        (600, &[][..]),
        (999, &[]),
        (200, &["2", "2"]),
        (200, &["2", "3"]),
        (200, &["+2"]),
        (200, &["2, 2"]),
        (200, &["3"]),
    ] {
        let origin = Origin::answering(OriginSetup::default(), move |mut arrived| async move {
            let mut head = Http2Response::builder().status(status);
            for length in fields {
                head = head.header("content-length", *length);
            }
            let head = head.body(()).expect("a head");
            let mut body = arrived.respond.send_response(head, false).expect("sent");
            drop(body.send_data("ok".into(), true));
        });
        let gateway = before(&format!("http://{}", origin.address()), ", protocol: http2");
        let mut connection = gateway.client().connect();
        connection.write(Request::get("/public/a").bytes());
        let response = connection.try_head().ok().flatten().map(|mut head| {
            connection.body_of(&mut head, "GET");
            (head.status, head.whole)
        });
        // Where the body is not as long as its head says, the head may have left.
        let refused = matches!(response, Some((502, _)));
        let cut = fields == ["3"] && matches!(response, None | Some((200, false)));
        assert!(refused || cut, "{status} {fields:?}: {response:?}");
    }
}
