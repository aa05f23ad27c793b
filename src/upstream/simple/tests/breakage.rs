//! Responses that break off, stall, or are none.

use std::{pin::Pin, time::Duration};

use ::http::Method;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::*;

#[test]
fn what_is_not_a_response_is_a_failure_of_its_own() {
    let script = |script: &Script| {
        for answer in ["SSH-2.0-OpenSSH\r\n", &format!("{CHUNKED}x")] {
            let mut peer = script.accept();
            peer.request();
            peer.send(answer);
            peer.wait_for_close();
        }
    };
    play(script, usual, async |side| {
        for _ in 0..2 {
            assert!(matches!(
                side.send(Method::GET).await,
                Err(Failure::NotHttp(_))
            ));
        }
    });
}

#[test]
fn a_truncated_body_is_an_error_and_not_an_end() {
    let script = |script: &Script| {
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
            &format!("{CHUNKED}9\r\n"),
        ] {
            let mut peer = script.accept();
            peer.request();
            peer.send(format!("{head}some"));
        }
    };
    play(script, usual, async |side| {
        for _ in 0..2 {
            let mut body = side.get().await.into_body();
            let mut seen = String::new();
            let error = loop {
                match body.frame().await.expect("a piece or an error") {
                    Ok(frame) => {
                        let data: Bytes = frame.into_data().expect("data");
                        seen.push_str(std::str::from_utf8(&data).expect("text"));
                    }
                    Err(error) => break error,
                }
            };
            assert_eq!(seen, "some");
            assert!(matches!(error, RelayError::Broken(_)));
            assert_eq!(side.client.idle_count(), 0);
        }
    });
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome");
        peer.wait_for_close();
    };
    let hasty = |settings: &mut Settings| settings.body_timeout = Duration::from_millis(1);
    play(script, hasty, async |side| {
        let response = side.get().await;
        let error = text(response).await.expect_err("stalled");
        assert!(matches!(error, RelayError::Stalled));
        assert_eq!(side.client.idle_count(), 0);
    });
}

#[test]
fn a_response_that_does_not_come_is_given_up() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n");
        peer.wait_for_close();
    };
    let hasty = |settings: &mut Settings| settings.response_timeout = Duration::from_millis(1);
    play(script, hasty, async |side| {
        let failure = side.send(Method::GET).await;
        assert!(matches!(failure, Err(Failure::ResponseTimeout)));
    });
}

#[test]
fn the_time_for_a_response_does_not_limit_its_body() {
    let (tell, told) = std::sync::mpsc::channel();
    let script = move |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        told.recv_timeout(PATIENCE).expect("the limit has passed");
        peer.send("ok");
    };
    let hasty = |settings: &mut Settings| settings.response_timeout = Duration::from_millis(200);
    play(script, hasty, async |side| {
        let mut body = side.get().await.into_body();
        let body = Pin::new(&mut body);
        let limit = side.deadlines.unset();
        limit.set_from_now(Duration::from_millis(300));
        let collecting = async {
            limit.bound(std::future::pending::<()>()).await;
            tell.send(()).expect("somebody waits");
        };
        let (collected, ()) = tokio::join!(body.collect(), collecting);
        assert_eq!(collected.expect("a body").to_bytes(), "ok");
    });
}
