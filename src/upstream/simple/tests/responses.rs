//! How requests leave and how responses come, whole and in pieces.

use std::{pin::pin, time::Duration};

use ::http::{Method, Version};
use http_body::Body as _;
use http_body_util::BodyExt;

use super::*;

/// More than the kernel's buffers hold, so that it does not arrive at once.
const LARGE: usize = 20_000_000;

#[test]
fn interim_responses_are_skipped() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.send(format!("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n{OK}"));
    };
    play(script, usual, async |side| {
        let response = side.get().await;
        assert!(!response.headers().contains_key("link"));
        assert_eq!(text(response).await.expect("a body"), "ok");
        assert_eq!(side.client.idle_count(), 1);
    });
}

#[test]
fn responses_without_a_body_leave_the_connection_usable() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        assert!(peer.request().starts_with("HEAD"));
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        peer.request();
        peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n");
        peer.request();
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    };
    play(script, usual, async |side| {
        for method in [Method::HEAD, Method::GET, Method::DELETE] {
            let response = side.send(method).await.expect("a response");
            assert!(response.body().is_end_stream());
            assert_eq!(text(response).await.expect("no body"), "");
            assert_eq!(side.client.idle_count(), 1);
        }
    });
}

#[test]
fn a_chunked_body_loses_its_extensions_and_trailers() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(format!("{CHUNKED}3;a=b\r\none\r\n"));
        peer.send("3\r\ntwo\r\n0\r\nX-User-Id: 1\r\n\r\n");
        peer.request();
        peer.send(OK);
    };
    play(script, usual, async |side| {
        let body = side.get().await.into_body();
        assert_eq!(body.size_hint().exact(), None);
        let collected = body.collect().await.expect("a body");
        assert!(collected.trailers().is_none());
        assert_eq!(collected.to_bytes(), "onetwo");
        assert_eq!(side.get_text().await, "ok", "over the same connection");
    });
}

#[test]
fn a_response_means_the_same_wherever_it_is_cut() {
    let chunked = format!("HTTP/1.1 103 Hints\r\n\r\n{CHUNKED}2\r\no\u{6b}\r\n0\r\nT: 1\r\n\r\n");
    for response in [OK, chunked.as_str()] {
        let response = response.to_owned();
        let cuts = 1..response.len();
        let count = cuts.len();
        let script = move |script: &Script| {
            let mut peer = script.accept();
            peer.0.set_nodelay(true).expect("no delay");
            for cut in cuts {
                peer.request();
                let (head, tail) = response.split_at(cut);
                peer.send(head);
                std::thread::yield_now();
                peer.send(tail);
            }
        };
        play(script, usual, async |side| {
            for _ in 0..count {
                assert_eq!(side.get_text().await, "ok");
            }
        });
    }
}

#[test]
fn a_large_head_is_read_and_a_huge_one_refused() {
    let script = |script: &Script| {
        for length in [100_000, 200_000] {
            let mut peer = script.accept();
            peer.request();
            let cookie = "a".repeat(length);
            let head = format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\n");
            // The refusal may come before the end.
            drop(peer.0.write_all(
                format!("{head}Connection: close\r\nContent-Length: 0\r\n\r\n").as_bytes(),
            ));
            peer.wait_for_close();
        }
    };
    play(script, usual, async |side| {
        assert_eq!(side.get().await.headers()["set-cookie"].len(), 100_000);
        assert!(matches!(
            side.send(Method::GET).await,
            Err(Failure::NotHttp(_))
        ));
    });
}

#[test]
fn a_large_body_is_streamed_in_bounded_pieces() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
        ));
        peer.send(vec![b'a'; LARGE]);
        peer.request();
        peer.send(OK);
    };
    play(script, usual, async |side| {
        let mut body = side.get().await.into_body();
        let mut left = LARGE;
        while let Some(frame) = body.frame().await {
            let data = frame.expect("a piece").into_data().expect("data");
            assert!(data.len() <= 64 * 1024);
            left -= data.len();
            assert_eq!(body.size_hint().exact(), Some(left as u64));
        }
        assert_eq!(left, 0);
        assert_eq!(side.client.idle_count(), 1, "before the body is dropped");
        drop(body);
        assert_eq!(side.get_text().await, "ok", "over the same connection");
    });
}

#[test]
fn a_body_without_a_length_lasts_until_the_close() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.0 200 OK\r\n\r\nsome");
        peer.send(" more");
    };
    play(script, usual, async |side| {
        let response = side.get().await;
        assert_eq!(response.version(), Version::HTTP_11, "the gateway's own");
        assert_eq!(text(response).await.expect("a body"), "some more");
        assert_eq!(side.client.idle_count(), 0);
    });
}

#[test]
fn a_request_that_does_not_leave_at_once_leaves_in_pieces() {
    let (tell, told) = std::sync::mpsc::channel();
    let script = move |script: &Script| {
        let mut peer = script.accept();
        told.recv_timeout(PATIENCE).expect("the buffers are full");
        let mut request = Vec::new();
        let mut piece = vec![0; 1 << 20];
        while !request.ends_with(b"\r\n\r\n") {
            let length = peer.0.read(&mut piece).expect("a request");
            request.extend_from_slice(&piece[..length]);
        }
        assert!(request.ends_with(&[b"b".repeat(LARGE), b"\r\n\r\n".to_vec()].concat()));
        peer.send(OK);
    };
    play(script, usual, async |side| {
        let request = Request::get("/").header("Large", "b".repeat(LARGE));
        let request = request.body(()).expect("a request");
        let now = side.deadlines.now();
        let mut sending = pin!(side.client.send(0, &request, &Nothing, now));
        // Polled until it can do no more for a while: the connection is made and nobody reads.
        let first = side.deadlines.unset();
        first.set_from_now(Duration::from_millis(50));
        assert!(first.bound(sending.as_mut()).await.is_none());
        tell.send(()).expect("somebody waits");
        assert_eq!(sending.await.expect("a response").status(), 200);
    });
}
