//! How often a route may be used: asked twice, before a token is read and once its subject is known.
//!
//! A limit by client counts what has no good token either, so that guessing tokens is limited as everything else is. A
//! route without limits pays for looking whether it has any.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    access_log::Record,
    live::Live,
    rejection::Rejection,
    stage::{Permitted, Routed},
};
use crate::{
    listener::Peer,
    policy::route::{RateLimitId, Told},
    ratelimit::{Advice, By, Exceeded, Key, Network, Standing},
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const CURRENT: HeaderName = HeaderName::from_static("ratelimit");

/// The limits by client and by route.
pub(super) fn arriving<'a, B>(
    routed: &Routed<'a, B>,
    live: &Live,
    peer: &Peer,
    record: &mut Record<'a>,
) -> Result<(), Rejection> {
    let counted = Counted {
        routed,
        live,
        peer,
        subject: None,
    };
    counted.take(&routed.route.rate_limits.arriving, record)
}

/// The limits by subject.
pub(super) fn identified<'a, B>(
    permitted: &Permitted<'a, B>,
    live: &Live,
    peer: &Peer,
    record: &mut Record<'a>,
) -> Result<(), Rejection> {
    let identified = &permitted.identified;
    let limits = &identified.routed.route.rate_limits.identified;
    if limits.is_empty() {
        return Ok(());
    }
    let proof = identified.proof.as_ref();
    let counted = Counted {
        routed: &identified.routed,
        live,
        peer,
        subject: proof.map(|proof| proof.verified.subject.to_string()),
    };
    counted.take(limits, record)
}

/// A request, as limits tell it from others.
struct Counted<'r, 'a, B> {
    routed: &'r Routed<'a, B>,
    live: &'r Live,
    peer: &'r Peer,
    subject: Option<String>,
}

impl<B> Counted<'_, '_, B> {
    fn take(&self, limits: &[RateLimitId], record: &mut Record<'_>) -> Result<(), Rejection> {
        for limit in self.live.rate_limits(limits) {
            let key = self.key(limit.by());
            let standing = limit
                .take(key, record.started())
                .map_err(|exceeded| Rejection::RateLimited(self.advise(exceeded, key)))?;
            if self.routed.route.rate_limits.told == Told::Everyone {
                record.tell(&standing);
            }
        }
        Ok(())
    }

    fn key(&self, by: By) -> Key<'_> {
        match (by, self.subject.as_deref()) {
            (By::Route, _) => {
                let route = self.routed.route;
                Key::Route(&route.name, route.host.text())
            }
            (By::Subject, Some(subject)) => Key::Subject(subject),
            // An anonymous request has no other name than where it comes from.
            (By::Client | By::Account, _) | (By::Subject, None) => {
                let client = self.live.client_address(self.peer, self.headers());
                Key::Client(client.map(Network::from))
            }
        }
    }

    /// Behind a proxy that is not trusted, all clients are one.
    fn advise(&self, exceeded: Exceeded, key: Key<'_>) -> Exceeded {
        let by_client = matches!(key, Key::Client(_));
        let speaks_for_others = self.headers().contains_key("x-forwarded-for");
        let trusted = self.live.trusted_proxies.contains(self.peer.address);
        if by_client && speaks_for_others && !trusted {
            return exceeded.advise(Advice::PerhapsProxy);
        }
        exceeded
    }

    fn headers(&self) -> &HeaderMap {
        self.routed.received.request.headers()
    }
}

/// What an answer says about the limits that its request has met.
#[derive(Debug, Default)]
pub(super) struct ToldLimits {
    policy: String,
    current: String,
}

impl ToldLimits {
    pub(super) fn add(&mut self, standing: &Standing) {
        for (list, item) in [
            (&mut self.policy, standing.policy()),
            (&mut self.current, standing.current()),
        ] {
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(&item);
        }
    }

    /// Beside those of the upstream, if it has limits of its own: the fields are lists.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        for (name, list) in [(POLICY, self.policy), (CURRENT, self.current)] {
            if let Ok(value) = HeaderValue::try_from(list) {
                headers.append(name, value);
            }
        }
    }
}
