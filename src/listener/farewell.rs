//! The end of a connection whose client has more to say: what it was answered has to reach it.
//!
//! Closing a socket that still has unread bytes resets it, and the reset may overtake the answer (RFC 9112 section
//! 9.6). So the sending half is closed first, and what comes is thrown away for a bounded time. It is not bounded in
//! bytes: many a client reads nothing until all of its upload has left, be it a film, and one that is cut off instead
//! never learns that its token has expired.

use std::time::Duration;

use ::http::{Response, Version};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Peer, stream::Watched, transport::Transport, worker::Core};

/// How long a client may pause in what is thrown away.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// How long it may go on with it.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// Answers what cannot be read as a request, and closes.
pub(super) async fn refuse(watched: Watched, response: Response<Bytes>, core: &Core) {
    let (mut transport, _) = watched.into_parts();
    let bytes = written(&response);
    let deadline = core.deadlines().unset();
    deadline.set_from_now(PAUSE);
    // A client that does not read its refusal goes without.
    if let Some(Ok(())) = deadline.bound(transport.write_all(&bytes)).await {
        linger_while_it_sends(transport, core).await;
    }
}

/// Closes a connection whose library is done with it.
pub(super) async fn linger_if_unread(watched: Watched, peer: &Peer, core: &Core) {
    if peer.notices.is_between_requests() {
        return;
    }
    let (transport, _) = watched.into_parts();
    Box::pin(linger_while_it_sends(transport, core)).await;
}

async fn linger_while_it_sends(transport: Transport, core: &Core) {
    let (pause, longest) = (core.deadlines().unset(), core.deadlines().unset());
    pause.set_from_now(PAUSE);
    longest.set_from_now(LONGEST);
    let lingering = throw_away(transport, || pause.set_from_now(PAUSE));
    let _ = longest.bound(pause.bound(lingering)).await;
}

/// Closes the sending half and throws away what comes, until its end.
pub(super) async fn linger(transport: impl AsyncRead + AsyncWrite + Unpin) {
    throw_away(transport, || ()).await;
}

async fn throw_away(mut transport: impl AsyncRead + AsyncWrite + Unpin, progress: impl Fn()) {
    if transport.shutdown().await.is_err() {
        return;
    }
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(1..) = transport.read(&mut buffer).await {
        progress();
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
