//! The answer to a refused request: the one writer of error bodies.
//!
//! The client sees a status, a stable code and the decision's id; the reason goes to the log.

use ::http::{HeaderMap, HeaderValue, Response, Version, header};
use bytes::Bytes;

use super::{
    body::Body,
    live::Live,
    record::{Reads, Record},
    rejection::{AfterRefusal, Rejection, Row, Slot},
};
use crate::{
    entropy::DecisionId,
    http::{
        header::CLOSE,
        problem::{self, Problem},
    },
    policy::{
        refusal::{FixedAnswer, RefusalTemplate},
        route::{Action, Route},
    },
};

/// The answer to something that never became a request, for the connection to write.
pub(super) fn refuse_unread(
    rejection: &Rejection,
    live: &Live,
    mut record: Record<'_>,
) -> Response<Bytes> {
    let row = rejection.row();
    record.refused(row.code, rejection);
    record.keep(row.status.as_u16(), Some(rejection));
    count(rejection, row.code, None, live);
    let decision = record.decision();
    let problem = Problem::new(row.status, row.code, row.title, decision.as_str());
    let mut response = Response::new(problem.to_bytes());
    *response.status_mut() = row.status;
    dress_problem(response.headers_mut());
    name_decision(decision, response.headers_mut());
    if let Some(cors) = &live.cors {
        cors.decorate(record.origin(), response.headers_mut());
    }
    record.close(row.status.as_u16(), response.body().len());
    response
}

/// The answer to a refused request.
pub(super) fn refuse(
    rejection: &Rejection,
    live: &Live,
    record: &mut Record<'_>,
) -> Response<Body> {
    let row = rejection.row();
    record.refused(row.code, rejection);
    record.keep(row.status.as_u16(), Some(rejection));
    if let Rejection::RateLimited(exceeded) = rejection {
        record.tell(exceeded.standing());
    }
    let route = record.route();
    count(rejection, row.code, route, live);
    let templates = route.map_or(&live.refusals, |route| &route.refusals);
    let decision = record.decision();
    let fixed = row.template.and_then(|slot| slot.of(templates));
    let mut response = match fixed {
        Some(fixed) => from_template(fixed),
        None => from_problem(row, decision.as_str()),
    };
    if record.reads() == Reads::Status {
        *response.body_mut() = Body::own(Bytes::new());
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    let headers = response.headers_mut();
    name_decision(decision, headers);
    add_standard_headers(rejection, row, headers);
    if row.connection == AfterRefusal::Closed && record.version() != Version::HTTP_2 {
        headers.insert(header::CONNECTION, CLOSE);
    }
    let cors = route.map_or(live.cors.as_ref(), |route| route.cors.as_ref());
    if let Some(cors) = cors {
        cors.decorate(record.origin(), headers);
    }
    response
}

fn count(rejection: &Rejection, code: &'static str, route: Option<&Route>, live: &Live) {
    live.counters.refused(code);
    // A body that the client broke off is no failure of the upstream's.
    if let Rejection::Upstream(failure) = rejection
        && !failure.is_the_clients()
        && let Some(Action::Forward(upstream)) = route.map(|route| route.action)
        && let Some(upstream) = live.upstreams.get(upstream.0)
    {
        live.counters
            .upstream_failed(&upstream.settings().name, code);
    }
}

impl Slot {
    fn of(self, templates: &RefusalTemplate) -> Option<&FixedAnswer> {
        match self {
            Self::MissingToken => templates.missing_token.as_ref(),
            Self::InvalidToken => templates.invalid_token.as_ref(),
            Self::Forbidden => templates.forbidden.as_ref(),
            Self::RateLimited => templates.rate_limited.as_ref(),
            Self::NotFound => templates.not_found.as_ref(),
            Self::MethodNotAllowed => templates.method_not_allowed.as_ref(),
        }
    }
}

fn from_template(fixed: &FixedAnswer) -> Response<Body> {
    let mut response = Response::new(Body::own(fixed.body.clone()));
    *response.status_mut() = fixed.status;
    let content_type = HeaderValue::from_static(fixed.content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn from_problem(row: Row, decision: &str) -> Response<Body> {
    let problem = Problem::new(row.status, row.code, row.title, decision);
    let mut response = Response::new(Body::own(problem.to_bytes()));
    *response.status_mut() = row.status;
    dress_problem(response.headers_mut());
    response
}

fn dress_problem(headers: &mut HeaderMap) {
    let content_type = HeaderValue::from_static(problem::CONTENT_TYPE);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

pub(super) fn name_decision(decision: DecisionId, headers: &mut HeaderMap) {
    if let Ok(decision) = HeaderValue::from_bytes(decision.as_bytes()) {
        headers.insert("x-request-id", decision);
    }
}

/// What the standards ask for, whatever the body looks like.
fn add_standard_headers(rejection: &Rejection, row: Row, headers: &mut HeaderMap) {
    if let Some(challenge) = row.challenge {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
    }
    // Which scope to come back with (RFC 6750 section 3).
    if let (Some(challenge), Rejection::Scope { scopes, .. }) = (row.challenge, rejection)
        && let Ok(value) = HeaderValue::try_from(format!("{challenge}, scope=\"{scopes}\""))
    {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
    if let Some(after) = row.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if let Rejection::MethodNotAllowed { allowed } = rejection
        && let Ok(allowed) = HeaderValue::from_str(allowed)
    {
        headers.insert(header::ALLOW, allowed);
    }
}
