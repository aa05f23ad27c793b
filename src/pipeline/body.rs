//! The body of an answer: relayed from the upstream, or our own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::access_log::Line;
use crate::upstream::{Relay, RelayError};

/// A body, and the access line that is written when it has left.
#[derive(Debug)]
pub struct Body {
    content: Content,
    line: Option<Box<Line>>,
    /// How it broke off.
    broken: Option<RelayError>,
}

#[derive(Debug)]
enum Content {
    Own(Option<Bytes>),
    Relayed(Relay),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::from(Content::Own(None))
    }

    /// These bytes.
    pub fn own(bytes: Bytes) -> Self {
        Self::from(Content::Own(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(super) fn relayed(relay: Relay) -> Self {
        Self::from(Content::Relayed(relay))
    }

    pub(super) fn write_at_end(&mut self, mut line: Box<Line>) {
        // Of our own bodies the library may need nothing, and asks only once for what it needs.
        let is_own = matches!(self.content, Content::Own(_));
        if is_own || self.content.is_end_stream() {
            line.ended();
        }
        self.line = Some(line);
    }
}

impl Content {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Relayed(relay) => relay.is_end_stream(),
        }
    }
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        Self {
            content,
            line: None,
            broken: None,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = match &mut this.content {
            Content::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Relayed(relay) => Pin::new(relay).poll_frame(context),
        };
        if let (Some(line), Poll::Ready(Some(frame))) = (&mut this.line, &polled) {
            match frame {
                Ok(frame) => line.count(frame.data_ref().map_or(0, Bytes::len)),
                Err(error) => line.broke(error),
            }
        }
        if let (Some(line), Poll::Ready(frame)) = (&mut this.line, &polled)
            && (frame.is_none() || this.content.is_end_stream())
        {
            line.ended();
        }
        if let Poll::Ready(Some(Err(error))) = polled {
            // The library drops what it has not written yet when a body breaks: it gets a chance to write that first.
            this.broken = Some(error);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Relayed(relay) => relay.size_hint(),
        }
    }
}
