//! Requests and responses on their way: framing, streaming, keep-alive.

use crate::harness::{After, Gate, Gateway, Request, Upstream, token};

#[test]
fn one_connection_carries_one_request_after_another() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for index in 0..20 {
        let response = connection.send(&Request::post("/public/a").body(format!("body {index}")));
        assert_eq!(
            (response.version.as_str(), response.status),
            ("HTTP/1.1", 200)
        );
        assert_eq!(response.header("connection"), None);
    }
    assert_eq!(upstream.connections(), 1);
    assert_eq!(upstream.seen()[19].body, b"body 19");
}

#[test]
fn a_client_that_wants_to_close_is_closed() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut connection = gateway.client().connect();
    let response = connection.send(&Request::get("/public/a").header("Connection", "close"));
    assert_eq!(
        (response.status, response.header("connection")),
        (200, Some("close"))
    );
    assert!(connection.ends());
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let upstream =
        Upstream::answering(|seen, wire| wire.respond(200, &[], seen.target().as_bytes()));
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    let requests = [
        "/public/1",
        "/guarded",
        "/public/2",
        "/public/3",
        "/public/a//b",
    ];
    let bytes: Vec<u8> = requests
        .iter()
        .flat_map(|path| Request::get(path).bytes())
        .collect();
    connection.write(bytes);
    let answers: Vec<(u16, String)> = requests
        .iter()
        .map(|_| {
            let response = connection.response();
            (response.status, response.text())
        })
        .collect();
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 401, 200, 200, 400]);
    assert_eq!(
        [&answers[0].1, &answers[2].1, &answers[3].1],
        ["/public/1", "/public/2", "/public/3"]
    );
    assert!(connection.ends());
}

#[test]
fn a_response_streams_while_the_upstream_is_still_at_it() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        held.pass();
        wire.send(b"4\r\nlast\r\n0\r\n\r\n");
        After::Keep
    });
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    assert_eq!(connection.head().status, 200);
    assert_eq!(
        connection.chunk().expect("a chunk").expect("not the last"),
        b"first"
    );
    gate.open();
    assert_eq!(
        connection.chunk().expect("a chunk").expect("not the last"),
        b"last"
    );
    assert_eq!(connection.chunk().expect("a chunk"), None);
}

#[test]
fn an_upload_streams_while_the_client_is_still_at_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection
        .write("POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 9\r\n\r\nfirst");
    upstream.wait_for("the first bytes", |seen| seen.body == b"first");
    connection.write("last");
    assert_eq!(connection.response().status, 200);
    assert_eq!(upstream.only().body, b"firstlast");
}

#[test]
fn chunked_bodies_pass_both_ways() {
    let upstream = Upstream::answering(|seen, wire| {
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        wire.send(
            format!(
                "{:x}\r\n{}\r\n0\r\n\r\n",
                seen.body.len(),
                String::from_utf8_lossy(&seen.body)
            )
            .as_bytes(),
        );
        After::Keep
    });
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for _ in 0..3 {
        connection.write(
            "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        connection.write("3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\n\r\n");
        let response = connection.response();
        assert_eq!(
            (response.text().as_str(), response.whole),
            ("abc0123456789", true)
        );
        assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    }
    assert_eq!(upstream.seen()[2].values("transfer-encoding"), ["chunked"]);
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn the_chunked_body_of_a_get_is_not_lost() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for method in ["GET", "HEAD", "DELETE"] {
        connection.write(format!(
            "{method} /public/a HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        ));
        connection.write("5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(connection.response_to(method).status, 200, "{method}");
    }
    for seen in upstream.seen() {
        assert_eq!(seen.body, b"hello", "{}", seen.request_line());
        assert_eq!(seen.values("transfer-encoding"), ["chunked"]);
    }
    assert_eq!(upstream.seen().len(), 3);
}

#[test]
fn a_response_until_the_end_of_its_connection_is_whole() {
    let upstream = Upstream::saying("HTTP/1.1 200 OK\r\n\r\nuntil the end", After::Close);
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.get("/public/a");
    assert_eq!(
        (response.text().as_str(), response.whole),
        ("until the end", true)
    );
}

#[test]
fn bodies_pass_byte_for_byte() {
    let all: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let expected = all.clone();
    let upstream = Upstream::answering(|seen, wire| wire.respond(200, &[], &seen.body));
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.send(&Request::post("/public/a").body(all));
    assert!(response.body == expected);
}

#[test]
fn a_head_response_keeps_its_length_and_has_no_body() {
    let upstream = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        let response = connection.send(&Request::new("HEAD", "/public/a"));
        assert_eq!(
            (response.status, response.header("content-length")),
            (200, Some("5"))
        );
    }
}

#[test]
fn answers_without_a_body_have_none() {
    for status in ["204 No Content", "304 Not Modified"] {
        let upstream = Upstream::saying(
            format!("HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n"),
            After::Keep,
        );
        let gateway = Gateway::before(&upstream).start();
        let mut connection = gateway.client().connect();
        for _ in 0..2 {
            let response = connection.send(&Request::get("/public/a"));
            assert_eq!(Some(response.status), status[..3].parse().ok());
            assert_eq!(response.header("etag"), Some("\"x\""));
            assert_eq!(response.header("transfer-encoding"), None);
        }
        assert_eq!(upstream.connections(), 1);
    }
}

#[test]
fn an_old_client_gets_a_body_without_chunks_and_a_close() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let upstream = Upstream::saying(chunked, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write("GET /public/a HTTP/1.0\r\n\r\n");
    let response = connection.response();
    assert_eq!((response.status, response.text().as_str()), (200, "hello"));
    assert_eq!(response.header("transfer-encoding"), None);
    let seen = upstream.only();
    assert_eq!(seen.request_line(), "GET /public/a HTTP/1.1");
    assert_eq!(seen.values("host"), [upstream.address().to_string()]);
}

#[test]
fn an_old_client_may_keep_its_connection() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        connection.write(
            "GET /public/a HTTP/1.0\r\nHost: gateway.test\r\nConnection: keep-alive\r\n\r\n",
        );
        assert_eq!(connection.response().status, 200);
    }
}

#[test]
fn a_body_is_asked_for_only_once_its_request_is_allowed() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let head = |authorization: &str| {
        format!(
            "POST /items HTTP/1.1\r\nHost: gateway.test\r\n{authorization}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut refused = gateway.client().connect();
    refused.write(head(""));
    assert_eq!(refused.head().status, 401);
    assert!(upstream.seen().is_empty());

    let mut allowed = gateway.client().connect();
    allowed.write(head(&format!(
        "Authorization: Bearer {}\r\n",
        token::access("7")
    )));
    assert_eq!(allowed.head().status, 100);
    allowed.write("body");
    assert_eq!(allowed.response().status, 200);
    let seen = upstream.only();
    assert_eq!(seen.body, b"body");
    assert!(seen.values("expect").is_empty());
}

#[test]
fn an_interim_answer_of_the_upstream_is_not_the_answer() {
    let answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let upstream = Upstream::saying(answer, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.get("/public/a");
    assert_eq!((response.status, response.text().as_str()), (200, "ok"));
}

#[test]
fn statuses_and_headers_of_the_upstream_pass_in_their_order() {
    let answer = "HTTP/1.1 418 Teapot\r\nSet-Cookie: a=1\r\nX-One: 1\r\nSet-Cookie: b=2\r\nX-Two: é\r\nContent-Length: 0\r\n\r\n";
    let upstream = Upstream::saying(answer, After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.get("/public/a");
    assert_eq!(response.status, 418);
    assert_eq!(response.values("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(
        (response.header("x-one"), response.header("x-two")),
        (Some("1"), Some("é"))
    );
    assert_eq!(response.header("www-authenticate"), None);
}

#[test]
fn a_refusal_does_not_wait_for_the_body() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(
        "POST /guarded HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100000000\r\n\r\nsome",
    );
    assert_eq!(connection.response().status, 401);
}
