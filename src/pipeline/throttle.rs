//! How often a route may be used: asked twice, before a token is read and once its subject is known.
//!
//! A limit by client counts what has no good token either, so that guessing tokens is limited as everything else is. A
//! route without limits pays for looking whether it has any. A limit that all gateways count waits for their answer: that
//! has a branch and a name of its own, [`CountNeeded`], and an end, the deadline of the server that counts.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Control,
    live::Live,
    observe::observe,
    record::Record,
    rejection::Rejection,
    stage::{Permitted, Routed},
};
use crate::{
    listener::Peer,
    policy::route::{Mode, RateLimitId, Told},
    ratelimit::{self, Advice, By, Exceeded, Key, Network, Pending, Standing},
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const CURRENT: HeaderName = HeaderName::from_static("ratelimit");

/// Why a request does not go on at once.
#[derive(Debug)]
pub(super) enum Held {
    /// It has used up a limit.
    Refused(Rejection),
    /// Other gateways may know better.
    Asks(CountNeeded),
}

/// Limits that the request is within, as far as this process knows.
#[derive(Debug)]
pub(super) struct CountNeeded(Vec<Pending>);

/// The limits by client and by route.
pub(super) fn arriving<'a, B>(
    routed: &Routed<'a, B>,
    live: &Live,
    peer: &Peer,
    record: &mut Record<'a>,
) -> Result<(), Held> {
    let limits = &routed.route.rate_limits.arriving;
    if limits.is_empty() {
        return Ok(());
    }
    Counted::arriving(routed, live, peer).take(limits, record)
}

/// The limits by subject. They are a part of what a route asks of a subject, and are observed with it.
pub(super) fn identified<'a, B>(
    permitted: &mut Permitted<'a, B>,
    live: &Live,
    peer: &Peer,
    record: &mut Record<'a>,
) -> Result<(), Held> {
    let identified = &mut permitted.identified;
    let limits = &identified.routed.route.rate_limits.identified;
    // Enforced, a request that is observed already would not have come here.
    if limits.is_empty() || identified.observed.is_some() {
        return Ok(());
    }
    match Counted::identified(permitted, live, peer).take(limits, record) {
        Err(Held::Refused(rejection)) => observed(permitted, rejection).map_err(Held::Refused),
        taken => taken,
    }
}

fn observed<B>(permitted: &mut Permitted<'_, B>, rejection: Rejection) -> Result<(), Rejection> {
    let identified = &mut permitted.identified;
    identified.observed = Some(observe(rejection, identified.routed.route.mode)?);
    Ok(())
}

impl CountNeeded {
    /// Waits for what all gateways have counted of a request that has just arrived.
    pub(super) async fn arriving<'a, B>(
        self,
        routed: &Routed<'a, B>,
        (live, peer, control): (&Live, &Peer, &Control),
        record: &mut Record<'a>,
    ) -> Result<(), Rejection> {
        let settled = self.settle(control).await;
        Counted::arriving(routed, live, peer).settle(settled, record)
    }

    /// The same of one whose subject is known.
    pub(super) async fn identified<'a, B>(
        self,
        permitted: &mut Permitted<'a, B>,
        (live, peer, control): (&Live, &Peer, &Control),
        record: &mut Record<'a>,
    ) -> Result<(), Rejection> {
        let settled = self.settle(control).await;
        let counted = Counted::identified(permitted, live, peer);
        match counted.settle(settled, record) {
            Ok(()) => Ok(()),
            Err(rejection) => observed(permitted, rejection),
        }
    }

    /// On the control runtime, whose the connection to the server is.
    async fn settle(self, control: &Control) -> Vec<Result<Standing, Exceeded>> {
        let settling = ratelimit::settle(self.0);
        let settling = control.tasks.spawn_on(settling, &control.runtime);
        // It cannot panic, and ends before its time only with the process.
        settling.await.unwrap_or_default()
    }
}

/// A request, as limits tell it from others.
struct Counted<'r, 'a, B> {
    routed: &'r Routed<'a, B>,
    live: &'r Live,
    peer: &'r Peer,
    subject: Option<String>,
    told: Told,
}

impl<'r, 'a, B> Counted<'r, 'a, B> {
    fn arriving(routed: &'r Routed<'a, B>, live: &'r Live, peer: &'r Peer) -> Self {
        Self {
            routed,
            live,
            peer,
            subject: None,
            told: routed.route.rate_limits.told,
        }
    }

    fn identified(permitted: &'r Permitted<'a, B>, live: &'r Live, peer: &'r Peer) -> Self {
        let identified = &permitted.identified;
        let proof = identified.proof.as_ref();
        let route = identified.routed.route;
        Self {
            routed: &identified.routed,
            live,
            peer,
            subject: proof.map(|proof| proof.verified.subject.to_string()),
            // A limit that refuses nobody is none that clients should read about.
            told: match route.mode {
                Mode::Enforce => route.rate_limits.told,
                Mode::Observe => Told::Refused,
            },
        }
    }

    fn take(&self, limits: &[RateLimitId], record: &mut Record<'_>) -> Result<(), Held> {
        let mut pending = Vec::new();
        for limit in self.live.rate_limits(limits) {
            let key = self.key(limit.by());
            let standing = limit
                .take(key, record.started())
                .map_err(|exceeded| Held::Refused(self.refuse(exceeded)))?;
            match limit.pending(key, &standing) {
                Some(shared) => pending.push(shared),
                None => self.tell(&standing, record),
            }
        }
        if pending.is_empty() {
            return Ok(());
        }
        Err(Held::Asks(CountNeeded(pending)))
    }

    fn settle(
        &self,
        settled: Vec<Result<Standing, Exceeded>>,
        record: &mut Record<'_>,
    ) -> Result<(), Rejection> {
        for standing in settled {
            let standing = standing.map_err(|exceeded| self.refuse(exceeded))?;
            self.tell(&standing, record);
        }
        Ok(())
    }

    fn tell(&self, standing: &Standing, record: &mut Record<'_>) {
        if self.told == Told::Everyone {
            record.tell(standing);
        }
    }

    fn refuse(&self, exceeded: Exceeded) -> Rejection {
        let key = self.key(exceeded.standing().by());
        Rejection::RateLimited(self.advise(exceeded, key))
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
