//! A response body on its way to the client; gives its connection back when it ends well.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{
    chunked::{BadChunk, Chunked},
    client::Client,
    head::{Framing, Reuse},
    link::Link,
};
use crate::upstream::error::RelayError;

/// What has come, and where the rest comes from.
#[derive(Debug)]
pub(in crate::upstream) struct Body {
    arrived: Bytes,
    /// How much is left to hand on. Unknown for a chunked body even when all of it is here: how it looks to the client
    /// must not depend on how it happened to arrive.
    length: Option<u64>,
    source: Option<Box<Source>>,
}

/// A connection with more of a body on it.
#[derive(Debug)]
struct Source {
    link: Link,
    client: Rc<Client>,
    left: Left,
    reuse: Reuse,
    wait: Wait,
}

/// What is left to read.
#[derive(Debug)]
enum Left {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// Whether the deadline has been set for the next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    NotBegun,
    Limited,
}

impl Body {
    /// The body that begins with `rest`. A connection that nothing more is expected from goes back at once.
    pub(super) fn begin(
        framing: Framing,
        reuse: Reuse,
        rest: Bytes,
        link: Link,
        client: &Rc<Client>,
    ) -> Result<Self, BadChunk> {
        let mut left = Left::new(framing);
        let length = match framing {
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        let (arrived, fit) = match &mut left {
            Left::Chunked(chunked) => {
                let mut data = Vec::new();
                let used = chunked.decode(&rest, &mut data)?;
                (Bytes::from(data), reuse.and_nothing_after(used, &rest))
            }
            Left::Length(length) => {
                let used = take(length, rest.len());
                (rest.slice(..used), reuse.and_nothing_after(used, &rest))
            }
            Left::UntilClose => (rest, Reuse::Forbidden),
        };
        let mut body = Self {
            arrived,
            length,
            source: None,
        };
        if left.is_none() {
            fit.settle(link, client);
        } else {
            body.source = Some(Box::new(Source {
                link,
                client: Rc::clone(client),
                left,
                reuse: fit,
                wait: Wait::NotBegun,
            }));
        }
        Ok(body)
    }

    /// Whether nothing more is expected from the upstream.
    pub(in crate::upstream) fn has_arrived(&self) -> bool {
        self.source.is_none()
    }

    fn hand_on(&mut self, bytes: Bytes) -> Frame<Bytes> {
        if let Some(length) = &mut self.length {
            *length = length.saturating_sub(bytes.len() as u64);
        }
        Frame::data(bytes)
    }

    fn poll_source(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, RelayError>>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(None);
        };
        let piece = ready!(source.poll_piece(context));
        match &piece {
            Ok(_) if !source.left.is_none() => {}
            Ok(_) => {
                if let Some(source) = self.source.take() {
                    source.reuse.settle(source.link, &source.client);
                }
            }
            Err(_) => self.source = None,
        }
        Poll::Ready(Some(piece))
    }
}

impl Reuse {
    /// Bytes that nobody asked for forbid it.
    fn and_nothing_after(self, used: usize, bytes: &[u8]) -> Self {
        if used == bytes.len() {
            self
        } else {
            Self::Forbidden
        }
    }

    /// Gives the connection back, or drops it.
    fn settle(self, link: Link, client: &Client) {
        match self {
            Self::Allowed => client.put_back(link),
            Self::Forbidden => {}
        }
    }
}

impl Left {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::new()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    fn is_none(&self) -> bool {
        match self {
            Self::Length(length) => *length == 0,
            Self::Chunked(chunked) => chunked.is_done(),
            Self::UntilClose => false,
        }
    }
}

/// Takes what has come off a length and says how much of it that was.
fn take(length: &mut u64, available: usize) -> usize {
    let used = usize::try_from(*length).map_or(available, |length| length.min(available));
    *length -= used as u64;
    used
}

impl Source {
    /// The next piece; an empty one only at the end. Extensions and trailers are none, and do not end the silence: an
    /// upstream could go on for ever with them.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, RelayError>> {
        loop {
            let polled = self.poll_read(context);
            if polled.is_pending() {
                return self.poll_stalled(context).map(Err);
            }
            let piece = ready!(polled)?;
            if !piece.is_empty() || self.left.is_none() {
                if self.wait == Wait::Limited {
                    self.link.deadline.unset();
                    self.wait = Wait::NotBegun;
                }
                return Poll::Ready(Ok(piece));
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, RelayError>> {
        let broken = |cause: io::Error| RelayError::Broken(cause.into());
        let mut input = self.client.input().borrow_mut();
        let bytes = ready!(self.link.poll_read(context, &mut input)).map_err(broken)?;
        if bytes.is_empty() {
            return Poll::Ready(match self.left {
                Left::UntilClose => {
                    self.left = Left::Length(0);
                    Ok(Bytes::new())
                }
                Left::Length(_) | Left::Chunked(_) => {
                    Err(broken(io::ErrorKind::UnexpectedEof.into()))
                }
            });
        }
        let (piece, used) = match &mut self.left {
            Left::Length(length) => {
                let used = take(length, bytes.len());
                (
                    Bytes::copy_from_slice(bytes.get(..used).unwrap_or_default()),
                    used,
                )
            }
            Left::Chunked(chunked) => {
                let mut data = Vec::new();
                let used = chunked.decode(bytes, &mut data);
                let used = used.map_err(|bad| RelayError::Broken(bad.into()))?;
                (Bytes::from(data), used)
            }
            Left::UntilClose => (Bytes::copy_from_slice(bytes), bytes.len()),
        };
        self.reuse = self.reuse.and_nothing_after(used, bytes);
        Poll::Ready(Ok(piece))
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<RelayError> {
        if self.wait == Wait::NotBegun {
            let limit = self.client.settings().body_timeout;
            self.link.deadline.set_from_now(limit);
            self.wait = Wait::Limited;
        }
        let elapsed = self.link.deadline.poll_elapsed(context);
        elapsed.map(|()| RelayError::Stalled)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        if !self.arrived.is_empty() {
            let arrived = std::mem::take(&mut self.arrived);
            return Poll::Ready(Some(Ok(self.hand_on(arrived))));
        }
        Poll::Ready(match ready!(self.poll_source(context)) {
            None => None,
            Some(Ok(piece)) if piece.is_empty() => None,
            Some(Ok(piece)) => Some(Ok(self.hand_on(piece))),
            Some(Err(error)) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
