//! Switches of protocol: those that were asked for, and the others.

use ::http::{HeaderValue, Method, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::upstream::{
    Stream,
    upgrade::{Switched, Upgrading},
};

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: x\r\n\r\n";

async fn upgrade(side: &Side) -> Result<Switched<Body>, Failure> {
    let request = Request::get("/chat").header("sec-websocket-key", "k");
    let request = request.body(()).expect("a request");
    let fields = Upgrading {
        fields: &Nothing,
        protocol: &HeaderValue::from_static("websocket"),
    };
    let now = side.deadlines.now();
    let upgraded = side.client.upgrade(0, &request, &fields, now).await;
    upgraded.map_err(|lost| lost.failure)
}

#[test]
fn after_a_101_the_stream_and_what_came_behind_it_are_handed_over() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        let request = peer.request();
        assert!(request.starts_with("GET /chat HTTP/1.1\r\n"), "{request}");
        assert!(request.ends_with("\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));
        peer.send(format!("{SWITCHED}early"));
        let mut said = [0; 2];
        peer.0.read_exact(&mut said).expect("two bytes");
        assert_eq!(said, *b"hi");
        peer.send("late");
        peer.wait_for_close();
    };
    play(script, usual, async |side| {
        side.get_text().await;
        let Ok(Switched::Switched {
            response,
            mut stream,
            early,
        }) = upgrade(&side).await
        else {
            panic!("not switched");
        };
        assert_eq!(response.headers()[header::UPGRADE], "WebSocket");
        assert_eq!(response.headers()["sec-websocket-accept"], "x");
        stream.write_all(b"hi").await.expect("written");
        let mut seen = early.to_vec();
        while seen.len() < 9 {
            stream.read_buf(&mut seen).await.expect("read");
        }
        assert_eq!(seen, b"earlylate");
        assert!(matches!(stream, Stream::Tcp(_)));
        assert_eq!(side.client.idle_count(), 0);
    });
}

#[test]
fn an_answer_in_http_leaves_the_connection_for_others() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(OK);
        peer.request();
        peer.send(OK);
    };
    play(script, usual, async |side| {
        let Ok(Switched::Response(response)) = upgrade(&side).await else {
            panic!("not answered");
        };
        let body = response.into_body().collect().await.expect("a body");
        assert_eq!(body.to_bytes(), "ok");
        assert_eq!(side.get_text().await, "ok");
    });
}

#[test]
fn a_switch_to_something_else_is_refused() {
    let script = |script: &Script| {
        for named in ["", "Upgrade: h2c\r\n", "Upgrade: websocket, h2c\r\n"] {
            let mut peer = script.accept();
            peer.request();
            peer.send(format!("HTTP/1.1 101 Switching\r\n{named}\r\n"));
            peer.wait_for_close();
        }
    };
    play(script, usual, async |side| {
        for _ in 0..3 {
            assert!(matches!(upgrade(&side).await, Err(Failure::Switched)));
        }
    });
}

#[test]
fn a_switch_that_nobody_asked_for_is_refused() {
    let script = |script: &Script| {
        let mut peer = script.accept();
        peer.request();
        peer.send(format!(
            "{SWITCHED}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ));
        peer.wait_for_close();
    };
    play(script, usual, async |side| {
        let failure = side.send(Method::GET).await;
        assert!(matches!(failure, Err(Failure::Switched)));
        assert_eq!(side.client.idle_count(), 0);
    });
}
