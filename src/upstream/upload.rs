//! A request body on its way to the upstream.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use ::http::Method;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{patience::Patience, wire::Course};
use crate::{
    deadline::Deadline,
    http::{header::clean_trailers, request_body::RequestBody, stripped::Stripped},
};

/// What a client may send.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The most bytes.
    pub size: u64,
    /// The longest wait for the next of them.
    pub silence: Duration,
}

/// Why a body does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    /// The client went away or broke the framing.
    #[error("the client's body ended early")]
    Broken(#[source] hyper::Error),
    /// More than the limit.
    #[error("the client's body is too large")]
    TooLarge,
    /// Nothing came for too long.
    #[error("the client's body stalled")]
    Stalled,
}

/// The client's body. The wait for the response begins anew with every piece that moves and does not go on while the
/// client is silent, so that a long upload is not taken for a slow upstream.
#[derive(Debug)]
pub(super) struct Upload {
    source: Rc<Source>,
    trailers: Trailers,
}

/// What stays of a body when the client of the protocol drops it unsent.
#[derive(Debug)]
pub(super) struct Source {
    /// Until nobody hears it any more.
    body: RefCell<Option<RequestBody>>,
    /// Of the connection that it goes over, where that tells.
    course: RefCell<Option<Rc<Course>>>,
    patience: Rc<Patience>,
    taken: Cell<Taken>,
    /// How many bytes more it may have.
    left: Cell<u64>,
    longest_silence: Duration,
    silence: Deadline,
    client: Cell<Client>,
}

/// Whether a piece is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Sends,
    IsSilent,
}

/// Whether the upstream gets trailers.
#[derive(Debug, Clone)]
pub(super) enum Trailers {
    /// HTTP/1.1 has servers that take any of them for a header: none goes on.
    Dropped,
    /// All but those that a client may not send.
    Cleaned(Arc<Stripped>),
}

/// What has been read of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Nothing,
    Something,
    /// The client has broken off.
    Broken,
    TooLarge,
    Stalled,
}

impl Upload {
    /// The body, without its trailers. `silence` is a deadline of its own.
    pub(super) fn new(
        body: RequestBody,
        limits: BodyLimits,
        patience: &Rc<Patience>,
        silence: Deadline,
    ) -> Self {
        let source = Source {
            body: RefCell::new(Some(body)),
            course: RefCell::new(None),
            patience: Rc::clone(patience),
            taken: Cell::new(Taken::Nothing),
            left: Cell::new(limits.size),
            longest_silence: limits.silence,
            silence,
            client: Cell::new(Client::Sends),
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

    /// Goes over this connection from now on.
    pub(super) fn go_over(&self, course: &Rc<Course>, method: &Method) {
        course.begin(method, &self.source);
        *self.source.course.borrow_mut() = Some(Rc::clone(course));
    }

    /// What becomes of its trailers.
    pub(super) fn trailers(&self) -> Trailers {
        self.trailers.clone()
    }

    /// Whether all of it is still there.
    pub(super) fn is_untouched(&self) -> bool {
        self.taken() == Taken::Nothing
    }

    /// Whether there is none, and has been none: a body that was read to its end is not empty.
    pub(super) fn is_empty(&self) -> bool {
        self.is_untouched() && self.is_end_stream()
    }

    /// How far it was read, and whether it is the client's fault that the upstream did not get all of it.
    pub(super) fn taken(&self) -> Taken {
        self.source.taken.get()
    }
}

impl Source {
    /// From now on the upstream owes nothing but to read.
    pub(super) fn await_reader(&self) {
        self.patience.renew();
    }

    /// Ready when the upstream has not read for too long.
    pub(super) fn poll_unread(&self, context: &mut Context<'_>) -> Poll<()> {
        self.patience.poll_exhausted(context)
    }

    /// Lets go of the client's body where sending it is of no use. What the upstream has said may still arrive.
    fn is_given_up(&self) -> bool {
        let course = self.course.borrow();
        if !course.as_ref().is_some_and(|course| course.is_unheard()) {
            return false;
        }
        if self.body.borrow_mut().take().is_some() {
            self.silence.unset();
            self.patience.renew();
        }
        true
    }

    /// Something came, or the end.
    fn heard(&self) {
        self.client.set(Client::Sends);
        self.silence.unset();
        self.patience.renew();
    }

    fn poll_silence(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.client.replace(Client::IsSilent) == Client::Sends {
            self.patience.pause();
            self.silence.set_from_now(self.longest_silence);
        }
        self.silence.poll_elapsed(context)
    }

    fn fail(&self, taken: Taken, error: UploadError) -> UploadError {
        self.taken.set(taken);
        error
    }

    fn take(&self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, UploadError> {
        self.taken.set(Taken::Something);
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.left.get().checked_sub(length) {
            Some(left) => self.left.set(left),
            None => return Err(self.fail(Taken::TooLarge, UploadError::TooLarge)),
        }
        Ok(frame)
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

    /// Whether the client may be silent for as long as the upstream is not: streams of HTTP/2 speak in both directions
    /// at once, and either may have nothing to say for long.
    fn may_be_silent(&self) -> bool {
        matches!(self, Self::Cleaned(_))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let source = &*self.source;
        if source.is_given_up() {
            // Neither an end nor an error: the library would break the answer off.
            return Poll::Pending;
        }
        let polled = match source.body.borrow_mut().as_mut() {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        };
        let Poll::Ready(polled) = polled else {
            if self.trailers.may_be_silent() {
                return Poll::Pending;
            }
            let silence = source.poll_silence(context);
            return silence.map(|()| Some(Err(source.fail(Taken::Stalled, UploadError::Stalled))));
        };
        source.heard();
        Poll::Ready(match polled {
            Some(Ok(frame)) => match source.take(frame) {
                Ok(frame) => self.trailers.pass(frame).map(Ok),
                Err(error) => Some(Err(error)),
            },
            Some(Err(error)) => Some(Err(source.fail(Taken::Broken, UploadError::Broken(error)))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        let body = self.source.body.borrow();
        body.as_ref().is_some_and(RequestBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.source.body.borrow();
        body.as_ref()
            .map_or_else(SizeHint::default, RequestBody::size_hint)
    }
}
