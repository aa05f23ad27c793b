//! The end of a connection whose client has more to say: what it was answered has to reach it.
//!
//! Closing a socket that still has unread bytes resets it, and the reset may overtake the answer (RFC 9112 section
//! 9.6). So the sending half is closed first, and what comes is thrown away for a bounded time.

use std::time::Duration;

use ::http::{Response, Version};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Peer, stream::Watched, worker::Core};

/// How long the rest of what a client sends is thrown away.
const LINGER: Duration = Duration::from_secs(2);

/// How much of it.
const MOST_THROWN_AWAY: usize = 1024 * 1024;

/// Answers what cannot be read as a request, and closes.
pub(super) async fn refuse(watched: Watched, response: Response<Bytes>, core: &Core) {
    let (mut transport, _) = watched.into_parts();
    let bytes = written(&response);
    let deadline = core.deadlines().unset();
    deadline.set_from_now(LINGER);
    let leaving = async {
        if transport.write_all(&bytes).await.is_ok() {
            linger(transport).await;
        }
    };
    // A client that does not read its refusal goes without.
    let _ = deadline.bound(leaving).await;
}

/// Closes a connection whose library is done with it.
pub(super) async fn linger_if_unread(watched: Watched, peer: &Peer, core: &Core) {
    if peer.notices.is_between_requests() {
        return;
    }
    let (transport, _) = watched.into_parts();
    let deadline = core.deadlines().unset();
    deadline.set_from_now(LINGER);
    let _ = deadline.bound(Box::pin(linger(transport))).await;
}

/// Closes the sending half and throws away what comes, until its end.
pub(super) async fn linger(mut transport: impl AsyncRead + AsyncWrite + Unpin) {
    if transport.shutdown().await.is_err() {
        return;
    }
    let mut thrown_away = 0;
    let mut buffer = vec![0; 8192];
    while thrown_away < MOST_THROWN_AWAY {
        match transport.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => thrown_away += length,
        }
    }
}

fn written(response: &Response<Bytes>) -> Vec<u8> {
    debug_assert_eq!(response.version(), Version::HTTP_11);
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let length = response.body().len();
    head.extend_from_slice(
        format!("content-length: {length}\r\nconnection: close\r\n\r\n").as_bytes(),
    );
    head.extend_from_slice(response.body());
    head
}
