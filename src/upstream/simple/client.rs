//! This core's idle connections to one upstream, and an exchange over one of them.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

use ::http::{Method, Request, Response, StatusCode};

use super::{
    body::Body,
    head::{self, BadHead, Head},
    link::{Link, WriteError},
    request,
};
use crate::{
    deadline::Deadlines,
    upstream::{
        Fields, Relay, connection,
        error::Failure,
        settings::Settings,
        stream::Begun,
        tls::Offer,
        upgrade::{Switched, Upgrading},
    },
};

/// How much of a response is read at once until its head is there.
const HEAD_READ: usize = 16 * 1024;

/// How large the head of a response may be, with what comes before and after it.
const HEAD_LIMIT: usize = 128 * 1024;

/// How much of a body is read at once: all that an exchange ever holds.
const BODY_READ: usize = 64 * 1024;

/// One upstream, for requests without a body, as seen from one core.
#[derive(Debug)]
pub(in crate::upstream) struct Client {
    settings: Rc<Settings>,
    deadlines: Deadlines,
    idle: RefCell<Vec<Link>>,
    /// Borrowed only between two waits, so that all exchanges can share them.
    output: RefCell<Vec<u8>>,
    input: RefCell<Vec<u8>>,
}

/// How an exchange ends without a response.
enum Lost {
    /// Nothing has left.
    Unsent(io::Error),
    /// The request has left, and not one byte has come back.
    Unanswered(io::Error),
    Failed(Failure),
}

/// Whether a connection has served before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Reused,
    New,
}

impl Lost {
    /// Whether the request can be sent again without being done twice.
    fn may_repeat(&self, method: &Method) -> bool {
        match self {
            Self::Unsent(_) => true,
            Self::Unanswered(_) => method.is_idempotent(),
            Self::Failed(_) => false,
        }
    }
}

impl Client {
    pub(in crate::upstream) fn new(settings: Rc<Settings>, deadlines: Deadlines) -> Self {
        Self {
            settings,
            deadlines,
            idle: RefCell::new(Vec::new()),
            output: RefCell::new(Vec::new()),
            input: RefCell::new(vec![0; BODY_READ]),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where bytes of a body are read to.
    pub(super) fn input(&self) -> &RefCell<Vec<u8>> {
        &self.input
    }

    /// Sends the request and waits for the head of its response.
    pub(in crate::upstream) async fn send<B>(
        self: &Rc<Self>,
        request: &Request<B>,
        fields: &dyn Fields,
        now: Instant,
    ) -> Result<Response<Body>, Failure> {
        let respond = |head: Head, link| match head.response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Err(Failure::Switched),
            _ => self.respond(head, link),
        };
        self.run(request, fields, now, respond).await
    }

    /// Sends a request whose `fields` ask for another protocol, and hands the stream over if the upstream takes it up.
    pub(in crate::upstream) async fn upgrade<B>(
        self: &Rc<Self>,
        request: &Request<B>,
        fields: &Upgrading<'_>,
        now: Instant,
    ) -> Result<Switched, Failure> {
        let switch = |head: Head, link: Link| match head.response.status() {
            StatusCode::SWITCHING_PROTOCOLS if !fields.named(head.response.headers()) => {
                Err(Failure::Switched)
            }
            StatusCode::SWITCHING_PROTOCOLS => Ok(Switched::Switched {
                response: head.response,
                stream: link.into_stream(),
                early: head.rest,
            }),
            _ => {
                let response = self.respond(head, link)?;
                Ok(Switched::Response(response.map(Relay::simple)))
            }
        };
        self.run(request, fields, now, switch).await
    }

    fn respond(self: &Rc<Self>, head: Head, link: Link) -> Result<Response<Body>, Failure> {
        let body = Body::begin(head.framing, head.reuse, head.rest, link, self)
            .map_err(|bad| Failure::NotHttp(bad.into()))?;
        Ok(head.response.map(|()| body))
    }

    /// Exchanges the request for what `finish` makes of the head that comes back.
    ///
    /// An idle connection may have been closed by the upstream in the same moment. What was lost by that is sent once
    /// more, over a new connection, when that cannot do it twice (RFC 9110 section 9.2.2).
    async fn run<B, T>(
        &self,
        request: &Request<B>,
        fields: &dyn Fields,
        now: Instant,
        finish: impl Fn(Head, Link) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut idle = self.take_idle(request.method(), now);
        loop {
            // One place for both, and the rare one boxed: what stands here weighs on every idle client connection.
            let (mut link, now, age) = if let Some(link) = idle.take() {
                (link, now, Age::Reused)
            } else {
                let stream = Box::pin(connection::dial(&self.settings, Offer::Http1, now)).await?;
                let now = self.deadlines.now();
                let link = Link::new(stream, self.deadlines.unset(), now);
                (link, now, Age::New)
            };
            link.last_used = now;
            link.deadline.set(now, self.settings.response_timeout);
            match self.exchange(link, request, fields, &finish).await {
                Ok(finished) => return Ok(finished),
                Err(lost) if age == Age::Reused && lost.may_repeat(request.method()) => {}
                Err(lost) => return Err(lost.into()),
            }
        }
    }

    async fn exchange<B, T>(
        &self,
        mut link: Link,
        request: &Request<B>,
        fields: &dyn Fields,
        finish: &impl Fn(Head, Link) -> Result<T, Failure>,
    ) -> Result<T, Lost> {
        if let Some(rest) = self.write_at_once(&mut link, request, fields)? {
            self.write_rest(&mut link, &rest).await?;
        }
        let mut early = Vec::new();
        let head = poll_fn(|context| {
            let polled = self.poll_head(&mut link, &mut early, request.method(), context);
            if polled.is_pending() && link.deadline.poll_elapsed(context).is_ready() {
                return Poll::Ready(Err(Lost::Failed(Failure::ResponseTimeout)));
            }
            polled
        });
        let head = head.await?;
        link.deadline.unset();
        Ok(finish(head, link)?)
    }

    /// What could not be written at once, if anything.
    fn write_at_once<B>(
        &self,
        link: &mut Link,
        request: &Request<B>,
        fields: &dyn Fields,
    ) -> Result<Option<Vec<u8>>, WriteError> {
        let mut output = self.output.borrow_mut();
        output.clear();
        request::write(request, fields, &mut output);
        Ok(match link.begin_write(&output)? {
            Begun::All => None,
            Begun::Some(written) => Some(output.get(written..).unwrap_or_default().to_vec()),
        })
    }

    async fn write_rest(&self, link: &mut Link, rest: &[u8]) -> Result<(), Lost> {
        let deadline = link.deadline.clone();
        match deadline.bound(link.finish_write(rest)).await {
            Some(written) => Ok(written?),
            None => Err(Lost::Failed(Failure::ResponseTimeout)),
        }
    }

    /// Reads until there is a head; `early` holds what came before it was complete.
    fn poll_head(
        &self,
        link: &mut Link,
        early: &mut Vec<u8>,
        method: &Method,
        context: &mut Context<'_>,
    ) -> Poll<Result<Head, Lost>> {
        let mut input = self.input.borrow_mut();
        loop {
            let buffer = input.get_mut(..HEAD_READ).unwrap_or_default();
            let read = match ready!(link.poll_read(context, buffer)) {
                Ok([]) => Err(io::ErrorKind::UnexpectedEof.into()),
                other => other,
            };
            let bytes = match read {
                Ok(bytes) => bytes,
                Err(error) if early.is_empty() => return Poll::Ready(Err(Lost::Unanswered(error))),
                Err(error) => return Poll::Ready(Err(Failure::closed(error.into()).into())),
            };
            match read_head(bytes, early, method) {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(bad) => return Poll::Ready(Err(Failure::NotHttp(bad.into()).into())),
            }
        }
    }

    /// The most recently used connection that is fit for another request.
    fn take_idle(&self, method: &Method, now: Instant) -> Option<Link> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut link) = idle.pop() {
            // A request that must not be repeated is worth a system call.
            let quiet = if method.is_idempotent() {
                link.seems_quiet()
            } else {
                link.is_quiet()
            };
            if quiet && !self.is_stale(&link, now) {
                return Some(link);
            }
        }
        None
    }

    pub(super) fn put_back(&self, link: Link) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.settings.max_idle {
            idle.push(link);
        }
    }

    /// Closes connections that nobody has used for too long, or that the upstream has closed.
    pub(in crate::upstream) fn close_stale(&self, now: Instant) {
        let mut idle = self.idle.borrow_mut();
        idle.retain_mut(|link| link.seems_quiet() && !self.is_stale(link, now));
    }

    fn is_stale(&self, link: &Link, now: Instant) -> bool {
        now.saturating_duration_since(link.last_used) > self.settings.keep_alive
    }

    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle.borrow().len()
    }
}

fn read_head(bytes: &[u8], early: &mut Vec<u8>, method: &Method) -> Result<Option<Head>, BadHead> {
    if early.is_empty() {
        let head = head::read(bytes, method)?;
        if head.is_none() {
            early.extend_from_slice(bytes);
        }
        return Ok(head);
    }
    early.extend_from_slice(bytes);
    // A head ends with a line: without the end of one there is nothing new to parse.
    let head = match memchr::memchr(b'\n', bytes) {
        Some(_) => head::read(early, method)?,
        None => None,
    };
    if head.is_none() && early.len() > HEAD_LIMIT {
        return Err(BadHead::TooLarge);
    }
    Ok(head)
}

impl From<WriteError> for Lost {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotBegun(error) => Self::Unsent(error),
            WriteError::Interrupted(error) => Self::Unanswered(error),
        }
    }
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unsent(error) | Lost::Unanswered(error) => Self::closed(error.into()),
            Lost::Failed(failure) => failure,
        }
    }
}
