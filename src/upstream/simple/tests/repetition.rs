//! What is sent again when its connection breaks, and what never is.

use std::{net::Shutdown, sync::mpsc::channel};

use ::http::Method;

use super::*;

#[test]
fn a_request_that_nothing_answered_on_a_used_connection_is_sent_again_when_it_may_be() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.request();
        drop(peer);
        let mut peer = script.accept();
        assert!(peer.request().starts_with("PUT"));
        peer.send(OK);
    };
    play(script, usual, async |side| {
        side.get_text().await;
        side.send(Method::PUT).await.expect("a response");
    });
}

#[test]
fn a_request_that_must_not_be_repeated_is_lost_with_its_connection() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.request();
    };
    play(script, usual, async |side| {
        side.get_text().await;
        let lost = side.send(Method::POST).await;
        assert!(matches!(lost, Err(Failure::Closed(_))));
    });
}

#[test]
fn a_request_is_sent_again_once_at_most() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.request();
        drop(peer);
        script.accept().request();
    };
    play(script, usual, async |side| {
        side.get_text().await;
        assert!(matches!(
            side.send(Method::GET).await,
            Err(Failure::Closed(_))
        ));
    });
}

#[test]
fn a_response_that_has_begun_is_not_asked_for_again() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.request();
        peer.send("HTTP/1.1 2");
    };
    play(script, usual, async |side| {
        side.get_text().await;
        assert!(matches!(
            side.send(Method::GET).await,
            Err(Failure::Closed(_))
        ));
    });
}

#[test]
fn a_post_asks_the_system_whether_its_connection_still_stands() {
    let (tell_idle, told_idle) = channel();
    let (tell_closed, told_closed) = channel();
    let script = move |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        told_idle.recv_timeout(PATIENCE).expect("idle");
        peer.0.shutdown(Shutdown::Write).expect("shut down");
        tell_closed.send(()).expect("somebody waits");
        let mut second = script.accept();
        assert!(second.request().starts_with("POST"));
        second.send(OK);
        peer.wait_for_close();
    };
    play(script, usual, async |side| {
        side.get_text().await;
        tell_idle.send(()).expect("somebody waits");
        // Blocks the core on purpose: the runtime cannot notice the close by itself.
        told_closed.recv_timeout(PATIENCE).expect("closed");
        side.send(Method::POST).await.expect("a response");
    });
}
