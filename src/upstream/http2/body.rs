//! A response body on its stream.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::Slot;
use crate::{
    http::header::clean_trailers,
    upstream::{error::RelayError, patience::Patience},
};

/// Hands pieces on as they come, trailers included.
#[derive(Debug)]
pub(in crate::upstream) struct Body {
    incoming: Incoming,
    /// Given back when the stream has ended.
    slot: Option<Slot>,
    patience: Rc<Patience>,
    limit: Duration,
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        slot: Slot,
        patience: Rc<Patience>,
        limit: Duration,
    ) -> Self {
        let ended = incoming.is_end_stream();
        Self {
            incoming,
            slot: (!ended).then_some(slot),
            patience,
            limit,
        }
    }

    /// The stream is over, or is given up by dropping this.
    fn finish(&mut self) {
        self.slot = None;
        self.patience.rest();
    }

    fn poll_stalled(&self, context: &mut Context<'_>) -> Poll<()> {
        if !self.patience.is_waiting() {
            self.patience.begin(self.limit);
        }
        self.patience.poll_exhausted(context)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Pending => self.poll_stalled(context).map(|()| {
                self.finish();
                Some(Err(RelayError::Stalled))
            }),
            Poll::Ready(Some(Ok(frame))) => {
                self.patience.rest();
                if self.incoming.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(cleaned(frame))))
            }
            Poll::Ready(Some(Err(error))) => {
                self.finish();
                Poll::Ready(Some(Err(RelayError::Broken(error.into()))))
            }
            Poll::Ready(None) => {
                // The library takes a reset without an error for an end (RFC 9113 section 8.1); the head may know better.
                let missing = self.slot.is_some() && self.incoming.size_hint().lower() > 0;
                self.finish();
                let broken =
                    || RelayError::Broken(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                Poll::Ready(missing.then(|| Err(broken())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // The answer to a HEAD tells a length that does not come.
        if self.incoming.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            self.incoming.size_hint()
        }
    }
}

fn cleaned(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            clean_trailers(&mut trailers, |_| false);
            Frame::trailers(trailers)
        }
        Err(data) => data,
    }
}
