//! Bodies of requests that were answered before they had ended.
//!
//! Once nobody holds such a body the library resets its stream, in the same segment as the end of the answer; RFC 9113
//! section 8.1 allows that, and yet many a client then throws the answer away. So the rest is read and thrown away for
//! as long as a connection of HTTP/1.1 would linger, and the reset comes after that.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::Notify;

use super::streams::Streams;
use crate::{
    http::request_body::TakesRest,
    listener::{
        farewell::{LONGEST, PAUSE},
        worker::Core,
    },
};

/// Where the body of a stream leaves its rest.
#[derive(Debug)]
pub(super) struct Taker {
    pub(super) streams: Rc<Streams>,
    pub(super) answered: Rc<Notify>,
}

/// A body that nobody reads.
#[derive(Debug)]
pub(super) struct Unread {
    body: Incoming,
    answered: Rc<Notify>,
}

impl TakesRest for Taker {
    fn take_rest(&self, body: Incoming) {
        let answered = Rc::clone(&self.answered);
        // The connection reads it, since this may be called where nothing runs any more.
        self.streams.leave(Unread { body, answered });
    }
}

impl Unread {
    /// Reads on while the answer is on its way, and for a bounded time after it.
    pub(super) async fn throw_away(mut self, core: Core) {
        let answered = Rc::clone(&self.answered);
        tokio::select! {
            () = poll_fn(|context| self.poll_end(context, || ())) => {}
            () = answered.notified() => self.linger(&core).await,
        }
    }

    async fn linger(&mut self, core: &Core) {
        let (pause, longest) = (core.deadlines().unset(), core.deadlines().unset());
        pause.set_from_now(PAUSE);
        let latest = core.deadlines().now() + LONGEST;
        let mut until = None;
        let ended = poll_fn(|context| {
            // It is no request in flight: the drain waits for it no longer than for a connection at rest.
            let closes_at = core.closes_idle_at();
            let ends_at = closes_at.map_or(latest, |closes_at| closes_at.min(latest));
            if until != Some(ends_at) {
                until = Some(ends_at);
                longest.set_at(until);
            }
            self.poll_end(context, || pause.set_from_now(PAUSE))
        });
        let _ = longest.bound(pause.bound(ended)).await;
    }

    /// Ready at the end of the body, however it ends.
    fn poll_end(&mut self, context: &mut Context<'_>, progress: impl Fn()) -> Poll<()> {
        loop {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(_))) => progress(),
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
