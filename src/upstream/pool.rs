//! One upstream: which client an exchange goes through, and the protocol library's idle connections.
//!
//! A connection that was idle may have been closed by the upstream in the same moment. The library hands a request
//! that it never began to send back, and such a request goes over another connection; one that was sent is never
//! repeated.

use std::{cell::RefCell, rc::Rc, time::Instant};

use ::http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;

use super::{
    connection::{self, Connection},
    error::Failure,
    fields::{Fields, insert_all},
    relay::Relay,
    settings::{Endpoint, Settings},
    simple,
    upgrade::{Switched, Upgrading},
    upload::Upload,
};
use crate::deadline::{Deadline, Deadlines};

/// One upstream, as seen from one core.
#[derive(Debug)]
pub struct Upstream {
    settings: Rc<Settings>,
    deadlines: Deadlines,
    simple: Rc<simple::Client>,
    idle: RefCell<Vec<Connection>>,
}

impl Upstream {
    /// An upstream without any connection yet.
    pub fn new(settings: Settings, deadlines: Deadlines) -> Self {
        let settings = Rc::new(settings);
        let simple = simple::Client::new(Rc::clone(&settings), deadlines.clone());
        Self {
            settings,
            deadlines,
            simple: Rc::new(simple),
            idle: RefCell::new(Vec::new()),
        }
    }

    /// What the operator said.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A Host for requests that came without one: the first endpoint's.
    pub fn authority(&self) -> HeaderValue {
        let endpoint = self.settings.endpoints.first().map(Endpoint::authority);
        let authority = endpoint.and_then(|authority| HeaderValue::try_from(authority).ok());
        authority.unwrap_or(HeaderValue::from_static("localhost"))
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// Sends the request with further fields and waits for the head of its response.
    pub async fn send(
        self: &Rc<Self>,
        mut request: Box<Request<Incoming>>,
        fields: &dyn Fields,
        now: Instant,
    ) -> Result<Response<Relay>, Failure> {
        if request.body().is_end_stream() {
            let response = self.simple.send(&request, fields, now).await?;
            return Ok(response.map(Relay::simple));
        }
        insert_all(fields, request.headers_mut());
        // Most requests have no body, and should not carry this about.
        Box::pin(self.send_with_body(request, now)).await
    }

    /// Asks for another protocol by a request without a body, over HTTP/1.1.
    ///
    /// `protocol` is the value of `Upgrade`. It and `Connection` are written here, since both belong to one hop and are
    /// in no request that has been cleaned.
    pub async fn upgrade<B>(
        &self,
        request: &Request<B>,
        fields: &dyn Fields,
        protocol: &HeaderValue,
        now: Instant,
    ) -> Result<Switched, Failure> {
        let fields = Upgrading { fields, protocol };
        self.simple.upgrade(request, &fields, now).await
    }

    async fn send_with_body(
        self: &Rc<Self>,
        request: Box<Request<Incoming>>,
        now: Instant,
    ) -> Result<Response<Relay>, Failure> {
        let deadline = self.deadlines.unset();
        let timeout = self.settings.response_timeout;
        let mut request = (*request).map(|body| Upload::new(body, &deadline, timeout));
        while let Some(connection) = self.take_idle(now) {
            deadline.set(now, timeout);
            match self.exchange(connection, request, &deadline).await {
                Exchange::Done(result) => return result,
                Exchange::NotSent(unsent, _) => request = unsent,
            }
        }
        let connection = connection::connect(&self.settings, now).await?;
        deadline.set_from_now(timeout);
        match self.exchange(connection, request, &deadline).await {
            Exchange::Done(result) => result,
            Exchange::NotSent(_, failure) => Err(failure),
        }
    }

    async fn exchange(
        self: &Rc<Self>,
        mut connection: Connection,
        request: Request<Upload>,
        deadline: &Deadline,
    ) -> Exchange {
        let sending = connection.sender.try_send_request(request);
        match deadline.bound(sending).await {
            None => Exchange::Done(Err(Failure::ResponseTimeout)),
            // No request asks for an upgrade: what follows on such a connection is not HTTP.
            Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Exchange::Done(Err(Failure::Switched))
            }
            Some(Ok(mut response)) => {
                // A gateway answers in its own version, not in the upstream's.
                *response.version_mut() = Version::HTTP_11;
                let relay = |body| Relay::library(body, connection, Rc::clone(self));
                Exchange::Done(Ok(response.map(relay)))
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

    /// The most recently used connection that is fit for another request.
    fn take_idle(&self, now: Instant) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let mut position = idle.len();
        while position > 0 {
            position -= 1;
            let connection = idle.get(position)?;
            let too_old = now.duration_since(connection.idle_since) > self.settings.keep_alive;
            if connection.sender.is_closed() || too_old {
                idle.swap_remove(position);
            } else if connection.sender.is_ready() {
                return Some(idle.swap_remove(position));
            }
        }
        None
    }

    pub(super) fn put_back(&self, mut connection: Connection) {
        let mut idle = self.idle.borrow_mut();
        if connection.sender.is_closed() || idle.len() >= self.settings.max_idle {
            return;
        }
        connection.idle_since = self.deadlines.now();
        idle.push(connection);
    }

    /// Closes connections that nobody has used for too long.
    pub fn close_stale(&self) {
        let now = self.deadlines.now();
        self.simple.close_stale(now);
        self.idle.borrow_mut().retain(|connection| {
            !connection.sender.is_closed()
                && now.duration_since(connection.idle_since) <= self.settings.keep_alive
        });
    }
}

/// How an attempt went.
enum Exchange {
    Done(Result<Response<Relay>, Failure>),
    /// Nothing was sent; the request is back.
    NotSent(Request<Upload>, Failure),
}
