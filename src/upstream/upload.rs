//! A request body on its way to the upstream.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::deadline::Deadline;

/// The client's body; every piece that moves postpones the wait for the response, so that a long upload is not taken
/// for a slow upstream.
#[derive(Debug)]
pub(super) struct Upload {
    body: Incoming,
    postpone: Option<(Deadline, Duration)>,
}

impl Upload {
    pub(super) fn new(body: Incoming, deadline: &Deadline, timeout: Duration) -> Self {
        let postpone = (!body.is_end_stream()).then(|| (deadline.clone(), timeout));
        Self { body, postpone }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(_), Some((deadline, timeout))) = (&polled, &self.postpone) {
            deadline.set_from_now(*timeout);
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && frame.is_trailers()
        {
            // A trailer field may have been a hop-by-hop or an identity header: none goes on.
            return Poll::Ready(None);
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
