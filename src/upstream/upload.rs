//! A request body on its way to the upstream.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::patience::Patience;
use crate::http::header::{Stripped, clean_trailers};

/// The client's body; every piece that moves postpones the wait for the response, so that a long upload is not taken
/// for a slow upstream.
#[derive(Debug)]
pub(super) struct Upload {
    source: Rc<Source>,
    trailers: Trailers,
}

/// What stays of a body when the client of the protocol drops it unsent.
#[derive(Debug)]
struct Source {
    body: RefCell<Incoming>,
    patience: Rc<Patience>,
    taken: Cell<Taken>,
}

/// Whether the upstream gets trailers.
#[derive(Debug, Clone)]
pub(super) enum Trailers {
    /// HTTP/1.1 has servers that take any of them for a header: none goes on.
    Dropped,
    /// All but those that a client may not send.
    Cleaned(Rc<Stripped>),
}

/// What has been read of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Nothing,
    Something,
    /// The client has broken off.
    Broken,
}

impl Upload {
    /// The body, without its trailers.
    pub(super) fn new(body: Incoming, patience: &Rc<Patience>) -> Self {
        let source = Source {
            body: RefCell::new(body),
            patience: Rc::clone(patience),
            taken: Cell::new(Taken::Nothing),
        };
        Self {
            source: Rc::new(source),
            trailers: Trailers::Dropped,
        }
    }

    /// The same body for another attempt: the one before must not read on.
    pub(super) fn twin(&self, trailers: Trailers) -> Self {
        let source = Rc::clone(&self.source);
        Self { source, trailers }
    }

    /// What becomes of its trailers.
    pub(super) fn trailers(&self) -> Trailers {
        self.trailers.clone()
    }

    /// Whether all of it is still there.
    pub(super) fn is_untouched(&self) -> bool {
        self.source.taken.get() == Taken::Nothing
    }

    /// Whether there is none, and has been none: a body that was read to its end is not empty.
    pub(super) fn is_empty(&self) -> bool {
        self.is_untouched() && self.is_end_stream()
    }

    /// Whether it is the client's fault that the upstream did not get all of it.
    pub(super) fn is_broken(&self) -> bool {
        self.source.taken.get() == Taken::Broken
    }
}

impl Trailers {
    /// What goes on of a frame; `None` ends the body.
    fn pass(&self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        match (frame.into_trailers(), self) {
            (Err(data), _) => Some(data),
            (Ok(_), Self::Dropped) => None,
            (Ok(mut trailers), Self::Cleaned(stripped)) => {
                clean_trailers(&mut trailers, |name| stripped.covers(name));
                Some(Frame::trailers(trailers))
            }
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let source = &*self.source;
        let polled = Pin::new(&mut *source.body.borrow_mut()).poll_frame(context);
        polled.map(|frame| {
            source.patience.renew();
            match frame {
                Some(Ok(frame)) => {
                    source.taken.set(Taken::Something);
                    self.trailers.pass(frame).map(Ok)
                }
                Some(Err(error)) => {
                    source.taken.set(Taken::Broken);
                    Some(Err(error))
                }
                None => None,
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.source.body.borrow().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.body.borrow().size_hint()
    }
}
