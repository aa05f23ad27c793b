//! A response on its way out, of either version: the exchange lives as long as its body does.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

/// What a connection keeps of an exchange until its response has left.
pub(super) trait Exchange {
    /// The library asks for the next piece: what it had has left.
    fn asked(&self) {}
    /// It was given a piece.
    fn gave(&self) {}
    /// The response is whole.
    fn finished(&self) {}
}

/// A response body; its exchange ends when it is dropped.
pub(super) struct Tracked<B, E> {
    body: B,
    exchange: E,
}

impl<B: Body, E: Exchange> Tracked<B, E> {
    pub(super) fn new(body: B, exchange: E) -> Self {
        if body.is_end_stream() {
            exchange.finished();
        }
        Self { body, exchange }
    }
}

impl<B: Body + Unpin, E: Exchange + Unpin> Body for Tracked<B, E> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.exchange.asked();
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None | Some(Err(_))) => self.exchange.finished(),
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.exchange.finished(),
            Poll::Ready(Some(Ok(_))) => self.exchange.gave(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
