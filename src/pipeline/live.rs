//! Everything a request is decided by: one immutable snapshot that every core reads without locking.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    admit::Revocation,
    assertion::Assertions,
    identify::{IdentityHeaders, Proof, SubjectLog},
};
use crate::{
    accounts::Accounts,
    fetch::KeyFeed,
    http::{
        client_address::{ForwardedStyle, TrustedProxies},
        stripped::Stripped,
        target::Reading,
    },
    listener::Peer,
    membership::Membership,
    policy::{cors::CorsPolicy, refusal::RefusalTemplate, route::RateLimitId, table::RouteTable},
    ratelimit::RateLimit,
    telemetry::{
        AccessLogging,
        counters::{Counters, RouteRows},
    },
    token::{
        cache::{ForgeryCache, ProofCache},
        issuer::IssuerId,
        publication::Publication,
        verify::Verifier,
    },
    upstream,
    valkey::Valkey,
};

/// The snapshot.
#[derive(Debug)]
pub struct Live {
    /// Names the configuration that it is made of.
    pub hash: Box<str>,
    /// The routes.
    pub table: RouteTable,
    /// Proves access tokens.
    pub verifier: Arc<Verifier>,
    /// Proofs of earlier requests.
    pub proofs: Arc<ProofCache<Proof>>,
    /// Tokens that nobody has signed.
    pub forgeries: Arc<ForgeryCache>,
    /// The issuers that publish their keys, with their numbers.
    pub key_feeds: Vec<(IssuerId, Arc<KeyFeed>)>,
    /// What the upstream is told about the subject.
    pub identity: IdentityHeaders,
    /// The same, signed, where it is sent.
    pub assertions: Option<Arc<Assertions>>,
    /// The public keys of what the gateway signs, where it shows them.
    pub publication: Option<Publication>,
    /// What the log is told about the subject.
    pub subject_log: SubjectLog,
    /// How the upstreams read paths.
    pub reading: Reading,
    /// The names of what the upstream is told about the client's certificate.
    pub certificate_headers: Vec<HeaderName>,
    /// What no client may send.
    pub stripped: Arc<Stripped>,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted_proxies: TrustedProxies,
    /// How the client's address goes on.
    pub forwarded: ForwardedStyle,
    /// CORS where no route is known; `None` only when no route has any either.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Refusals where no route is known.
    pub refusals: Arc<RefusalTemplate>,
    /// The upstreams, by [`crate::policy::route::UpstreamId`].
    pub upstreams: Vec<Arc<upstream::Group>>,
    /// The endpoints that the gateway answers, if there are any.
    pub accounts: Option<Arc<Accounts>>,
    /// The cookie of refresh tokens, which are for nobody but the gateway.
    pub refresh_cookie: Option<Box<str>>,
    /// The rows that rules ask for; `None` where no rule does.
    pub membership: Option<Arc<Membership>>,
    /// How it is known who may no longer use a token; `None` where nothing tells.
    pub revocation: Option<Revocation>,
    /// The longest wait for the next piece of a request body, and for the whole of one that such an endpoint reads.
    pub body_timeout: Duration,
    /// The largest body in bytes that such an endpoint reads.
    pub account_body: usize,
    /// The server of counters that gateways share, if there is one.
    pub valkey: Option<Arc<Valkey>>,
    /// How often something may happen, by [`crate::policy::route::RateLimitId`].
    pub rate_limits: Vec<Arc<RateLimit>>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Where the requests of each route are counted.
    pub route_rows: RouteRows,
    /// Which requests get a line in the access log.
    pub access_log: AccessLogging,
}

impl Live {
    /// The address of the client itself, where trusted proxies stand before the gateway.
    pub(super) fn client_of(&self, peer: &Peer, headers: &HeaderMap) -> HeaderValue {
        if !self.trusted_proxies.is_empty() {
            let client = self.client_address(peer, headers);
            let other = client.filter(|_| client != peer.address.ip());
            if let Some(Ok(client)) = other.map(|ip| HeaderValue::try_from(ip.to_string())) {
                return client;
            }
        }
        peer.address_value.clone()
    }

    /// The same as a value; `None` where there is none, behind a Unix socket.
    pub(super) fn client_address(&self, peer: &Peer, headers: &HeaderMap) -> Option<IpAddr> {
        self.trusted_proxies.client(peer.address, headers)
    }

    /// Where the keys of an issuer come from, if it publishes them.
    pub fn key_feed(&self, issuer: IssuerId) -> Option<&Arc<KeyFeed>> {
        let mut feeds = self.key_feeds.iter();
        let (_, feed) = feeds.find(|(id, _)| *id == issuer)?;
        Some(feed)
    }

    /// The limits with these numbers.
    pub(super) fn rate_limits<'a>(
        &'a self,
        numbers: &'a [RateLimitId],
    ) -> impl Iterator<Item = &'a Arc<RateLimit>> {
        numbers
            .iter()
            .filter_map(|number| self.rate_limits.get(number.0))
    }

    /// The `Origin` of a request, where anything depends on it.
    pub(super) fn origin_of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let wanted = self.cors.is_some();
        wanted
            .then(|| headers.get(header::ORIGIN).cloned())
            .flatten()
    }
}
