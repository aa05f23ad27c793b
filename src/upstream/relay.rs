//! A response body on its way to the client; gives its connection back when it ends well.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::{connection::Connection, pool::Upstream};
use crate::deadline::Deadline;

/// Streams a response body without holding more than one piece of it.
#[derive(Debug)]
pub struct Relay {
    body: Incoming,
    lease: Option<Lease>,
    /// Made when the body first has to wait: most bodies arrive with their head.
    stalled: Option<Deadline>,
}

#[derive(Debug)]
struct Lease {
    connection: Connection,
    upstream: Rc<Upstream>,
}

/// Why a response body broke off. The client sees its connection end, since the head has left already.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The upstream closed or broke the framing.
    #[error("the upstream's body ended early")]
    Broken(#[source] hyper::Error),
    /// Nothing came for too long.
    #[error("the upstream's body stalled")]
    Stalled,
}

impl Relay {
    pub(super) fn new(body: Incoming, connection: Connection, upstream: Rc<Upstream>) -> Self {
        let mut relay = Self {
            body,
            lease: Some(Lease {
                connection,
                upstream,
            }),
            stalled: None,
        };
        if relay.body.is_end_stream() {
            relay.finish();
        }
        relay
    }

    /// Gives the connection back to its pool.
    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.upstream.put_back(lease.connection);
        }
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(lease) = &self.lease else {
            return Poll::Pending;
        };
        let upstream = &lease.upstream;
        let stalled = self.stalled.get_or_insert_with(|| {
            let deadline = upstream.deadlines().unset();
            deadline.set_from_now(upstream.settings().body_timeout);
            deadline
        });
        stalled.poll_elapsed(context)
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.poll_stalled(context).map(|()| {
                self.lease = None;
                Some(Err(RelayError::Stalled))
            }),
            Poll::Ready(Some(Ok(frame))) => {
                self.stalled = None;
                if self.body.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.lease = None;
                Poll::Ready(Some(Err(RelayError::Broken(error))))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
