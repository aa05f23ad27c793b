//! Streams that last: who speaks when, who breaks off, and how long silence may be.

use bytes::Bytes;
use http::Response;

use super::{call, fields, knowing};
use crate::harness::{
    Watch,
    streams::{Client, Incoming, Origin, Setup, run_in_time},
};

#[test]
fn each_message_crosses_before_the_next_is_sent() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        while let Some(piece) = arrived.body.piece().await.expect("a piece") {
            body.send_data(piece, false).expect("sent");
        }
        body.send_trailers(fields(&[("grpc-status", "0")]))
            .expect("sent");
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/chat")).await;
        // The head comes although the request has hardly begun.
        let response = (&mut exchange.response).await.expect("a response");
        let mut answers = Incoming(response.into_body());
        for round in 0..50 {
            let message = format!("message {round}");
            exchange.send(message.clone());
            let answer = answers.piece().await.expect("an answer");
            assert_eq!(answer, Some(Bytes::from(message)));
        }
        exchange.end();
        let (rest, trailers) = answers.whole().await.expect("an end");
        assert!(rest.is_empty());
        assert_eq!(trailers, Some(fields(&[("grpc-status", "0")])));
    });
}

#[test]
fn the_messages_of_one_side_cross_without_an_answer() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let (whole, _) = arrived.body.whole().await.expect("a body");
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        for piece in whole.chunks(4) {
            body.send_data(Bytes::copy_from_slice(piece), false)
                .expect("sent");
            tokio::task::yield_now().await;
        }
        body.send_trailers(fields(&[("grpc-status", "0")]))
            .expect("sent");
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/a")).await;
        for _ in 0..20 {
            exchange.send("ping");
            tokio::task::yield_now().await;
        }
        exchange.end();
        let mut response = exchange.head().await.expect("a response");
        let (whole, trailers) = response.body_mut().whole().await.expect("a body");
        assert_eq!(whole, "ping".repeat(20).into_bytes());
        assert!(trailers.is_some());
    });
}

#[test]
fn a_stream_that_the_upstream_resets_is_reset_with_the_same_reason() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        if arrived.head.uri().path() == "/public/at-once" {
            arrived.respond.send_reset(h2::Reason::INTERNAL_ERROR);
            return;
        }
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        body.send_data("some".into(), false).expect("sent");
        // Only when that has been read.
        arrived.body.piece().await.expect("a piece");
        body.send_reset(h2::Reason::ENHANCE_YOUR_CALM);
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/later")).await;
        let response = (&mut exchange.response).await.expect("a response");
        let mut body = Incoming(response.into_body());
        assert_eq!(body.piece().await.expect("a piece"), Some("some".into()));
        exchange.send("go on");
        let error = body.whole().await.expect_err("reset");
        assert_eq!(error.reason(), Some(h2::Reason::ENHANCE_YOUR_CALM));
        let response = client
            .get(&format!("http://{}/public/at-once", gateway.address))
            .await;
        assert_eq!(response.status(), 502);
    });
    assert_eq!(gateway.outcome("/public/at-once"), "upstream_closed");
    assert_eq!(gateway.outcome("/public/later"), "upstream_broke_off");
    assert_eq!(origin.connections(), 1, "other streams are not concerned");
}

#[test]
fn a_stream_that_the_client_resets_is_reset_at_the_upstream() {
    let ends = Watch::new(Vec::new());
    let seen = ends.clone();
    let origin = Origin::answering(Setup::default(), move |mut arrived| {
        let ends = seen.clone();
        async move {
            let path = arrived.head.uri().path().to_owned();
            let mut response = None;
            if path == "/public/answering" {
                let head = Response::new(());
                let body = arrived.respond.send_response(head, false);
                let mut body = body.expect("a head");
                body.send_data("some".into(), false).expect("sent");
                response = Some(body);
            }
            let end = loop {
                match arrived.body.piece().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break error.reason(),
                }
            };
            ends.change(|ends| ends.push((path, end)));
            drop(response);
        }
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        for path in ["/public/waiting", "/public/answering"] {
            let mut exchange = client.begin(call(&gateway, path)).await;
            exchange.send("message");
            if path == "/public/answering" {
                let response = (&mut exchange.response).await.expect("a response");
                let mut body = Incoming(response.into_body());
                assert!(body.piece().await.expect("a piece").is_some());
            } else {
                let client = client.clone();
                while origin.heads().is_empty() {
                    drop(
                        client
                            .get(&format!("http://{}/nowhere", gateway.address))
                            .await,
                    );
                }
            }
            exchange.body.send_reset(h2::Reason::CANCEL);
        }
        // The connection lives until both have been seen.
        tokio::task::spawn_blocking({
            let ends = ends.clone();
            move || ends.wait_for("both streams to end", |ends| ends.len() == 2)
        })
        .await
        .expect("they end");
    });
    let cancel = Some(h2::Reason::CANCEL);
    let ends = ends.read(Clone::clone);
    assert!(
        ends.contains(&("/public/waiting".to_owned(), cancel)),
        "{ends:?}"
    );
    assert!(
        ends.contains(&("/public/answering".to_owned(), cancel)),
        "{ends:?}"
    );
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_stream_on_which_only_the_client_speaks_is_not_silent() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        let (whole, _) = arrived.body.whole().await.expect("a body");
        body.send_data(whole.len().to_string().into(), true)
            .expect("sent");
    });
    let gateway = knowing(&origin, ", body_timeout: 400ms, response_timeout: 400ms");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let mut exchange = client.begin(call(&gateway, "/public/a")).await;
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
        for _ in 0..12 {
            beat.tick().await;
            exchange.send("x");
        }
        exchange.end();
        let mut response = exchange.head().await.expect("a response");
        let (whole, _) = response.body_mut().whole().await.expect("a body");
        assert_eq!(whole, b"12");
    });
}

#[test]
fn a_stream_on_which_nobody_speaks_is_given_up() {
    let given_up = Watch::new(false);
    let seen = given_up.clone();
    let origin = Origin::answering(Setup::default(), move |mut arrived| {
        let given_up = seen.clone();
        async move {
            let head = Response::new(());
            let mut body = arrived.respond.send_response(head, false).expect("a head");
            body.send_data("some".into(), false).expect("sent");
            let reset = std::future::poll_fn(|context| body.poll_reset(context)).await;
            given_up.change(|given_up| *given_up = reset.is_ok());
        }
    });
    let gateway = knowing(&origin, ", body_timeout: 200ms");
    let response = gateway.get("/public/a");
    assert_eq!((response.status, response.whole), (200, false));
    given_up.wait_for("the stream to be reset", |given_up| *given_up);
    assert_eq!(gateway.outcome("/public/a"), "upstream_broke_off");
}

#[test]
fn a_response_that_does_not_come_is_504_and_its_connection_gets_no_other_request() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        if arrived.number == 0 {
            // Holds the stream.
            drop(arrived.body.whole().await);
            std::future::pending::<()>().await;
        }
        let head = Response::new(());
        arrived.respond.send_response(head, true).expect("a head");
    });
    let gateway = knowing(&origin, ", response_timeout: 200ms");
    assert_eq!(gateway.get("/public/a").status, 504);
    assert_eq!(gateway.outcome("/public/a"), "upstream_timeout");
    assert_eq!(gateway.get("/public/b").status, 200);
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        let length = if arrived.head.uri().path() == "/public/large" {
            50_000_000
        } else {
            1000
        };
        body.send_data(vec![b'a'; length].into(), true)
            .expect("sent");
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let uri = |path| format!("http://{}/public/{path}", gateway.address);
        let mut unread = Vec::new();
        for _ in 0..5 {
            unread.push(client.get(&uri("large")).await);
        }
        let other = Client::connect(gateway.address).await;
        for _ in 0..5 {
            let mut response = other.get(&uri("small")).await;
            let (whole, _) = response.body_mut().whole().await.expect("a body");
            assert_eq!(whole.len(), 1000);
        }
        assert_eq!(origin.connections(), 1);
        drop(unread);
    });
}

#[test]
fn a_request_that_breaks_off_before_its_answer_is_the_clients_fault() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        drop(arrived.body.whole().await);
    });
    let gateway = knowing(&origin, "");
    let mut connection = gateway.client().connect();
    connection.write("POST /public/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    while origin.heads().is_empty() {
        std::thread::yield_now();
    }
    drop(connection);
    let outcome = gateway.outcome("/public/a");
    assert!(
        ["unanswered", "body_incomplete"].contains(&&*outcome),
        "{outcome}"
    );
}

#[test]
fn a_refused_grpc_call_gets_nothing_that_it_could_take_for_a_message() {
    let origin = Origin::answering(Setup::default(), async |_| {});
    let gateway = knowing(&origin, "");
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        for content_type in ["application/grpc", "application/grpc+proto"] {
            let mut request = call(&gateway, "/deals");
            let value = content_type.parse().expect("a value");
            request.headers_mut().insert("content-type", value);
            let exchange = client.begin(request).await;
            let response = exchange.response.await.expect("a response");
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().get("content-type"), None);
            assert!(response.headers().contains_key("www-authenticate"));
            assert!(response.body().is_end_stream(), "nothing follows the head");
        }
        let mut request = call(&gateway, "/deals");
        let value = "application/json".parse().expect("a value");
        request.headers_mut().insert("content-type", value);
        let exchange = client.begin(request).await;
        let mut response = exchange.head().await.expect("a response");
        let (whole, _) = response.body_mut().whole().await.expect("a body");
        assert!(!whole.is_empty());
    });
}
