//! Bodies that are malformed, and connections that end with something unread.

use crate::harness::{After, Gateway, Request, Upstream, wait_until};

const HEAD: &str =
    "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_malformed_chunk_is_400_and_nothing_reaches_the_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for chunk in [
        "5\n",
        "0x5\r\n",
        "5;a\0\r\n",
        "-1\r\n",
        "5\r\nabcdefg\r\n0\r\n\r\n",
        "0\r\nX\n\r\n",
    ] {
        let mut connection = gateway.client().connect();
        connection.write(format!(
            "{HEAD}{chunk}GET /public/b HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
        ));
        let response = connection.response();
        assert_eq!(response.status, 400, "{chunk:?}");
        assert_eq!(response.header("connection"), Some("close"), "{chunk:?}");
        assert!(connection.ends(), "{chunk:?}");
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
    let lines = gateway.access_lines(6);
    assert!(
        lines.iter().all(|line| line["outcome"] == "bad_framing"),
        "{lines:?}"
    );
}

#[test]
fn a_chunk_that_turns_out_malformed_is_never_a_whole_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(format!("{HEAD}3\r\nabc\r\n"));
    upstream.wait_for("the head", |_| true);
    connection.write("zzz\r\n");
    assert_eq!(connection.response().status, 400);
    assert!(connection.ends());
    upstream.wait_for_close(0);
    assert!(upstream.seen().iter().all(|seen| !seen.whole));
    assert_eq!(gateway.outcome("/public/a"), "bad_framing");
}

#[test]
fn the_answer_to_an_early_refusal_survives_the_rest_of_the_body() {
    let upstream = Upstream::saying("", After::Keep);
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    let body = vec![b'a'; 600_000];
    connection.write(Request::post("/private/a").body(body).bytes());
    let response = connection.response();
    assert_eq!(response.status, 401);
    assert!(upstream.seen().is_empty());
}

#[test]
fn nothing_of_a_body_is_asked_for_before_its_request_is_authorised() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    let expecting = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: gateway.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
    };
    connection.write(expecting("/public/a"));
    assert_eq!(connection.head().status, 100);
    connection.write("abc");
    assert_eq!(connection.response().status, 200);
    assert_eq!(upstream.only().body, b"abc");
    connection.write(expecting("/private/a"));
    assert_eq!(connection.head().status, 401);
}

#[test]
fn a_client_that_is_refused_in_its_upload_learns_that_its_connection_ends() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for (framing, begun) in [
        ("Content-Length: 5", ""),
        ("Content-Length: 5", "hell"),
        ("Content-Length: 5\r\nExpect: 100-continue", ""),
        ("Transfer-Encoding: chunked", ""),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
    ] {
        let mut connection = gateway.client().connect();
        connection.write(format!(
            "POST /private/a HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n{begun}"
        ));
        let answer = connection.response();
        assert_eq!(answer.status, 401, "{framing:?} {begun:?}");
        let told = answer.header("connection");
        assert_eq!(told, Some("close"), "{framing:?} {begun:?}");
        assert!(connection.ends(), "{framing:?} {begun:?}");
    }
}

#[test]
fn what_is_answered_without_a_look_at_its_body_says_when_its_connection_ends() {
    let gateway = Gateway::before(&Upstream::start()).start();
    for (framing, body, ends) in [
        ("Content-Length: 5", "hello", false),
        ("Content-Length: 5", "hell", true),
        (
            "Transfer-Encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
            true,
        ),
    ] {
        let mut connection = gateway.client().connect();
        connection.write(format!(
            "OPTIONS * HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n{body}"
        ));
        let answer = connection.response();
        let told = answer.header("connection");
        assert_eq!(
            (answer.status, told),
            (204, ends.then_some("close")),
            "{framing:?}"
        );
        assert!(!ends || connection.ends(), "{framing:?} {body:?}");
    }
}

#[test]
fn a_refused_request_that_has_come_whole_keeps_its_connection() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for length in [1, 2000] {
        let refused = Request::post("/private/a").body(vec![b'a'; length]);
        let answer = connection.send(&refused);
        assert_eq!((answer.status, answer.header("connection")), (401, None));
        // The next request has come along with it.
        let next = Request::get("/public/a").bytes();
        connection.write([refused.bytes(), next].concat());
        let answer = connection.response();
        assert_eq!((answer.status, answer.header("connection")), (401, None));
        assert_eq!(connection.response().status, 200);
    }
    assert_eq!(upstream.seen().len(), 2);
}

#[test]
fn a_refused_upload_may_be_sent_to_its_end_before_its_answer_is_read() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    // More than the system's buffers hold.
    let body = vec![b'a'; 32 * 1024 * 1024];
    connection.write(Request::post("/private/a").body(body).bytes());
    assert_eq!(connection.response().status, 401);
    assert!(connection.ends());
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_client_that_pauses_in_a_refused_upload_does_not_keep_its_connection() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    let head = Request::post("/private/a").header("Content-Length", "1000000");
    connection.write(head.bytes());
    assert_eq!(connection.response().status, 401);
    wait_until("the connection is gone", || {
        let metrics = gateway.ask("/metrics").text();
        metrics.lines().any(|line| line == "sidegate_connections 0")
    });
}
