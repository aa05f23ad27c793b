//! One upstream on one core: which endpoint and which client a request goes to, and the protocol library's idle
//! connections.
//!
//! A connection that was idle may have been closed by the upstream in the same moment. The library hands a request
//! that it never began to send back, and such a request goes over another connection; one that was sent
//! through the library is never repeated, since its body is gone.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Instant};

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;

use super::{
    balance::Endpoints,
    connection::{self, Connection},
    endpoint::Standing,
    error::{Failure, Undelivered},
    fields::{Fields, insert_all},
    gate::LineIsFull,
    group::Group,
    http2,
    patience::Patience,
    relay::Relay,
    retry::{Attempts, Budget, Lost, Stage},
    settings::{Endpoint, Protocol, Settings},
    simple,
    tally::Event,
    ticket::Ticket,
    upgrade::{Switched, Upgrading},
    upload::{BodyLimits, Upload},
};
use crate::{
    deadline::Deadlines,
    entropy::Entropy,
    http::{
        header::{Occurrence, occurrence},
        request_body::RequestBody,
        stripped::Stripped,
    },
};

/// One upstream, as seen from one core.
#[derive(Debug)]
pub struct Upstream {
    group: Arc<Group>,
    deadlines: Deadlines,
    pub(super) simple: Rc<simple::Client>,
    pub(super) http2: http2::Client,
    pub(super) stripped: Arc<Stripped>,
    idle: RefCell<Vec<Connection>>,
    budget: Budget,
    entropy: RefCell<Entropy>,
}

impl Upstream {
    /// An upstream without any connection yet. `stripped` are the names that no client may send, not in trailers either.
    pub fn new(
        group: Arc<Group>,
        deadlines: Deadlines,
        entropy: Entropy,
        stripped: Arc<Stripped>,
    ) -> Self {
        let simple = Rc::new(simple::Client::new(Arc::clone(&group), deadlines.clone()));
        Self {
            http2: http2::Client::new(Arc::clone(&group), deadlines.clone(), Rc::clone(&simple)),
            stripped,
            budget: Budget::new(group.settings().retry, deadlines.now()),
            group,
            deadlines,
            simple,
            idle: RefCell::new(Vec::new()),
            entropy: RefCell::new(entropy),
        }
    }

    /// Whether it is this group's, for requests from which these names are removed.
    pub fn is_of(&self, group: &Arc<Group>, stripped: &Arc<Stripped>) -> bool {
        Arc::ptr_eq(&self.group, group) && Arc::ptr_eq(&self.stripped, stripped)
    }

    /// What the operator said.
    pub fn settings(&self) -> &Settings {
        self.group.settings()
    }

    /// A Host for requests that came without one: the first endpoint's.
    pub fn authority(&self) -> HeaderValue {
        let endpoint = self.settings().endpoints.first().map(Endpoint::authority);
        let authority = endpoint.and_then(|authority| HeaderValue::try_from(authority).ok());
        authority.unwrap_or(HeaderValue::from_static("localhost"))
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Sends the request with further fields, its body as far as `limits` allow, and waits for the head of its response.
    ///
    /// It waits for nothing before that, unless the upstream has all the requests that it may have.
    pub async fn send(
        self: &Rc<Self>,
        mut request: Box<Request<RequestBody>>,
        fields: &dyn Fields,
        limits: BodyLimits,
        now: Instant,
    ) -> Result<Response<Relay>, Undelivered> {
        if self.settings().protocol != Protocol::Http1 {
            return Box::pin(self.negotiate(request, fields, limits, now)).await;
        }
        if request.body().is_end_stream() {
            let simple = &self.simple;
            let exchange =
                async |endpoint, now| simple.send(endpoint, &*request, fields, now).await;
            let (response, ticket) = self.deliver(request.method(), now, exchange).await?;
            return Ok(response.map(|body| Relay::simple(body, ticket)));
        }
        insert_all(fields, request.headers_mut());
        // Most requests have no body, and should not carry this about.
        Box::pin(self.send_with_body(request, limits, now)).await
    }

    /// Whether another protocol than HTTP can be asked for: HTTP/2 has no way to.
    pub fn can_switch(&self) -> bool {
        match self.settings().protocol {
            Protocol::Http1 | Protocol::Auto => true,
            Protocol::Http2 => false,
        }
    }

    /// Asks for another protocol by a request without a body, over HTTP/1.1.
    ///
    /// `protocol` is the value of `Upgrade`. It and `Connection` are written here, since both belong to one hop and are
    /// in no request that has been cleaned. What has switched is not counted any more: it is no request.
    pub async fn upgrade<B>(
        self: &Rc<Self>,
        request: &Request<B>,
        fields: &dyn Fields,
        protocol: &HeaderValue,
        now: Instant,
    ) -> Result<Switched, Undelivered> {
        let fields = Upgrading { fields, protocol };
        let simple = &self.simple;
        let exchange = async |endpoint, now| simple.upgrade(endpoint, request, &fields, now).await;
        let (switched, ticket) = self.deliver(request.method(), now, exchange).await?;
        Ok(switched.map(|body| Relay::simple(body, ticket)))
    }

    /// Chooses endpoints until one gives something, or there is none that the request may go to.
    pub(super) async fn deliver<T>(
        self: &Rc<Self>,
        method: &Method,
        now: Instant,
        exchange: impl AsyncFn(usize, Instant) -> Result<T, Lost>,
    ) -> Result<(T, Ticket), Undelivered> {
        let (mut ticket, mut now) = self.enter(now).await?;
        let mut attempts = Attempts::default();
        let mut endpoint = self.begin(&mut ticket, now)?;
        loop {
            match exchange(endpoint, now).await {
                Ok(given) => {
                    self.succeeded(endpoint);
                    return Ok((given, ticket));
                }
                Err(lost) => {
                    let next = self.next_after(endpoint, &lost, method, &mut attempts);
                    endpoint = next.ok_or_else(|| self.given_up(endpoint, lost.failure))?;
                    ticket.count_at(endpoint);
                    now = self.deadlines.now();
                }
            }
        }
    }

    async fn send_with_body(
        self: &Rc<Self>,
        request: Box<Request<RequestBody>>,
        limits: BodyLimits,
        now: Instant,
    ) -> Result<Response<Relay>, Undelivered> {
        let (mut ticket, now) = self.enter(now).await?;
        let patience = Rc::new(Patience::new(self.deadlines.unset()));
        let method = request.method().clone();
        let silence = self.deadlines.unset();
        let mut request = (*request).map(|body| Upload::new(body, limits, &patience, silence));
        let mut attempts = Attempts::default();
        let mut endpoint = self.begin(&mut ticket, now)?;
        loop {
            let lost = match self.send_to(endpoint, request, &patience).await {
                Exchange::Done(Ok((response, connection))) => {
                    self.succeeded(endpoint);
                    return Ok(response.map(|body| Relay::library(body, connection, ticket)));
                }
                Exchange::Done(Err(failure)) => {
                    self.group.failed(endpoint, &failure, self.deadlines.now());
                    return Err(self.given_up(endpoint, failure));
                }
                Exchange::NotSent(unsent, failure) => {
                    request = unsent;
                    Lost::unsent(failure)
                }
            };
            let next = self.next_after(endpoint, &lost, &method, &mut attempts);
            endpoint = next.ok_or_else(|| self.given_up(endpoint, lost.failure))?;
            ticket.count_at(endpoint);
        }
    }

    /// Passes the gate, and says what time it is then.
    async fn enter(self: &Rc<Self>, now: Instant) -> Result<(Ticket, Instant), Failure> {
        if self.group.gate().try_enter() {
            return Ok((Ticket::entered(self), now));
        }
        // Few have to wait, and the state of a wait should not weigh on every idle connection.
        Box::pin(self.wait_in_line()).await?;
        Ok((Ticket::entered(self), self.deadlines.now()))
    }

    /// Waits for room at the upstream.
    async fn wait_in_line(&self) -> Result<(), Failure> {
        let limit = self.deadlines.unset();
        limit.set_from_now(self.settings().concurrency.wait);
        match limit.bound(self.group.gate().enter()).await {
            Some(Ok(())) => Ok(()),
            Some(Err(LineIsFull)) | None => Err(Failure::Busy {
                upstream: self.settings().name.clone(),
            }),
        }
    }

    /// Where the request goes first.
    fn begin(&self, ticket: &mut Ticket, now: Instant) -> Result<usize, Failure> {
        if self.group.has_several() {
            self.budget.earn();
        }
        let endpoint = self.choose(Endpoints::default(), now);
        let endpoint = endpoint.ok_or_else(|| Failure::Down {
            upstream: self.settings().name.clone(),
        })?;
        ticket.count_at(endpoint);
        Ok(endpoint)
    }

    /// Where the request goes after it was lost at an endpoint, if it may go anywhere.
    fn next_after(
        &self,
        endpoint: usize,
        lost: &Lost,
        method: &Method,
        attempts: &mut Attempts,
    ) -> Option<usize> {
        let now = self.deadlines.now();
        self.group.failed(endpoint, &lost.failure, now);
        attempts.tried.add(endpoint);
        if !lost.may_repeat(method) || !self.group.has_untried(attempts.tried) {
            return None;
        }
        // Sent or not: what the upstream cannot have begun is no additional load.
        if lost.stage != Stage::Unsent {
            let allowed = self.settings().retry.attempts > attempts.repeated;
            if !allowed || !self.budget.spend(now) {
                return None;
            }
            attempts.repeated += 1;
            self.group.tally().add(Event::Repeated);
        }
        self.choose(attempts.tried, now)
    }

    #[cold]
    fn given_up(&self, endpoint: usize, failure: Failure) -> Undelivered {
        let endpoint = self.settings().endpoints.get(endpoint);
        let endpoint = endpoint.map(|endpoint| endpoint.to_string().into());
        Undelivered { failure, endpoint }
    }

    fn choose(&self, tried: Endpoints, now: Instant) -> Option<usize> {
        let random = || u64::from_le_bytes(self.entropy.borrow_mut().bytes());
        self.group.choose(tried, now, random)
    }

    fn succeeded(&self, endpoint: usize) {
        if self
            .group
            .standing(endpoint)
            .is_some_and(Standing::has_failed)
        {
            self.group.recovered(endpoint, self.deadlines.now());
        }
    }

    /// Sends the request over idle connections to the endpoint until one takes it, or over a new one.
    pub(super) async fn send_to(
        &self,
        endpoint: usize,
        mut request: Request<Upload>,
        patience: &Patience,
    ) -> Exchange {
        reframe(&mut request);
        let timeout = self.settings().response_timeout;
        let now = self.deadlines.now();
        while let Some(connection) = self.take_idle(endpoint, now) {
            patience.begin(timeout);
            match exchange(connection, request, patience).await {
                Exchange::NotSent(unsent, _) => request = unsent,
                done @ Exchange::Done(_) => return done,
            }
        }
        match connection::connect(self.settings(), endpoint, now).await {
            Ok(connection) => {
                patience.begin(timeout);
                exchange(connection, request, patience).await
            }
            Err(failure) => Exchange::NotSent(request, failure),
        }
    }

    /// The most recently used connection to the endpoint that is fit for another request.
    fn take_idle(&self, endpoint: usize, now: Instant) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let mut position = idle.len();
        while position > 0 {
            position -= 1;
            let connection = idle.get(position)?;
            if !self.is_fit(connection, now) {
                idle.swap_remove(position);
            } else if connection.endpoint == endpoint && connection.sender.is_ready() {
                return Some(idle.swap_remove(position));
            }
        }
        None
    }

    fn is_fit(&self, connection: &Connection, now: Instant) -> bool {
        let settings = self.settings();
        !connection.sender.is_closed()
            && connection.course.may_go_on()
            && now.saturating_duration_since(connection.idle_since) <= settings.keep_alive
            && now.saturating_duration_since(connection.born) <= settings.connection_age
    }

    pub(super) fn put_back(&self, mut connection: Connection) {
        let now = self.deadlines.now();
        connection.idle_since = now;
        let mut idle = self.idle.borrow_mut();
        let same = idle
            .iter()
            .filter(|other| other.endpoint == connection.endpoint);
        if self.is_fit(&connection, now) && same.count() < self.settings().max_idle {
            idle.push(connection);
        }
    }

    /// Closes connections that nobody has used for too long.
    pub fn close_stale(&self) {
        let now = self.deadlines.now();
        self.simple.close_stale(now);
        self.http2.close_stale(now);
        self.idle
            .borrow_mut()
            .retain(|connection| self.is_fit(connection, now));
    }
}

/// Leaves nothing of what the client said about the length of its body: the library says what it sends itself.
fn reframe(request: &mut Request<Upload>) {
    let is_known = request.body().size_hint().exact().is_some();
    let headers = request.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    if !is_known {
        // Unless it is told so the library takes a GET to have no body, and drops what there is.
        let chunked = HeaderValue::from_static("chunked");
        headers.insert(header::TRANSFER_ENCODING, chunked);
    }
}

/// The same length may have been said more than once, and goes on as one.
fn say_length_once(headers: &mut HeaderMap) {
    if let Occurrence::Repeated(length) = occurrence(headers, &header::CONTENT_LENGTH) {
        let length = length.clone();
        headers.insert(header::CONTENT_LENGTH, length);
    }
}

/// How an attempt went.
pub(super) enum Exchange {
    Done(Result<(Response<Incoming>, Connection), Failure>),
    /// Nothing was sent; the request is back.
    NotSent(Request<Upload>, Failure),
}

async fn exchange(
    mut connection: Connection,
    request: Request<Upload>,
    patience: &Patience,
) -> Exchange {
    request.body().go_over(&connection.course, request.method());
    let sending = connection.sender.try_send_request(request);
    match patience.bound(sending).await {
        None => Exchange::Done(Err(Failure::ResponseTimeout)),
        // No request asks for an upgrade: what follows on such a connection is not HTTP.
        Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            Exchange::Done(Err(Failure::Switched))
        }
        Some(Ok(mut response)) => {
            // A gateway answers in its own version, not in the upstream's.
            *response.version_mut() = Version::HTTP_11;
            say_length_once(response.headers_mut());
            Exchange::Done(Ok((response, connection)))
        }
        Some(Err(mut error)) => {
            let unsent = error.take_message();
            let failure = Failure::from_exchange(error.into_error());
            match unsent {
                Some(request) => Exchange::NotSent(request, failure),
                None => Exchange::Done(Err(failure)),
            }
        }
    }
}
