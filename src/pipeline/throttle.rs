//! How often a route may be used: asked twice, before a token is read and once its subject is known.
//!
//! A limit by client counts what has no good token either, so that guessing tokens is limited as everything else is. A
//! route without limits pays for looking whether it has any.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    access_log::Record,
    live::Live,
    observe::observe,
    rejection::Rejection,
    stage::{Permitted, Routed},
};
use crate::{
    listener::Peer,
    policy::route::{Mode, RateLimitId, Told},
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
    let limits = &routed.route.rate_limits;
    counted.take(&limits.arriving, limits.told, record)
}

/// The limits by subject. They are a part of what a route asks of a subject, and are observed with it.
pub(super) fn identified<'a, B>(
    permitted: &mut Permitted<'a, B>,
    live: &Live,
    peer: &Peer,
    record: &mut Record<'a>,
) -> Result<(), Rejection> {
    let identified = &mut permitted.identified;
    let limits = &identified.routed.route.rate_limits.identified;
    // Enforced, a request that is observed already would not have come here.
    if limits.is_empty() || identified.observed.is_some() {
        return Ok(());
    }
    let proof = identified.proof.as_ref();
    let counted = Counted {
        routed: &identified.routed,
        live,
        peer,
        subject: proof.map(|proof| proof.verified.subject.to_string()),
    };
    let route = identified.routed.route;
    // A limit that refuses nobody is none that clients should read about.
    let told = match route.mode {
        Mode::Enforce => route.rate_limits.told,
        Mode::Observe => Told::Refused,
    };
    if let Err(rejection) = counted.take(limits, told, record) {
        let observed = observe(rejection, route.mode)?;
        identified.observed = Some(observed);
    }
    Ok(())
}

/// A request, as limits tell it from others.
struct Counted<'r, 'a, B> {
    routed: &'r Routed<'a, B>,
    live: &'r Live,
    peer: &'r Peer,
    subject: Option<String>,
}

impl<B> Counted<'_, '_, B> {
    fn take(
        &self,
        limits: &[RateLimitId],
        told: Told,
        record: &mut Record<'_>,
    ) -> Result<(), Rejection> {
        for limit in self.live.rate_limits(limits) {
            let key = self.key(limit.by());
            let standing = limit
                .take(key, record.started())
                .map_err(|exceeded| Rejection::RateLimited(self.advise(exceeded, key)))?;
            if told == Told::Everyone {
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
