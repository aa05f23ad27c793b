//! Requests and responses as they cross: heads, bodies, trailers.

use http::{HeaderMap, Response, Version};

use super::{before, call, echo, fields, knowing};
use crate::harness::{
    Request,
    streams::{Client, Origin, Setup, run_in_time},
    token,
};

/// Answers without a body.
fn plain() -> Origin {
    Origin::answering(Setup::default(), async |mut arrived| {
        let response = Response::builder().header("x-from", "origin");
        let response = response.body(()).expect("a response");
        arrived.respond.send_response(response, true).expect("sent");
    })
}

#[test]
fn a_request_of_http_1_becomes_one_of_http_2() {
    let origin = plain();
    let gateway = knowing(&origin, "");
    let request = Request::get("/items/%7euser?q=a%20b")
        .token(&token::access("42"))
        .header("Connection", "x-hop, keep-alive")
        .header("X-Hop", "1")
        .header("Keep-Alive", "timeout=5")
        .header("TE", "gzip")
        .header("Proxy-Connection", "close")
        .header("X-User-Id", "1");
    let response = gateway.send(&request);
    assert_eq!(
        (response.status, response.header("x-from")),
        (200, Some("origin"))
    );
    let head = origin.heads().remove(0);
    assert_eq!(head.version(), Version::HTTP_2);
    assert_eq!(
        head.uri().to_string(),
        "http://gateway.test/items/~user?q=a%20b"
    );
    assert_eq!(head.headers()["x-user-id"], "42");
    assert_eq!(head.headers().get_all("x-user-id").iter().count(), 1);
    assert_eq!(head.headers()["via"], "1.1 sidegate");
    for gone in [
        "host",
        "connection",
        "x-hop",
        "keep-alive",
        "te",
        "proxy-connection",
    ] {
        assert!(!head.headers().contains_key(gone), "{gone}");
    }
}

#[test]
fn what_a_client_takes_of_trailers_is_told() {
    let origin = plain();
    let gateway = knowing(&origin, "");
    for (te, told) in [
        ("trailers", true),
        ("gzip;q=0.5 , Trailers", true),
        ("trailers-not", false),
    ] {
        let request = Request::get("/public/a")
            .header("Connection", "TE")
            .header("TE", te);
        assert_eq!(gateway.send(&request).status, 200);
        let head = origin.heads().pop().expect("a request");
        let seen = head.headers().get("te").map(http::HeaderValue::as_bytes);
        assert_eq!(seen, told.then_some(&b"trailers"[..]), "{te}");
    }
}

#[test]
fn trailers_cross_in_both_directions_without_what_no_client_may_send() {
    let origin = Origin::answering(Setup::default(), echo);
    let gateway = knowing(&origin, "");
    let (body, trailers) = run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/a")).await;
        exchange.send("message");
        let trailers = fields(&[
            ("x-checksum", "abc"),
            ("x-user-id", "1"),
            ("x_user_id", "1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("authorization", "Bearer x"),
            ("content-length", "5"),
            ("host", "elsewhere"),
            ("grpc-status", "0"),
        ]);
        exchange.body.send_trailers(trailers).expect("sent");
        let mut response = exchange.head().await.expect("a response");
        response.body_mut().whole().await.expect("a body")
    });
    assert_eq!(body, b"message");
    let expected = fields(&[("x-checksum", "abc"), ("grpc-status", "0")]);
    assert_eq!(trailers, Some(expected));
    assert_eq!(origin.heads()[0].headers()["te"], "trailers");
}

#[test]
fn a_response_may_be_nothing_but_trailers() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let response = Response::builder().header("grpc-status", "12");
        let response = response.body(()).expect("a response");
        arrived.respond.send_response(response, true).expect("sent");
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/a")).await;
        exchange.end();
        let mut response = exchange.head().await.expect("a response");
        assert_eq!(response.headers()["grpc-status"], "12");
        assert!(response.body().0.is_end_stream());
        let (body, trailers) = response.body_mut().whole().await.expect("a body");
        assert_eq!((body.len(), trailers), (0, None::<HeaderMap>));
    });
}

#[test]
fn bodies_cross_whole_however_large() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let (whole, _) = arrived.body.whole().await.expect("a body");
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        // The library keeps what does not fit into the window yet.
        body.send_data(whole.into(), true).expect("sent");
    });
    let gateway = knowing(&origin, "");
    let long: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_be_bytes).collect();
    let response = gateway.send(&Request::post("/public/a").body(long.clone()));
    assert_eq!((response.status, response.whole), (200, true));
    assert!(response.body == long);
    assert_eq!(
        gateway.send(&Request::post("/public/a").body("")).text(),
        ""
    );
    assert_eq!(origin.connections(), 1);
}

#[test]
fn responses_without_a_body_stay_without() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let status = match arrived.head.uri().path() {
            "/public/204" => 204,
            "/public/304" => 304,
            _ => 200,
        };
        let mut response = Response::builder().status(status);
        if status == 200 {
            response = response.header("content-length", "1000");
        }
        let response = response.body(()).expect("a response");
        arrived.respond.send_response(response, true).expect("sent");
    });
    let gateway = knowing(&origin, "");
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        let head = connection.send(&Request::new("HEAD", "/public/200"));
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, Some("1000"))
        );
        for status in [204, 304] {
            let response = connection.send(&Request::get(&format!("/public/{status}")));
            assert_eq!((response.status, response.body.len()), (status, 0));
        }
    }
}

#[test]
fn a_chunked_body_crosses_piece_by_piece_and_keeps_its_trailers() {
    let origin = Origin::answering(Setup::default(), echo);
    let gateway = before(&format!("http://{}", origin.address()), ", protocol: http2").start();
    let response = gateway.client().raw(
        "POST /public/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         5\r\nhello\r\n0\r\nX-Checksum: abc\r\nX-User-Id: 1\r\n\r\n",
    );
    assert_eq!(
        (response.status, response.text()),
        (200, "hello".to_owned())
    );
    let head = origin.heads().remove(0);
    assert!(!head.headers().contains_key("transfer-encoding"));
    assert!(!head.headers().contains_key("content-length"));
}

#[test]
fn an_upgrade_is_not_asked_for_where_there_is_none() {
    let origin = plain();
    let gateway = knowing(&origin, "");
    let request = Request::get("/public/a")
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket");
    assert_eq!(gateway.send(&request).status, 200);
    assert!(!origin.heads()[0].headers().contains_key("upgrade"));
}
