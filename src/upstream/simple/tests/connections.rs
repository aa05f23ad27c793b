//! Which connections are kept, and which are used again.

use std::time::Duration;

use ::http::Method;
use http_body::Body as _;

use super::*;

#[test]
fn a_connection_carries_one_exchange_after_another() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        for _ in 0..3 {
            let request = peer.request();
            assert_eq!(request, "GET /items/7 HTTP/1.1\r\n\r\n");
            peer.send(OK);
        }
    };
    play(script, usual, async |side| {
        for _ in 0..3 {
            let response = side.get().await;
            assert_eq!(side.client.idle_count(), 1, "back before the body is read");
            assert_eq!(response.body().size_hint().exact(), Some(2));
            assert_eq!(text(response).await.expect("a body"), "ok");
        }
    });
}

#[test]
fn exchanges_at_the_same_time_have_connections_of_their_own() {
    let script = |script: &Script| {
        let (mut first, mut second) = (script.accept(), script.accept());
        first.request();
        second.request();
        first.send("HTTP/1.1 200 OK\r\nContent-Le");
        second.send(OK);
        first.send("ngth: 5\r\n\r\nfirst");
    };
    play(script, usual, async |side| {
        let (one, other) = tokio::join!(side.get_text(), side.get_text());
        let mut texts = [one, other];
        texts.sort();
        assert_eq!(texts, ["first", "ok"]);
        assert_eq!(side.client.idle_count(), 2);
    });
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_used() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.close();
        let mut peer = script.accept();
        assert!(peer.request().starts_with("POST"));
        peer.send(OK);
    };
    play(script, usual, async |side| {
        side.get_text().await;
        side.wait_for_idle(0).await;
        side.send(Method::POST).await.expect("a response");
    });
}

#[test]
fn a_connection_with_more_than_its_response_is_not_used_again() {
    let script = |script: &Script| {
        for more in [OK, "x"] {
            let mut peer = script.accept();
            peer.request();
            peer.send(format!("{OK}{more}"));
            peer.wait_for_close();
        }
    };
    play(script, usual, async |side| {
        for _ in 0..2 {
            assert_eq!(side.get_text().await, "ok");
            assert_eq!(side.client.idle_count(), 0);
        }
    });
}

#[test]
fn a_connection_that_speaks_while_idle_is_closed() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        assert_eq!(peer.request(), "GET /items/7 HTTP/1.1\r\n\r\n");
        peer.send(OK);
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        peer.wait_for_close();
    };
    play(script, usual, async |side| {
        side.get_text().await;
        assert_eq!(side.get_text().await, "ok");
        side.wait_for_idle(0).await;
    });
}

#[test]
fn a_connection_that_is_to_be_closed_is_not_used_again() {
    let script = |script: &Script| {
        for _ in 0..2 {
            let mut peer = script.accept();
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            peer.wait_for_close();
        }
    };
    play(script, usual, async |side| {
        for _ in 0..2 {
            assert_eq!(side.get_text().await, "ok");
            assert_eq!(side.client.idle_count(), 0);
        }
    });
}

#[test]
fn no_more_connections_are_kept_than_allowed_nor_for_longer() {
    let script = |script: &Script| {
        let mut peers = [script.accept(), script.accept()];
        for peer in &mut peers {
            peer.request();
        }
        for peer in &mut peers {
            peer.send(OK);
        }
        peers.into_iter().for_each(Peer::wait_for_close);
    };
    let one = |settings: &mut Settings| settings.max_idle = 1;
    play(script, one, async |side| {
        let both = tokio::join!(side.get_text(), side.get_text());
        assert_eq!(both, ("ok".to_owned(), "ok".to_owned()));
        assert_eq!(side.client.idle_count(), 1);
        side.client
            .close_stale(side.deadlines.now() + 2 * KEEP_ALIVE);
        assert_eq!(side.client.idle_count(), 0);
    });
}

#[test]
fn giving_up_a_body_or_a_wait_closes_the_connection() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome");
        peer.wait_for_close();
        let mut peer = script.accept();
        peer.request();
        peer.wait_for_close();
    };
    play(script, usual, async |side| {
        drop(side.get().await);
        assert_eq!(side.client.idle_count(), 0);
        let moment = side.deadlines.unset();
        moment.set_from_now(Duration::from_millis(1));
        assert!(moment.bound(side.get()).await.is_none());
        assert_eq!(side.client.idle_count(), 0);
    });
}

#[test]
fn an_upstream_that_is_not_there_is_unreachable() {
    let nobody = |settings: &mut Settings| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        settings.endpoints = Settings::local(&[address.port()]).endpoints;
    };
    play(
        |_| {},
        nobody,
        async |side| {
            let failure = side.send(Method::GET).await;
            assert!(matches!(failure, Err(Failure::Unreachable { .. })));
        },
    );
}
