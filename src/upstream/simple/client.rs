//! This core's idle connections to one upstream, and an exchange over one of them.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use ::http::{Method, Request, Response, StatusCode};

use super::{
    body::Body,
    head::{self, BadHead, Head, KnownLines, Reuse},
    link::Link,
    request,
};
use crate::{
    deadline::Deadlines,
    upstream::{
        Fields, Group, connection,
        error::Failure,
        retry::Lost,
        settings::Settings,
        stream::{Begun, Stream},
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
    group: Arc<Group>,
    deadlines: Deadlines,
    /// For each endpoint.
    idle: RefCell<Vec<Vec<Link>>>,
    /// Borrowed only between two waits, so that all exchanges can share them.
    output: RefCell<Vec<u8>>,
    input: RefCell<Vec<u8>>,
    known: RefCell<KnownLines>,
}

/// Whether a connection has served before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Reused,
    New,
}

impl Client {
    pub(in crate::upstream) fn new(group: Arc<Group>, deadlines: Deadlines) -> Self {
        let endpoints = group.settings().endpoints.iter();
        let idle = endpoints.map(|_| Vec::new()).collect();
        Self {
            group,
            deadlines,
            idle: RefCell::new(idle),
            output: RefCell::new(Vec::new()),
            input: RefCell::new(vec![0; BODY_READ]),
            known: RefCell::default(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        self.group.settings()
    }

    /// Where bytes of a body are read to.
    pub(super) fn input(&self) -> &RefCell<Vec<u8>> {
        &self.input
    }

    /// Sends the request to one endpoint and waits for the head of its response.
    pub(in crate::upstream) async fn send<B>(
        self: &Rc<Self>,
        endpoint: usize,
        request: &Request<B>,
        fields: &dyn Fields,
        now: Instant,
    ) -> Result<Response<Body>, Lost> {
        let respond = |head: Head, link| match head.response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Err(Failure::Switched),
            _ => self.respond(head, link),
        };
        self.run(endpoint, request, (fields, now), respond).await
    }

    /// Sends a request whose `fields` ask for another protocol, and hands the stream over if the upstream takes it up.
    pub(in crate::upstream) async fn upgrade<B>(
        self: &Rc<Self>,
        endpoint: usize,
        request: &Request<B>,
        fields: &Upgrading<'_>,
        now: Instant,
    ) -> Result<Switched<Body>, Lost> {
        let switch = |head: Head, link: Link| match head.response.status() {
            StatusCode::SWITCHING_PROTOCOLS if !fields.named(head.response.headers()) => {
                Err(Failure::Switched)
            }
            StatusCode::SWITCHING_PROTOCOLS => Ok(Switched::Switched {
                response: head.response,
                stream: link.into_stream(),
                early: head.rest,
            }),
            _ => self.respond(head, link).map(Switched::Response),
        };
        self.run(endpoint, request, (fields, now), switch).await
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
        endpoint: usize,
        request: &Request<B>,
        (fields, now): (&dyn Fields, Instant),
        finish: impl Fn(Head, Link) -> Result<T, Failure>,
    ) -> Result<T, Lost> {
        let mut idle = self.take_idle(endpoint, request.method(), now);
        loop {
            // One place for both, and the rare one boxed: what stands here weighs on every idle client connection.
            let (mut link, now, age) = if let Some(link) = idle.take() {
                (link, now, Age::Reused)
            } else {
                let settings = self.settings();
                let dialing = connection::dial(settings, endpoint, Offer::Http1, now);
                let stream = Box::pin(dialing).await.map_err(Lost::unsent)?;
                let now = self.deadlines.now();
                let link = Link::new(stream, endpoint, self.deadlines.unset(), now);
                (link, now, Age::New)
            };
            link.last_used = now;
            link.deadline.set(now, self.settings().response_timeout);
            match self.exchange(link, request, fields, &finish).await {
                Ok(finished) => return Ok(finished),
                Err(lost) if age == Age::Reused && lost.may_repeat(request.method()) => {}
                Err(lost) => return Err(lost),
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
        let mut unsent = self.write_at_once(&mut link, request, fields)?;
        let mut early = Vec::new();
        let head = poll_fn(|context| {
            // Whether it can be written or not: an upstream may answer before it has read everything, and close.
            if let Some(rest) = &mut unsent
                && link.poll_write_rest(context, rest).is_ready()
            {
                unsent = None;
            }
            let polled = self.poll_head(&mut link, &mut early, request.method(), context);
            if polled.is_pending() && link.deadline.poll_elapsed(context).is_ready() {
                return Poll::Ready(Err(Failure::ResponseTimeout.into()));
            }
            polled
        });
        let mut head = head.await?;
        link.deadline.unset();
        if unsent.is_some() {
            head.reuse = Reuse::Forbidden;
        }
        Ok(finish(head, link)?)
    }

    /// What could not be written at once, if anything.
    fn write_at_once<B>(
        &self,
        link: &mut Link,
        request: &Request<B>,
        fields: &dyn Fields,
    ) -> Result<Option<Vec<u8>>, Lost> {
        let mut output = self.output.borrow_mut();
        output.clear();
        request::write(request, fields, &mut output);
        let begun = link.begin_write(&output);
        let begun = begun.map_err(|error| Lost::unsent(Failure::closed(error.into())))?;
        Ok(match begun {
            Begun::All => None,
            Begun::Some(written) => Some(output.get(written..).unwrap_or_default().to_vec()),
        })
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
                Err(error) => {
                    let failure = Failure::closed(error.into());
                    return Poll::Ready(Err(if early.is_empty() {
                        Lost::unanswered(failure)
                    } else {
                        failure.into()
                    }));
                }
            };
            let known = &mut *self.known.borrow_mut();
            match read_head(bytes, (early, known), method) {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(bad) => return Poll::Ready(Err(Failure::NotHttp(bad.into()).into())),
            }
        }
    }

    /// The most recently used connection to the endpoint that is fit for another request.
    fn take_idle(&self, endpoint: usize, method: &Method, now: Instant) -> Option<Link> {
        let mut idle = self.idle.borrow_mut();
        let idle = idle.get_mut(endpoint)?;
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

    /// Takes a connection that was made for something else.
    pub(in crate::upstream) fn adopt(&self, endpoint: usize, stream: Stream) {
        let now = self.deadlines.now();
        self.put_back(Link::new(stream, endpoint, self.deadlines.unset(), now));
    }

    pub(super) fn put_back(&self, link: Link) {
        let settings = self.settings();
        // As of its last exchange: what is a little older then is closed after the next, or by the sweep.
        let age = link.last_used.saturating_duration_since(link.born);
        if let Some(idle) = self.idle.borrow_mut().get_mut(link.endpoint)
            && idle.len() < settings.max_idle
            && age <= settings.connection_age
        {
            idle.push(link);
        }
    }

    /// Closes connections that nobody has used for too long, or that the upstream has closed.
    pub(in crate::upstream) fn close_stale(&self, now: Instant) {
        for idle in self.idle.borrow_mut().iter_mut() {
            idle.retain_mut(|link| link.seems_quiet() && !self.is_stale(link, now));
        }
    }

    fn is_stale(&self, link: &Link, now: Instant) -> bool {
        now.saturating_duration_since(link.last_used) > self.settings().keep_alive
    }

    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle.borrow().iter().map(Vec::len).sum()
    }
}

pub(in crate::upstream) fn read_head(
    bytes: &[u8],
    (early, known): (&mut Vec<u8>, &mut KnownLines),
    method: &Method,
) -> Result<Option<Head>, BadHead> {
    if early.is_empty() {
        let head = head::read(bytes, method, known)?;
        if head.is_none() {
            early.extend_from_slice(bytes);
        }
        return Ok(head);
    }
    early.extend_from_slice(bytes);
    // A head ends with a line: without the end of one there is nothing new to parse.
    let head = match memchr::memchr(b'\n', bytes) {
        Some(_) => head::read(early, method, known)?,
        None => None,
    };
    if head.is_none() && early.len() > HEAD_LIMIT {
        return Err(BadHead::TooLarge);
    }
    Ok(head)
}
