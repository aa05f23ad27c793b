//! Compiled settings and open handles to the snapshot that requests are decided by.

use std::{hash::RandomState, sync::Arc};

use super::StartError;
use crate::{
    accounts::{Accounts, TokenKind, hashing::HashingPool},
    clock::Clock,
    config::compiled::{Compiled, Server, TokenSettings, Tokens},
    entropy::Entropy,
    fetch::KeyFeed,
    http::stripped::Stripped,
    pipeline::{IdentityHeaders, Live, SubjectLog},
    policy::table::RouteTable,
    ratelimit::{self, RateLimit},
    store::Store,
    telemetry::counters::{Counters, Kind, RouteLabels, Sample},
    token::{
        cache::{ForgeryCache, ProofCache},
        issuer::{Issuer, IssuerId},
        keyring::PublishedKeys,
        mint::Minter,
        verify::Verifier,
    },
    upstream,
};

/// Builds the snapshot; has to run inside the control runtime.
pub fn assemble(compiled: Compiled) -> Result<(Live, Server), StartError> {
    let Compiled {
        server,
        upstreams,
        tokens,
        identity,
        reading,
        headers,
        users,
        hashing,
        endpoints,
        cors,
        refusals,
        rate_limits,
        table,
    } = compiled;
    let (verifier, key_feeds) = verifier(&tokens);
    let accounts = match (users, &tokens.refresh) {
        (Some(users), Some(refresh)) => Some(Arc::new(Accounts {
            endpoints,
            store: Store::open(&users)?,
            hashing: HashingPool::start(hashing)?,
            access: kind(&tokens.access, &tokens),
            refresh: kind(refresh, &tokens),
            clock: Clock,
        })),
        _ => None,
    };
    let subject_log = subject_log(identity.subject_is_row_id);
    let counters = Arc::new(Counters::new(route_labels(&table)));
    let rate_limits = start_counting(rate_limits, &counters);
    let certificate_headers = identity.certificate_headers;
    let certificate_headers = certificate_headers.iter().map(|(name, _)| name.as_str());
    let identity = IdentityHeaders::new(identity.headers);
    let further = headers.strip.iter().map(String::as_str);
    let further = identity.names().chain(certificate_headers).chain(further);
    let live = Live {
        reading,
        stripped: Stripped::new(further, headers.keep.iter().map(String::as_str)),
        table,
        verifier,
        proofs: ProofCache::new(tokens.cache_size),
        forgeries: ForgeryCache::new(tokens.forged_size),
        key_feeds,
        identity,
        subject_log,
        trusted_proxies: server.trusted_proxies.clone(),
        forwarded: server.forwarded,
        cors,
        refusals,
        upstreams: upstreams.into_iter().map(group).collect(),
        accounts,
        body_timeout: server.body_timeout,
        account_body: server.account_body,
        rate_limits,
        counters,
        access_log: server.logs.access,
    };
    Ok((live, server))
}

/// Nobody has used anything of any limit yet.
fn start_counting(settings: Vec<ratelimit::Settings>, counters: &Counters) -> Vec<Arc<RateLimit>> {
    let start = Clock.instant();
    let limit = |settings| Arc::new(RateLimit::new(settings, RandomState::new(), start));
    let limits: Vec<Arc<RateLimit>> = settings.into_iter().map(limit).collect();
    let sample = |limit: &RateLimit, value| Sample {
        labels: vec![("limit", limit.name().to_owned())],
        value,
    };
    let read = limits.clone();
    let help = "Requests that a limit of the rate refused";
    counters.read("rate_limited", help, Kind::Counter, move || {
        let limits = read.iter();
        limits.map(|limit| sample(limit, limit.refused())).collect()
    });
    let read = limits.clone();
    let help = "Clients, subjects or accounts that have used something of a limit";
    counters.read("rate_limit_keys", help, Kind::Gauge, move || {
        let now = Clock.instant();
        let limits = read.iter();
        let keys = limits.map(|limit| sample(limit, limit.keys(now) as u64));
        keys.collect()
    });
    limits
}

/// What tells the routes apart in the counters, in the order of the table.
fn route_labels(table: &RouteTable) -> Vec<RouteLabels> {
    let labels = table.routes().iter().map(|route| RouteLabels {
        route: Arc::clone(&route.name),
        host: route.host.to_string().into(),
    });
    labels.collect()
}

fn group(settings: upstream::Settings) -> Arc<upstream::Group> {
    Arc::new(upstream::Group::new(settings, Clock.instant()))
}

/// What guarded routes accept, and where the keys come from that are published.
fn verifier(tokens: &Tokens) -> (Verifier, Vec<(IssuerId, Arc<KeyFeed>)>) {
    let mut feeds = Vec::new();
    let mut issuers = vec![own(&tokens.access)];
    for settings in &tokens.issuers {
        let feed = settings.published.clone();
        let feed = feed.map(|settings| Arc::new(KeyFeed::new(settings)));
        let published = feed.as_ref().map(|feed| Arc::clone(feed.keys()));
        feeds.extend(feed.map(|feed| (IssuerId(issuers.len()), feed)));
        let (checks, keys) = (settings.checks.clone(), settings.keys.clone());
        issuers.push(Issuer::new(checks, keys, published));
    }
    (Verifier::with_issuers(issuers, tokens.max_size), feeds)
}

fn own(settings: &TokenSettings) -> Issuer {
    let published: Option<Arc<PublishedKeys>> = None;
    Issuer::new(settings.checks.clone(), settings.keys.clone(), published)
}

/// The account routes know their own tokens and no others: their subjects are the rows of the user table.
fn kind(settings: &TokenSettings, tokens: &Tokens) -> TokenKind {
    let (keys, claims) = (settings.keys.clone(), settings.claims.clone());
    TokenKind {
        minter: Minter::new(keys, settings.lifetime, claims),
        verifier: Verifier::with_issuers(vec![own(settings)], tokens.max_size),
    }
}

/// A key of this process alone: equal subjects look equal in one run's log, and nothing leads back to them.
fn subject_log(row_ids: bool) -> SubjectLog {
    let secret: [u8; 32] = Entropy::from_os().bytes();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
    SubjectLog {
        key: Box::new(key),
        row_ids,
    }
}
