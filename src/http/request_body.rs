//! The body of a request, and what becomes of the rest of it where a handler does not want all.

use std::{
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A body as the client sends it.
#[derive(Debug)]
pub struct RequestBody(Kind);

#[derive(Debug)]
enum Kind {
    Plain(Incoming),
    Rescued(Rescued),
}

/// A body whose rest somebody takes.
#[derive(Debug)]
struct Rescued {
    /// Until it is dropped.
    body: Option<Incoming>,
    taker: Rc<dyn TakesRest>,
}

/// Takes what a handler has not read of a body.
pub trait TakesRest: fmt::Debug {
    /// Called in the moment in which the handler drops the body, if that has not ended.
    fn take_rest(&self, rest: Incoming);
}

impl RequestBody {
    /// The protocol library alone knows what becomes of its rest.
    pub fn plain(body: Incoming) -> Self {
        Self(Kind::Plain(body))
    }

    /// Its rest goes to `taker`.
    pub fn rescued(body: Incoming, taker: Rc<dyn TakesRest>) -> Self {
        let body = Some(body);
        Self(Kind::Rescued(Rescued { body, taker }))
    }

    fn incoming(&self) -> Option<&Incoming> {
        match &self.0 {
            Kind::Plain(body) => Some(body),
            Kind::Rescued(rescued) => rescued.body.as_ref(),
        }
    }
}

impl Drop for Rescued {
    fn drop(&mut self) {
        if let Some(rest) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.taker.take_rest(rest);
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Kind::Plain(body) => Pin::new(body).poll_frame(context),
            Kind::Rescued(rescued) => match &mut rescued.body {
                Some(body) => Pin::new(body).poll_frame(context),
                None => Poll::Ready(None),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.incoming();
        body.map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}
