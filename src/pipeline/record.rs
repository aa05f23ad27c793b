//! What is known of a request while it passes the stages: its line of the access log, and what operators can ask for, are
//! made of it.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderValue, Method, Request, Response, Version, header, uri::PathAndQuery};

use super::{
    access_log::{Line, Whole},
    body::Body,
    decisions::{CoreDecisions, DecidedRoute, DecidedToken, Decision, path_of},
    identify::Proof,
    live::Live,
    noted::{Noted, OfRefusal},
    observe::Observed,
    rejection::Rejection,
    stage::{Credential, Identified, Received, Routed},
    throttle::ToldLimits,
    token_facts::TokenFacts,
    token_fate::Fate,
};
use crate::{
    clock::Clock,
    entropy::DecisionId,
    http::cache_control::keep_private,
    listener::Peer,
    policy::route::Route,
    ratelimit::Standing,
    telemetry::{
        AccessLogging,
        counters::{CoreCounts, Counters},
    },
};

/// What a request begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun<'a> {
    pub(super) decision: DecisionId,
    pub(super) started: Instant,
    /// Where it will be counted.
    pub(super) counts: &'a CoreCounts,
    /// Where it will be remembered, if it is refused.
    pub(super) kept: &'a CoreDecisions,
}

/// What is known of a request so far.
#[derive(Debug)]
pub(super) struct Record<'a> {
    decision: DecisionId,
    started: Instant,
    counts: &'a CoreCounts,
    kept: &'a CoreDecisions,
    live: &'a Live,
    host: Option<HeaderValue>,
    credential: Credential,
    route: Option<&'a Route>,
    proof: Option<Arc<Proof>>,
    outcome: &'static str,
    reason: Option<String>,
    upstream_time: Option<Duration>,
    origin: Option<HeaderValue>,
    logging: AccessLogging,
    version: Version,
    reads: Reads,
    method: Method,
    target: Option<PathAndQuery>,
    client: HeaderValue,
    answer: Answer,
    told: Option<Box<ToldLimits>>,
    /// What the answer sets, whoever gives it; boxed, since few set any.
    cookies: Option<Box<[HeaderValue]>>,
    noted: Noted,
    observed: Option<Observed>,
    /// What the answer means, where that is read out of it.
    meant: Option<u16>,
}

/// What the client makes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Its body, perhaps.
    Body,
    /// Its status: a gRPC call takes whatever else comes for messages.
    Status,
}

impl Reads {
    fn of<B>(request: &Request<B>) -> Self {
        if request.version() != Version::HTTP_2 {
            return Self::Body;
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        match content_type {
            Some(value) if value.as_bytes().starts_with(b"application/grpc") => Self::Status,
            Some(_) | None => Self::Body,
        }
    }
}

/// Whether the request has its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Owed,
    Given,
}

impl<'a> Record<'a> {
    pub(super) fn new<B>(
        begun: Begun<'a>,
        peer: &Peer,
        request: &Request<B>,
        live: &'a Live,
    ) -> Self {
        Self {
            decision: begun.decision,
            started: begun.started,
            counts: begun.counts,
            kept: begun.kept,
            live,
            host: None,
            credential: Credential::Absent,
            route: None,
            proof: None,
            outcome: "forwarded",
            reason: None,
            upstream_time: None,
            origin: live.origin_of(request.headers()),
            logging: live.access_log,
            version: request.version(),
            reads: Reads::of(request),
            method: request.method().clone(),
            target: request.uri().path_and_query().cloned(),
            client: live.client_of(peer, request.headers()),
            answer: Answer::Owed,
            told: None,
            cookies: None,
            noted: Noted::default(),
            observed: None,
            meant: None,
        }
    }

    /// The record of something that never became a request.
    pub(super) fn unread(begun: Begun<'a>, peer: &Peer, live: &'a Live) -> Self {
        Self {
            decision: begun.decision,
            started: begun.started,
            counts: begun.counts,
            kept: begun.kept,
            live,
            host: None,
            credential: Credential::Absent,
            route: None,
            proof: None,
            outcome: "unread",
            reason: None,
            upstream_time: None,
            origin: None,
            logging: live.access_log,
            version: Version::HTTP_11,
            reads: Reads::Body,
            // A token that is no method's name.
            method: Method::from_bytes(b"-").unwrap_or_default(),
            target: None,
            client: peer.address_value.clone(),
            answer: Answer::Owed,
            told: None,
            cookies: None,
            noted: Noted::default(),
            observed: None,
            meant: None,
        }
    }

    /// Writes the line of an answer that the connection writes itself.
    pub(super) fn close(mut self, status: u16, bytes: usize) {
        self.answer = Answer::Given;
        self.counts.answered(None, status);
        let mut line = self.finish(status);
        line.count(bytes);
        line.ended();
    }

    pub(super) fn host_text(&self) -> &str {
        let host = self.host.as_ref().and_then(|host| host.to_str().ok());
        host.unwrap_or_default()
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn reads(&self) -> Reads {
        self.reads
    }

    pub(super) fn decision(&self) -> DecisionId {
        self.decision
    }

    /// The client's address, as far as trusted proxies tell it.
    pub(super) fn client(&self) -> &HeaderValue {
        &self.client
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn origin(&self) -> Option<&HeaderValue> {
        self.origin.as_ref()
    }

    pub(super) fn live(&self) -> &'a Live {
        self.live
    }

    pub(super) fn route(&self) -> Option<&'a Route> {
        self.route
    }

    pub(super) fn received<B>(&mut self, received: &Received<B>) {
        self.host.clone_from(&received.host);
    }

    /// What the token is looked into for, should the request be refused.
    pub(super) fn presented(&mut self, credential: &Credential) {
        self.credential.clone_from(credential);
    }

    pub(super) fn routed<B>(&mut self, routed: &Routed<'a, B>) {
        self.route = Some(routed.route);
    }

    pub(super) fn identified<B>(&mut self, identified: &Identified<'a, B>) {
        self.proof.clone_from(&identified.proof);
    }

    /// The request goes on, although enforced it would have been refused.
    pub(super) fn observed(&mut self, observed: Observed, counters: &Counters) {
        if let Some(route) = self.route {
            counters.observed(&route.name, &route.host.to_string(), observed.code());
        }
        self.observed = Some(observed);
    }

    pub(super) fn set_route(&mut self, route: &'a Route) {
        self.route = Some(route);
    }

    /// What is written down besides, should it be refused.
    pub(super) fn noted(&mut self) -> &mut Noted {
        &mut self.noted
    }

    /// The answer means this status, whatever it says.
    pub(super) fn means(&mut self, status: u16) {
        self.meant = Some(status);
    }

    pub(super) fn set_outcome(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }

    /// Asks for the time only where a line may show it.
    pub(super) fn set_upstream_time(&mut self, time: impl FnOnce() -> Duration) {
        if self.logging == AccessLogging::All {
            self.upstream_time = Some(time());
        }
    }

    pub(super) fn refused(&mut self, code: &'static str, rejection: &Rejection) {
        self.outcome = code;
        self.reason = Some(rejection.reason());
    }

    /// Remembers the decision for operators who ask for it. Takes the core's own lock, so only what is refused is worth it
    /// unless they want more.
    pub(super) fn keep(&mut self, status: u16, refusal: Option<&Rejection>) {
        let observed = self.observed.as_ref();
        let refusal = observed.map(Observed::rejection).or(refusal);
        let token = self.credential.token().map(|token| {
            let verifier = &self.live.verifier;
            let facts = TokenFacts::of(token, self.credential.place(), verifier);
            let revocation = self.live.revocation.as_ref().zip(self.proof.as_ref());
            let revocation = revocation
                .map(|(it, proof)| it.told(proof.grant.as_deref(), Clock.instant()).into());
            DecidedToken {
                revocation,
                facts,
                fate: Fate::of(self.proof.as_ref(), refusal),
                known: self.noted.known,
            }
        });
        let OfRefusal {
            checks,
            removed,
            mut added,
            endpoint,
        } = *self.noted.refusal.take().unwrap_or_default();
        if let Some(proof) = self.proof.as_ref().filter(|_| added.is_empty()) {
            added.extend(proof.headers.iter().map(|(name, _)| name.as_str().into()));
        }
        let host = self.host.as_ref().and_then(|host| host.to_str().ok());
        self.kept.keep(Decision {
            id: self.decision,
            at: Clock.unix_seconds(),
            kept_at: Clock.instant(),
            config: self.live.hash.clone(),
            method: self.method.clone(),
            path: self.target.as_ref().map(path_of),
            host: host.map(Box::from),
            client: self.client.clone(),
            route: self.route.map(|route| DecidedRoute {
                name: Arc::clone(&route.name),
                place: Arc::clone(&route.place),
                access: route.access.name(),
                mode: route.mode.name(),
            }),
            token,
            subject: self.proof.as_ref().map(|proof| proof.log_subject.clone()),
            status,
            outcome: self.outcome,
            reason: self.reason.as_deref().map(Box::from),
            checks,
            removed,
            added,
            endpoint,
            observed: self.observed.as_ref().map(Observed::would_be),
        });
    }

    /// How the request stands with one more limit, for its answer to say.
    pub(super) fn tell(&mut self, standing: &Standing) {
        self.told.get_or_insert_default().add(standing);
    }

    /// Cookies for the answer to set, whatever it is.
    pub(super) fn set_cookies(&mut self, cookies: Vec<HeaderValue>) {
        self.cookies = Some(cookies.into());
    }

    /// Gives the line to the body, to be written when it has left.
    pub(super) fn attach(&mut self, response: &mut Response<Body>) {
        self.answer = Answer::Given;
        if let Some(told) = self.told.take() {
            told.write(response.headers_mut());
        }
        if let Some(cookies) = self.cookies.take() {
            let headers = response.headers_mut();
            // Who gets the answer gets the cookie.
            keep_private(headers);
            for cookie in cookies {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
        let sent = response.status().as_u16();
        let status = self.meant.unwrap_or(sent);
        self.counts.answered(self.number(), status);
        // What was observed is worth asking about and reading, as what was refused is.
        let observed = self.observed.is_some();
        if (self.kept.keeps_all() || observed) && self.reason.is_none() {
            self.keep(status, None);
        }
        let passed = self.reason.is_none() && !observed;
        if self.logging == AccessLogging::Refusals && passed {
            return;
        }
        let line = self.finish(sent);
        response.body_mut().write_at_end(Box::new(line));
    }

    fn number(&self) -> Option<usize> {
        self.route.map(|route| route.number)
    }

    fn finish(&mut self, sent: u16) -> Line {
        Line {
            decision: self.decision,
            started: self.started,
            client: self.client.clone(),
            method: mem::take(&mut self.method),
            target: self.target.take(),
            status: self.meant.unwrap_or(sent),
            sent: self.meant.and(Some(sent)),
            route: self.route.map(|route| Arc::clone(&route.name)),
            proof: self.proof.take(),
            outcome: self.outcome,
            observed: self.observed.as_ref().map(Observed::code),
            reason: self.reason.take().or_else(|| {
                let observed = self.observed.as_ref()?;
                Some(observed.rejection().reason())
            }),
            upstream_time: self.upstream_time,
            bytes: 0,
            whole: Whole::NotYet,
        }
    }
}

impl Drop for Record<'_> {
    /// A request that ends without an answer, because its client has gone or the drain has cut it off, has its line
    /// too: with status 0, since none was sent.
    fn drop(&mut self) {
        if self.answer == Answer::Given {
            return;
        }
        self.counts.unanswered(self.number());
        if self.logging == AccessLogging::All {
            self.outcome = "unanswered";
            self.finish(0).ended();
        }
    }
}
