//! Stage 6: headers. The only constructor of [`Prepared`].
//!
//! The order is what makes it safe: `Connection` is processed and everything a client may not send is removed, on
//! every route, before anything is added.

use std::{mem, sync::Arc};

use ::http::{HeaderName, HeaderValue, Version, header};

use super::{
    forwarded::{FromProxy, Hop},
    identify::Proof,
    live::Live,
    stage::{Permitted, Prepared},
    upgrade::Upgrade,
};
use crate::{
    entropy::DecisionId,
    http::header::{Stripped, Trailers, clean_request},
    listener::Peer,
    policy::route::Authorization,
    upstream::Fields,
};

/// What no client may send: identity under every spelling, and everything that describes earlier hops.
pub fn stripped_headers<'a>(identity: impl IntoIterator<Item = &'a str>) -> Stripped {
    let others = [
        "forwarded",
        "x-real-ip",
        "x-request-id",
        "x-client-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-original-uri",
        "x-original-method",
        "x-envoy-original-path",
        "x-forwarded",
        // A CGI upstream would take it for its own proxy setting.
        "proxy",
    ];
    Stripped::new(
        identity.into_iter().chain(others),
        ["x-forwarded-", "x-sidegate-", "x-original-forwarded-"],
    )
}

/// What is sent besides the client's own fields.
#[derive(Debug)]
pub(super) struct Added<'a> {
    proof: Option<Arc<Proof>>,
    /// About the client's certificate.
    certificate: &'a [(HeaderName, HeaderValue)],
    hop: Hop<'a>,
    trailers: Trailers,
}

impl Fields for Added<'_> {
    fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        if let Some(proof) = &self.proof {
            for (name, value) in &proof.headers {
                send(name, value.as_bytes());
            }
        }
        for (name, value) in self.certificate {
            send(name, value.as_bytes());
        }
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
    decision: DecisionId,
) -> Prepared<'a, B> {
    let identified = permitted.identified;
    let route = identified.routed.route;
    let received = identified.routed.received;
    let (mut request, host) = (received.request, received.host);
    let version = mem::replace(request.version_mut(), Version::HTTP_11);
    let headers = request.headers_mut();
    let said = FromProxy::read(headers, live, peer);
    let asked = clean_request(headers, &live.stripped);
    if route.authorization == Authorization::Remove {
        headers.remove(header::AUTHORIZATION);
    }
    let added = Added {
        proof: identified.proof,
        certificate: peer.certificate_headers(),
        hop: Hop::new(live, peer, said, host, decision),
        trailers: asked.trailers,
    };
    let upgrade = asked.upgrade.and_then(|asked| {
        Upgrade::admit(
            asked,
            (version, request.method()),
            route,
            identified.sent_by,
        )
    });
    Prepared {
        request,
        route,
        added,
        upgrade,
    }
}
