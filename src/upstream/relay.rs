//! A response body on its way to the client; gives its connection back when it ends well.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::{
    connection::Connection, error::RelayError, http2, pool::Upstream, simple, tally::Event,
    ticket::Ticket,
};
use crate::deadline::Deadline;

/// Streams a response body without holding more than one piece of it.
#[derive(Debug)]
pub struct Relay {
    way: Way,
    /// Given back when nothing more is expected from the upstream.
    ticket: Option<Ticket>,
}

/// Which client the body comes through.
#[derive(Debug)]
enum Way {
    Simple(simple::Body),
    Http2(Box<http2::Body>),
    Library(Box<LibraryBody>),
}

/// A body that the protocol library reads.
#[derive(Debug)]
struct LibraryBody {
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

impl Relay {
    pub(super) fn simple(body: simple::Body, ticket: Ticket) -> Self {
        Self {
            ticket: (!body.has_arrived()).then_some(ticket),
            way: Way::Simple(body),
        }
    }

    pub(super) fn http2(body: http2::Body, ticket: Ticket) -> Self {
        Self {
            ticket: (!body.is_end_stream()).then_some(ticket),
            way: Way::Http2(Box::new(body)),
        }
    }

    pub(super) fn library(body: Incoming, connection: Connection, ticket: Ticket) -> Self {
        let upstream = Rc::clone(ticket.upstream());
        let body = LibraryBody::new(body, connection, upstream);
        Self {
            ticket: (!body.body.is_end_stream()).then_some(ticket),
            way: Way::Library(Box::new(body)),
        }
    }
}

impl Relay {
    fn count_break(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.upstream().group().tally().add(Event::BrokeOff);
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        let polled = match &mut self.way {
            Way::Simple(body) => Pin::new(body).poll_frame(context),
            Way::Http2(body) => Pin::new(&mut **body).poll_frame(context),
            Way::Library(body) => body.poll_frame(context),
        };
        if self.ticket.is_some() {
            let over = match &polled {
                Poll::Pending => false,
                Poll::Ready(None) => true,
                Poll::Ready(Some(Err(_))) => {
                    self.count_break();
                    true
                }
                Poll::Ready(Some(Ok(_))) => self.is_end_stream(),
            };
            if over {
                self.ticket = None;
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.way {
            Way::Simple(body) => body.is_end_stream(),
            Way::Http2(body) => body.is_end_stream(),
            Way::Library(body) => body.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.way {
            Way::Simple(body) => body.size_hint(),
            Way::Http2(body) => body.size_hint(),
            Way::Library(body) => body.body.size_hint(),
        }
    }
}

impl LibraryBody {
    fn new(body: Incoming, connection: Connection, upstream: Rc<Upstream>) -> Self {
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
            lease.connection.course.answered();
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

    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.poll_stalled(context).map(|()| {
                self.lease = None;
                Some(Err(RelayError::Stalled))
            }),
            // As where the library is not used: trailers of HTTP/1.1 end with their hop.
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.stalled = None;
                if self.body.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.lease = None;
                Poll::Ready(Some(Err(RelayError::Broken(error.into()))))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }
}
