//! Stage 7: headers. The only constructor of [`Prepared`].
//!
//! The order is what makes it safe: `Connection` is processed and everything a client may not send is removed, on
//! every route, before anything is added.

use std::{mem, sync::Arc};

use ::http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use super::{
    assertion::Minted,
    forwarded::{FromProxy, Hop},
    identify::Proof,
    live::Live,
    observe::observe,
    record::Record,
    rejection::Rejection,
    stage::{Identified, Permitted, Prepared, SentBy},
    upgrade::Upgrade,
};
use crate::{
    certificate::Identity,
    entropy::DecisionId,
    http::{
        cache_control::keep_private,
        cookie,
        header::{Expectation, Said, Trailers, clean_request},
    },
    listener::Peer,
    policy::{
        headers::{Facts, Rendered, RequestFacts, RouteHeaders},
        route::{Action, Authorization, Route},
    },
    upstream::Fields,
};

/// How often a request may have passed gateways of this name: several in a row are possible, a circle is not meant.
const MOST_PASSES: usize = 5;

/// What is sent besides the client's own fields.
#[derive(Debug)]
pub(super) struct Added<'a> {
    proof: Option<Arc<Proof>>,
    /// About the same, signed for the upstream.
    assertion: Option<Arc<Minted>>,
    /// About the client's certificate.
    certificate: &'a [(HeaderName, HeaderValue)],
    hop: Hop<'a>,
    trailers: Trailers,
    /// Of the route; boxed, since few have any.
    of_route: Option<Box<Rendered<'a>>>,
    sent_by: SentBy,
}

impl Added<'_> {
    /// What is known of the caller.
    pub(super) fn proof(&self) -> Option<&Arc<Proof>> {
        self.proof.as_ref()
    }

    pub(super) fn assert(&mut self, assertion: Arc<Minted>) {
        self.assertion = Some(assertion);
    }

    /// The names of what says who the caller is and of what the route adds, for explanations.
    pub(super) fn names(&self) -> Vec<Box<str>> {
        let mut names = Vec::new();
        self.visit_own(&mut |name, _| names.push(name.as_str().into()));
        names
    }

    /// What does not stand in every request.
    fn visit_own(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        let of_route = self.of_route.as_deref();
        let stays = |name| of_route.is_none_or(|of_route| !of_route.replaces(name));
        if let Some(proof) = &self.proof {
            for (name, value) in &proof.headers {
                if stays(name) {
                    send(name, value.as_bytes());
                }
            }
        }
        for (name, value) in self.certificate {
            if stays(name) {
                send(name, value.as_bytes());
            }
        }
        if let Some(assertion) = &self.assertion {
            assertion.visit(send);
        }
        if let Some(of_route) = of_route {
            of_route.visit(send);
        }
    }

    /// Changes the headers of what the upstream has answered as the route says, and keeps what was asked for with a token
    /// in the URL out of shared caches (RFC 6750 section 2.3).
    pub(super) fn change_response(&self, headers: &mut HeaderMap) {
        if let Some(of_route) = &self.of_route {
            of_route.change_response(headers);
        }
        if self.sent_by == SentBy::Url {
            keep_private(headers);
        }
    }
}

impl Fields for Added<'_> {
    fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        self.visit_own(send);
        self.hop.visit(send);
        // RFC 9110 section 7.6.3. A client's own Via stays in the map, as the line before ours.
        send(&header::VIA, b"1.1 sidegate");
    }

    fn accept_trailers(&self) -> bool {
        self.trailers == Trailers::Accepted
    }
}

/// Cleans the headers and says what is added to them.
pub(super) fn inject<'a, B>(
    permitted: Permitted<'a, B>,
    live: &Live,
    peer: &'a Peer,
    record: &mut Record<'a>,
) -> Result<Prepared<'a, B>, Rejection> {
    let mut identified = permitted.identified;
    let decision = record.decision();
    let of_route = of_route(&mut identified, live, peer, decision)?;
    if let Some(observed) = identified.observed.take() {
        record.observed(observed, &live.counters);
    }
    let route = identified.routed.route;
    let received = identified.routed.received;
    let (mut request, host) = (received.request, received.host);
    let version = mem::replace(request.version_mut(), Version::HTTP_11);
    let headers = request.headers_mut();
    let from_proxy = FromProxy::read(headers, live, peer);
    let said = clean(headers, route, live);
    if said.expectation == Expectation::Unknown {
        return Err(Rejection::Expectation);
    }
    if said.passes > MOST_PASSES {
        return Err(Rejection::Loop);
    }
    let added = Added {
        proof: identified.proof,
        assertion: None,
        certificate: peer.certificate_headers(),
        hop: Hop::new(live, peer, from_proxy, host, decision),
        trailers: said.trailers,
        of_route,
        sent_by: identified.sent_by,
    };
    let upgrade = said.upgrade.and_then(|asked| {
        Upgrade::admit(
            asked,
            (version, request.method()),
            route,
            identified.sent_by,
        )
    });
    Ok(Prepared {
        request,
        route,
        added,
        upgrade,
    })
}

/// Removes what does not go on.
fn clean(headers: &mut HeaderMap, route: &Route, live: &Live) -> Said {
    let said = clean_request(headers, &live.stripped);
    if let Some(of_route) = &route.headers {
        of_route.clean_request(headers);
    }
    if route.authorization == Authorization::Remove {
        headers.remove(header::AUTHORIZATION);
    }
    if let Some(name) = route.removed_cookie() {
        cookie::remove(headers, name);
    }
    if let Some(name) = &live.refresh_cookie
        && matches!(route.action, Action::Forward(_))
    {
        cookie::remove(headers, name);
    }
    said
}

/// The names of what would be removed.
pub(super) fn removed<'h>(
    headers: &'h HeaderMap,
    route: &Route,
    live: &Live,
) -> impl Iterator<Item = &'h str> {
    let mut left = headers.clone();
    clean(&mut left, route, live);
    let names = headers.keys().filter(move |name| !left.contains_key(*name));
    names.map(HeaderName::as_str)
}

/// The headers of the route with what is known of this request.
fn of_route<'a, B>(
    identified: &mut Identified<'a, B>,
    live: &Live,
    peer: &Peer,
    decision: DecisionId,
) -> Result<Option<Box<Rendered<'a>>>, Rejection> {
    let Some(headers) = identified.routed.route.headers.as_deref() else {
        return Ok(None);
    };
    let request = &identified.routed.received.request;
    let client = live.client_address(peer, request.headers());
    let client = client.map(|client| client.to_string());
    let known = Known {
        certificate: peer.certificate(),
        client: client.as_deref(),
        decision: decision.as_str(),
    };
    render(headers, identified, &known, live).map(|rendered| Some(Box::new(rendered)))
}

/// What the connection and the decision say about a request.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) certificate: Option<&'a Identity>,
    pub(super) client: Option<&'a str>,
    pub(super) decision: &'a str,
}

/// Makes the headers of a route. A token that they cannot be made of is no good token: where that is observed, they are
/// made without it, and nothing is said of its subject.
pub(super) fn render<'a, B>(
    headers: &'a RouteHeaders,
    identified: &mut Identified<'_, B>,
    known: &Known<'_>,
    live: &Live,
) -> Result<Rendered<'a>, Rejection> {
    match render_once(headers, identified, known, live) {
        Ok(rendered) => Ok(rendered),
        Err(rejection) => {
            let observed = observe(rejection, identified.routed.route.mode)?;
            identified.observed.get_or_insert(observed);
            identified.proof = None;
            render_once(headers, identified, known, live)
        }
    }
}

fn render_once<'a, B>(
    headers: &'a RouteHeaders,
    identified: &Identified<'_, B>,
    known: &Known<'_>,
    live: &Live,
) -> Result<Rendered<'a>, Rejection> {
    let received = &identified.routed.received;
    let proof = identified.proof.as_deref();
    let facts = Facts {
        verified: proof.map(|proof| &proof.verified),
        certificate: known.certificate,
        request: Some(RequestFacts {
            method: received.request.method().as_str(),
            host: received.host_text(),
            path: received.request.uri().path(),
            matched_path: received.path(),
            pattern: &identified.routed.route.pattern,
            client: known.client,
            decision: known.decision,
        }),
    };
    let of_token = proof.map_or(&[][..], |proof| &proof.headers).iter();
    let taken = of_token.map(|(_, value)| value.len()).sum();
    Rendered::new(headers, &facts, live.identity.limits(), taken).map_err(Rejection::from)
}
