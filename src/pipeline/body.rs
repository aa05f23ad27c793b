//! The body of an answer: relayed from the upstream, or our own.
//!
//! One that is relayed is broken off when its token stops counting, so that nobody takes what has come for all of it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::{
    access_log::Line,
    open::{Ended, Guard},
};
use crate::upstream::{Relay, RelayError};

/// A body, and the access line that is written when it has left.
#[derive(Debug)]
pub struct Body {
    content: Content,
    line: Option<Box<Line>>,
    guard: Guard,
    /// How it broke off.
    broken: Option<BrokenOff>,
}

/// Why a body is not whole.
#[derive(Debug, thiserror::Error)]
pub enum BrokenOff {
    /// It was the upstream's doing.
    #[error(transparent)]
    Upstream(#[from] RelayError),
    /// Its token stopped counting.
    #[error(transparent)]
    Ended(#[from] Ended),
}

#[derive(Debug)]
enum Content {
    Own(Option<Bytes>),
    Relayed(Relay),
    /// Nothing of what should have come.
    Broken(Option<BrokenOff>),
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

    /// What breaks off at once.
    pub(super) fn broken(error: BrokenOff) -> Self {
        Self::from(Content::Broken(Some(error)))
    }

    pub(super) fn relayed(relay: Relay) -> Self {
        Self::from(Content::Relayed(relay))
    }

    /// To be broken off when the guard says so.
    pub(super) fn guarded(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
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

impl Guard {
    /// The next piece, unless the stream has to end.
    fn poll(
        &mut self,
        relay: &mut Relay,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let polled = Pin::new(relay).poll_frame(context);
        if matches!(self, Self::Off) {
            return polled.map_err(BrokenOff::Upstream);
        }
        let allowed = match &polled {
            Poll::Ready(Some(Ok(_))) => self.poll_piece(context),
            Poll::Pending => self.poll_wait(context),
            Poll::Ready(None | Some(Err(_))) => Ok(()),
        };
        match allowed {
            Ok(()) => polled.map_err(BrokenOff::Upstream),
            Err(ended) => Poll::Ready(Some(Err(ended.into()))),
        }
    }
}

impl Content {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Relayed(relay) => relay.is_end_stream(),
            Self::Broken(_) => false,
        }
    }
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        Self {
            content,
            line: None,
            guard: Guard::Off,
            broken: None,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = match &mut this.content {
            Content::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Relayed(relay) => this.guard.poll(relay, context),
            Content::Broken(error) => Poll::Ready(error.take().map(Err)),
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
            if let BrokenOff::Ended(ended) = &error {
                ended.count();
                // The upstream need not go on.
                this.content = Content::Own(None);
            }
            // The library drops what it has not written yet when a body breaks: it gets a chance to write that first.
            this.broken = Some(error);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Relayed(relay) => relay.size_hint(),
            Content::Broken(_) => SizeHint::default(),
        }
    }
}
