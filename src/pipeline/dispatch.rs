//! Stage 8: to the upstream, or to the endpoint that the gateway answers itself.

use std::{net::IpAddr, sync::Arc};

use ::http::{HeaderMap, HeaderValue, Response, header};
use hyper::body::Body as _;
use percent_encoding::percent_decode_str;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Pipeline,
    body::Body,
    endpoint_cookie,
    open::{self, Guard},
    paged, publish,
    record::Record,
    refuse::name_decision,
    rejection::Rejection,
    snapshot::View,
    stage::Prepared,
    statuses,
    upgrade::can_ask,
};
use crate::{
    accounts::{AccountError, AccountRequest, Answer, Sender},
    http::{
        body::{CollectError, collect},
        header::clean_response,
        request_body::RequestBody,
    },
    listener::Peer,
    policy::{
        cors::CorsPolicy,
        pattern::{Pattern, Segment},
        route::{Action, EndpointId},
    },
    ratelimit::Network,
    secret::Secret,
    upstream::BodyLimits,
};

impl Pipeline {
    pub(super) async fn dispatch<'a>(
        &self,
        mut prepared: Prepared<'a, RequestBody>,
        view: &View,
        peer: &Peer,
        record: &mut Record<'a>,
    ) -> Result<Response<Body>, Rejection> {
        let id = match prepared.route.action {
            Action::Forward(upstream) => upstream,
            // Few requests are answered here, and the state of one should not weigh on every idle connection.
            Action::Answer(endpoint) => {
                let answered = self.answer_or_page(endpoint, prepared, (view, peer), record);
                return Box::pin(answered).await;
            }
            Action::ShowKeys => {
                peer.notices.leave_body();
                return publish::answer(&prepared, &view.live, self.clock.unix_seconds(), record);
            }
        };
        let limits = BodyLimits {
            size: prepared.route.body_size,
            silence: view.live.body_timeout,
        };
        if prepared.request.body().size_hint().lower() > limits.size {
            return Err(CollectError::TooLarge.into());
        }
        let upstream = view.upstreams.get(id.0).ok_or(Rejection::Misrouted)?;
        if view.live.assertions.is_some()
            && let Some(job) = self.assert(&mut prepared, id, view, record.decision())?
        {
            Box::pin(self.assert_later(&mut prepared, job)).await?;
        }
        let request = &mut prepared.request;
        let own_host = upstream.settings().host.as_ref();
        if own_host.is_some() || !request.headers().contains_key(header::HOST) {
            let host = own_host.cloned().unwrap_or_else(|| upstream.authority());
            request.headers_mut().insert(header::HOST, host);
        }
        let sent = record.started();
        if let Some(upgrade) = prepared.upgrade.take()
            && upstream.can_switch()
            && can_ask(prepared.request.body())
        {
            // Rare, and its state should not weigh on every idle connection.
            return Box::pin(self.upgrade(&upgrade, prepared, (upstream, peer), record)).await;
        }
        let Prepared {
            request,
            route,
            added,
            ..
        } = prepared;
        let response = upstream.send(request, &added, limits, sent).await;
        record.set_upstream_time(|| self.clock.instant().duration_since(sent));
        let response = response.map_err(|lost| record.noted().not_answered(lost, &added));
        let response = response?;
        let mut guard = Guard::Off;
        if !response.body().is_end_stream() {
            let length = response.body().size_hint().exact();
            let deadline = || self.core.deadlines().unset();
            let described = (response.headers(), length);
            guard = open::of_body(added.proof(), (&view.live, route), described, deadline);
        }
        let mut response = response.map(|relay| Body::relayed(relay).guarded(guard));
        let headers = response.headers_mut();
        clean_response(headers);
        added.change_response(headers);
        if let Some(rules) = &route.statuses {
            // Few routes look into answers, and the state of one should not weigh on every idle connection.
            Box::pin(statuses::read(&mut response, rules, record)).await;
        }
        Ok(response)
    }

    pub(super) async fn answer<'a>(
        &self,
        EndpointId(endpoint): EndpointId,
        prepared: Prepared<'a, RequestBody>,
        (view, peer): (&View, &Peer),
        record: &mut Record<'a>,
    ) -> Result<Response<Body>, Rejection> {
        let live = &*view.live;
        let accounts = live.accounts.as_ref().ok_or(Rejection::Misrouted)?;
        let action = accounts.action(endpoint);
        let presented = endpoint_cookie::read(&prepared, endpoint, accounts, (peer, record))?;
        let page = paged::asked(&prepared, endpoint, accounts, (peer, record));
        let (head, body) = prepared.request.into_parts();
        let deadline = self.core.deadlines().unset();
        deadline.set_from_now(live.body_timeout);
        let body = deadline.bound(collect(body, live.account_body)).await;
        let body = body.ok_or(Rejection::BodyTimeout)??;
        presented.check_form(&head.headers, &body)?;
        let attempts = accounts.attempts.as_ref();
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let request = AccountRequest {
            parameters: parameters(&prepared.route.pattern, head.uri.path()),
            query: head.uri.query().unwrap_or_default().to_owned(),
            content_type: text(content_type),
            body,
            cookie_token: presented.token,
            cookies: cookies(&head.headers, accounts.reads_cookies(endpoint)),
            attempts: live
                .rate_limits(&prepared.route.rate_limits.attempts)
                .cloned()
                .collect(),
            device: attempts.and_then(|attempts| attempts.presented(&head.headers)),
            authorization: text(head.headers.get(header::AUTHORIZATION)).map(Secret::new),
            agent: text(head.headers.get(header::USER_AGENT)),
            languages: text(head.headers.get(header::ACCEPT_LANGUAGE)),
            page,
            tasks: self.control.tasks.clone(),
            sender: sender(record),
        };
        let accounts = Arc::clone(accounts);
        let work = async move { accounts.answer(endpoint, request).await };
        let task = self.control.tasks.spawn_on(work, &self.control.runtime);
        // A client that goes away takes its work along: nobody else would use the answer.
        let answer = AbortOnDropHandle::new(task).await;
        let answer = answer.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                AccountError::Panicked
            } else {
                AccountError::Abandoned
            })
        });
        let outcome = answer
            .as_ref()
            .map_or_else(|error| error.outcome().code, |answer| answer.outcome);
        live.counters.account_answered(action, outcome);
        let answer = answer?;
        record.set_outcome(answer.outcome);
        let is_refusal = answer.status.is_client_error() || answer.status.is_server_error();
        let status = answer.status.as_u16();
        let body = answer.body.clone();
        let mut response = render(answer, prepared.route.cors.as_deref(), record);
        if let Some(rules) = &prepared.route.statuses
            && rules.look_into(status, body.len() as u64)
        {
            statuses::meant(&body, &mut response, rules, record);
        }
        if is_refusal {
            name_decision(record.decision(), response.headers_mut());
            record.keep(status, None);
        }
        Ok(response)
    }
}

/// As the access line has it: the headers about it speak to the upstream by now.
pub(super) fn sender(record: &Record<'_>) -> Sender {
    let address = record.client();
    let parsed = address.to_str().ok().and_then(|text| text.parse().ok());
    Sender {
        network: parsed.map(|address: IpAddr| Network::from(address)),
        address: address.clone(),
        decision: record.decision(),
    }
}

/// The parameters of the route, by name.
fn parameters(pattern: &Pattern, path: &str) -> Vec<(Box<str>, String)> {
    let names = pattern
        .segments()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Literal(_) => None,
        });
    let parameters = names.filter_map(|name| {
        let encoded = pattern.parameter(path, name)?;
        let decoded = percent_decode_str(encoded).decode_utf8_lossy();
        Some((name.as_str().into(), decoded.into_owned()))
    });
    parameters.collect()
}

/// The cookies, for an endpoint that looks at them.
fn cookies(headers: &HeaderMap, wanted: bool) -> HeaderMap {
    let mut cookies = HeaderMap::new();
    for value in headers.get_all(header::COOKIE).iter().filter(|_| wanted) {
        let mut value = value.clone();
        value.set_sensitive(true);
        cookies.append(header::COOKIE, value);
    }
    cookies
}

pub(super) fn text(value: Option<&HeaderValue>) -> Option<String> {
    value?.to_str().ok().map(str::to_owned)
}

fn render(answer: Answer, cors: Option<&CorsPolicy>, record: &Record<'_>) -> Response<Body> {
    let mut response = Response::new(Body::own(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        headers.append(name, value);
    }
    if let Some(content_type) = answer.content_type {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if let Some(cors) = cors {
        cors.decorate(record.origin(), headers);
    }
    response
}
