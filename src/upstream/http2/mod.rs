//! HTTP/2 to an upstream (RFC 9113): many exchanges at the same time over few connections.
//!
//! Each core has its own connections to each endpoint. A new one is made when there is none with room for another
//! stream; all who need it wait for the same one. What an endpoint did not begin, because it is going away or has too
//! much to do, is sent again over another connection.

mod body;
mod opening;
mod request;
mod session;
mod unanswered;
mod wire;

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{Request, Response, StatusCode, Version, header};
use futures_util::future::{FutureExt, LocalBoxFuture, Shared, WeakShared};

use super::{
    error::Failure,
    group::Group,
    patience::Patience,
    retry::Lost,
    settings::Protocol,
    simple::{self, BadHead},
    tls::Offer,
    upload::{Trailers, Upload},
};
use crate::{
    deadline::Deadlines,
    http::{
        field_line,
        header::{Occurrence, occurrence},
    },
};
pub(super) use body::Body;
use opening::{Opened, open};
pub(super) use request::prepare;
use session::Session;
pub(super) use session::Slot;

/// How often one exchange is begun at an endpoint that does not take it up.
const ATTEMPTS: usize = 3;

/// How long it is believed that an endpoint chooses HTTP/1.1, before it is asked again.
const CHOICE_HOLDS: Duration = Duration::from_secs(60);

/// This core's connections to the endpoints of one upstream.
#[derive(Debug)]
pub(super) struct Client {
    group: Arc<Group>,
    deadlines: Deadlines,
    simple: Rc<simple::Client>,
    endpoints: Vec<Rc<Connections>>,
}

/// The connections to one endpoint.
#[derive(Default)]
struct Connections {
    sessions: RefCell<Vec<Rc<Session>>>,
    opening: RefCell<Option<WeakShared<Opening>>>,
    /// When the endpoint chose HTTP/1.1, if that was the last that it chose.
    chose_http1: Cell<Option<Instant>>,
}

type Opening = LocalBoxFuture<'static, Result<(), Rc<Failure>>>;

/// What an exchange with an endpoint goes over.
pub(super) enum Spoken {
    Http1,
    Http2(Slot),
}

impl Client {
    pub(super) fn new(group: Arc<Group>, deadlines: Deadlines, simple: Rc<simple::Client>) -> Self {
        let endpoints = group.settings().endpoints.iter();
        Self {
            endpoints: endpoints.map(|_| Rc::default()).collect(),
            group,
            deadlines,
            simple,
        }
    }

    /// Finds out what the endpoint speaks, and takes room for one stream if that is HTTP/2.
    pub(super) async fn speak(&self, position: usize, now: Instant) -> Result<Spoken, Failure> {
        let offer = match self.group.settings().protocol {
            Protocol::Http1 => return Ok(Spoken::Http1),
            Protocol::Http2 => Offer::Http2,
            Protocol::Auto => Offer::Either,
        };
        let (Some(connections), Some(endpoint)) = (
            self.endpoints.get(position),
            self.group.settings().endpoints.get(position),
        ) else {
            return Ok(Spoken::Http1);
        };
        // Only TLS lets an endpoint choose.
        if offer == Offer::Either && (!endpoint.has_tls() || connections.prefer_http1(now)) {
            return Ok(Spoken::Http1);
        }
        self.take_slot(connections, position, offer).await
    }

    async fn take_slot(
        &self,
        connections: &Rc<Connections>,
        position: usize,
        offer: Offer,
    ) -> Result<Spoken, Failure> {
        loop {
            if let Some(slot) = connections.free_slot() {
                return Ok(Spoken::Http2(slot));
            }
            let opening = self.opening(connections, position, offer);
            opening.await.map_err(|failure| failure.repeated())?;
            if connections.chose_http1.get().is_some() {
                return Ok(Spoken::Http1);
            }
        }
    }

    /// The connection that is being made, or a new one.
    fn opening(
        &self,
        connections: &Rc<Connections>,
        position: usize,
        offer: Offer,
    ) -> Shared<Opening> {
        let mut current = connections.opening.borrow_mut();
        if let Some(opening) = current.as_ref().and_then(WeakShared::upgrade) {
            return opening;
        }
        let opening = open(
            Arc::clone(&self.group),
            position,
            offer,
            self.deadlines.clone(),
        );
        let (simple, deadlines) = (Rc::clone(&self.simple), self.deadlines.clone());
        let connections = Rc::clone(connections);
        let opening = async move {
            let opened = opening.await;
            connections.opening.borrow_mut().take();
            match opened.map_err(Rc::new)? {
                Opened::Http1(stream) => {
                    connections.chose_http1.set(Some(deadlines.now()));
                    simple.adopt(position, stream);
                }
                Opened::Http2(session) => {
                    connections.chose_http1.set(None);
                    connections.sessions.borrow_mut().push(session);
                }
            }
            Ok(())
        };
        let opening = opening.boxed_local().shared();
        // Weakly: once nobody waits for it any more, its time is not to run on.
        *current = opening.downgrade();
        opening
    }

    /// Sends the request over the slot's stream and waits for the head of its response.
    pub(super) async fn exchange(
        &self,
        position: usize,
        mut slot: Slot,
        mut request: Request<Upload>,
        patience: &Rc<Patience>,
    ) -> Result<Response<Body>, Lost> {
        let mut attempts = 1;
        loop {
            patience.begin(self.group.settings().response_timeout);
            let twin = twin(&request, request.body().trailers());
            let Some(sent) = patience.bound(slot.send(request)).await else {
                // It may be the connection that is dead, which nobody has noticed yet.
                slot.retire();
                return Err(Failure::ResponseTimeout.into());
            };
            let unanswered = match sent {
                Ok(response) => return Ok(self.respond(response, slot, patience)?),
                Err(unanswered) => unanswered,
            };
            patience.rest();
            let again = unanswered.may_be_sent_again(&twin, &slot);
            let lost = unanswered.into_lost(twin.body());
            drop(slot);
            if !again || attempts == ATTEMPTS {
                return Err(lost);
            }
            attempts += 1;
            let Ok(Spoken::Http2(other)) = self.speak(position, self.deadlines.now()).await else {
                return Err(lost);
            };
            slot = other;
            request = twin;
        }
    }

    fn respond(
        &self,
        mut response: Response<hyper::body::Incoming>,
        slot: Slot,
        patience: &Rc<Patience>,
    ) -> Result<Response<Body>, Failure> {
        patience.rest();
        // There is no such thing in HTTP/2 (RFC 9113 section 8.6).
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Switched);
        }
        check_head(&response).map_err(|bad| Failure::NotHttp(bad.into()))?;
        // A gateway answers in its own version, not in the upstream's.
        *response.version_mut() = Version::HTTP_11;
        let limit = self.group.settings().body_timeout;
        Ok(response.map(|body| Body::new(body, slot, Rc::clone(patience), limit)))
    }

    /// Closes connections that nobody has used for too long.
    pub(super) fn close_stale(&self, now: Instant) {
        for connections in &self.endpoints {
            let mut sessions = connections.sessions.borrow_mut();
            sessions.retain(|session| session.is_fit(now, self.group.settings()));
        }
    }
}

/// What the library lets through and HTTP/1.1 would read in two ways. That a body is as long as its head says is
/// compared by the library, and where that is not enough by [`Body`].
fn check_head<B>(response: &Response<B>) -> Result<(), BadHead> {
    if response.status().as_u16() >= 600 {
        return Err(BadHead::Status);
    }
    match occurrence(response.headers(), &header::CONTENT_LENGTH) {
        Occurrence::Absent => Ok(()),
        Occurrence::Once(length) if field_line::length(length.as_bytes()).is_some() => Ok(()),
        Occurrence::Once(_) | Occurrence::Repeated(_) => Err(BadHead::ContentLength),
    }
}

impl Connections {
    /// Room on the connection that has been there longest, so that those that are not needed can end.
    fn free_slot(&self) -> Option<Slot> {
        let sessions = self.sessions.borrow();
        sessions.iter().find_map(Slot::take)
    }

    fn prefer_http1(&self, now: Instant) -> bool {
        let chose = self.chose_http1.get();
        chose.is_some_and(|at| now.saturating_duration_since(at) < CHOICE_HOLDS)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut connections = formatter.debug_struct("Connections");
        connections
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}

/// The same request for another attempt.
pub(super) fn twin(request: &Request<Upload>, trailers: Trailers) -> Request<Upload> {
    let mut twin = Request::new(request.body().twin(trailers));
    request.method().clone_into(twin.method_mut());
    request.uri().clone_into(twin.uri_mut());
    request.headers().clone_into(twin.headers_mut());
    *twin.version_mut() = request.version();
    twin
}
