//! Requests that ask for another protocol, such as a WebSocket (RFC 9110 section 7.8): authorised like any other, then
//! sent to the upstream as a question. The connection is switched when the upstream says 101, and never before.

use std::rc::Rc;

use ::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use hyper::body::Body as _;

use super::{
    Pipeline,
    body::Body,
    open,
    record::Record,
    rejection::Rejection,
    stage::{Prepared, SentBy},
};
use crate::{
    http::{header::clean_response, request_body::RequestBody},
    listener::{Ends, Peer, Protocol, Switch},
    policy::{cors::Origins, route::Route},
    upstream::{Switched, Upstream},
};

/// What a request asks for, where its route allows it.
#[derive(Debug)]
pub(super) struct Upgrade {
    protocol: HeaderValue,
    sent_by: SentBy,
}

impl Upgrade {
    /// A protocol that the route does not allow is not asked for: the request goes on as plain HTTP.
    pub(super) fn admit(
        asked: HeaderValue,
        (version, method): (Version, &Method),
        route: &Route,
        sent_by: SentBy,
    ) -> Option<Box<Self>> {
        let can = version == Version::HTTP_11 && *method == Method::GET;
        let allowed = can && route.may_upgrade_to(asked.as_bytes());
        allowed.then(|| {
            Box::new(Self {
                protocol: asked,
                sent_by,
            })
        })
    }

    fn is_websocket(&self) -> bool {
        self.protocol.as_bytes().eq_ignore_ascii_case(b"websocket")
    }
}

/// A browser opens a WebSocket for any page, without asking first as it does for other requests (RFC 6455 section
/// 10.2). A page of an origin that is not listed may not; where no origin is listed it may not use what the browser
/// sends by itself.
pub(super) fn check_origin(
    headers: &HeaderMap,
    route: &Route,
    sent_by: SentBy,
) -> Result<(), Rejection> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let listed = match &route.cors {
        Some(cors) if cors.origins != Origins::Any => cors.allows(origin),
        Some(_) | None => sent_by != SentBy::Browser,
    };
    let taken = sent_by == SentBy::Browser && route.takes_token_for(origin);
    if listed || taken || is_same(origin, headers.get(header::HOST)) {
        Ok(())
    } else {
        Err(Rejection::Origin)
    }
}

/// Whether a page comes from the host that it speaks to.
fn is_same(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let origin = origin.as_bytes();
    let authority = origin
        .strip_prefix(b"https://")
        .or_else(|| origin.strip_prefix(b"http://"));
    let host = host.map(HeaderValue::as_bytes);
    authority
        .zip(host)
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

impl Pipeline {
    /// Asks the upstream.
    pub(super) async fn upgrade<'a>(
        &self,
        upgrade: &Upgrade,
        prepared: Prepared<'a, RequestBody>,
        (upstream, peer): (&Rc<Upstream>, &Peer),
        record: &mut Record<'a>,
    ) -> Result<Response<Body>, Rejection> {
        let Prepared {
            request,
            route,
            added,
            ..
        } = prepared;
        if upgrade.is_websocket() {
            check_origin(request.headers(), route, upgrade.sent_by)?;
        }
        let now = self.clock.instant();
        let asked = upstream.upgrade(&request, &added, &upgrade.protocol, now);
        let answered = asked.await;
        match answered.map_err(|lost| record.noted().not_answered(lost, &added))? {
            Switched::Response(response) => {
                let length = response.body().size_hint().exact();
                let described = (response.headers(), length);
                let deadline = || self.core.deadlines().unset();
                let watched = (record.live(), route);
                let guard = open::of_body(added.proof(), watched, described, deadline);
                let mut response = response.map(|relay| Body::relayed(relay).guarded(guard));
                let headers = response.headers_mut();
                clean_response(headers);
                added.change_response(headers);
                Ok(response)
            }
            Switched::Switched {
                response,
                stream,
                early,
            } => {
                let expiry = upgrade.is_websocket();
                let expiry = expiry.then(|| self.core.deadlines().unset());
                let watched = (record.live(), route);
                let ends = open::of_tunnel(added.proof(), watched, expiry, record.decision());
                peer.switching.set(Switch {
                    ends: ends.map(Ends),
                    far: Box::new(stream),
                    early,
                    protocol: self.protocol(upgrade),
                    idle_timeout: upstream.settings().tunnel_timeout,
                });
                record.set_outcome("switched");
                let mut response = switched(response);
                added.change_response(response.headers_mut());
                Ok(response)
            }
        }
    }

    fn protocol(&self, upgrade: &Upgrade) -> Protocol {
        if upgrade.is_websocket() {
            let mask = self.entropy.borrow_mut().bytes();
            Protocol::WebSocket { mask }
        } else {
            Protocol::Other
        }
    }
}

/// Whether the request can ask for anything: one with a body cannot.
pub(super) fn can_ask(body: &RequestBody) -> bool {
    body.is_end_stream()
}

/// The 101 as it goes to the client.
fn switched(response: Response<()>) -> Response<Body> {
    let mut response = response.map(|()| Body::empty());
    let protocol = response.headers().get(header::UPGRADE).cloned();
    let headers = response.headers_mut();
    clean_response(headers);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        headers.insert(header::UPGRADE, protocol);
    }
    debug_assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    response
}
