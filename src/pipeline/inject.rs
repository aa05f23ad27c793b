//! Stage 6: headers. The only constructor of [`Prepared`].
//!
//! The order is what makes it safe: `Connection` is processed and everything a client may not send is removed, on
//! every route, before anything is added.

use ::http::{HeaderName, HeaderValue, Version, header};

use super::{
    forwarded::{self, FromProxy, Hop},
    live::Live,
    stage::{Permitted, Prepared},
};
use crate::{
    entropy::DecisionId,
    http::header::{Stripped, clean_request},
    listener::Peer,
    policy::route::Authorization,
};

/// Room for what is added, so that the header map grows once at most.
const ADDED: usize = 8;

/// What no client may send: identity under every spelling, and everything that describes earlier hops.
pub fn stripped_headers<'a>(identity: impl IntoIterator<Item = &'a str>) -> Stripped {
    let others = [
        "forwarded",
        "x-real-ip",
        "x-request-id",
        "x-client-ip",
        "x-original-url",
        "x-rewrite-url",
    ];
    Stripped::new(
        identity.into_iter().chain(others),
        ["x-forwarded-", "x-sidegate-", "x-original-forwarded-"],
    )
}

/// Cleans the headers, then adds ours.
pub(super) fn inject<'a, B>(
    permitted: Permitted<'a, B>,
    live: &Live,
    peer: &Peer,
    decision: DecisionId,
) -> Prepared<'a, B> {
    let identified = permitted.identified;
    let route = identified.routed.route;
    let received = identified.routed.received;
    let (mut request, host) = (received.request, received.host);
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    let said = FromProxy::read(headers, live, peer);
    clean_request(headers, &live.stripped);
    headers.reserve(ADDED);
    if route.authorization == Authorization::Remove {
        headers.remove(header::AUTHORIZATION);
    }
    if let Some(host) = &host {
        headers.insert(header::HOST, host.clone());
    }
    if let Some(proof) = &identified.proof {
        for (name, value) in &proof.headers {
            headers.insert(name.clone(), value.clone());
        }
    }
    let hop = Hop {
        peer,
        host: host.as_ref(),
        decision,
    };
    forwarded::add(headers, live.forwarded, said, &hop);
    add_via(headers);
    Prepared { request, route }
}

/// RFC 9110 section 7.6.3.
fn add_via(headers: &mut ::http::HeaderMap) {
    const VIA: HeaderName = header::VIA;
    headers.append(VIA, HeaderValue::from_static("1.1 sidegate"));
}
