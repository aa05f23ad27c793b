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
    rejection::Rejection,
    stage::{Permitted, Prepared},
    upgrade::Upgrade,
};
use crate::{
    entropy::DecisionId,
    http::header::{Expectation, Trailers, clean_request},
    listener::Peer,
    policy::route::Authorization,
    upstream::Fields,
};

/// How often a request may have passed gateways of this name: several in a row are possible, a circle is not meant.
const MOST_PASSES: usize = 5;

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
) -> Result<Prepared<'a, B>, Rejection> {
    let identified = permitted.identified;
    let route = identified.routed.route;
    let received = identified.routed.received;
    let (mut request, host) = (received.request, received.host);
    let version = mem::replace(request.version_mut(), Version::HTTP_11);
    let headers = request.headers_mut();
    let from_proxy = FromProxy::read(headers, live, peer);
    let said = clean_request(headers, &live.stripped);
    if said.expectation == Expectation::Unknown {
        return Err(Rejection::Expectation);
    }
    if said.passes > MOST_PASSES {
        return Err(Rejection::Loop);
    }
    if route.authorization == Authorization::Remove {
        headers.remove(header::AUTHORIZATION);
    }
    let added = Added {
        proof: identified.proof,
        certificate: peer.certificate_headers(),
        hop: Hop::new(live, peer, from_proxy, host, decision),
        trailers: said.trailers,
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
