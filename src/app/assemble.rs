//! Compiled settings and open handles to the snapshot that requests are decided by.

use std::{hash::RandomState, sync::Arc};

use super::StartError;
use crate::{
    accounts::{Accounts, TokenKind, hashing::HashingPool},
    clock::Clock,
    config::compiled::{Compiled, Server, TokenSettings, Tokens},
    entropy::Entropy,
    http::stripped::Stripped,
    pipeline::{IdentityHeaders, Live, SubjectLog},
    policy::table::RouteTable,
    ratelimit::{self, RateLimit},
    store::Store,
    telemetry::counters::{Counters, Kind, RouteLabels, Sample},
    token::{cache::ProofCache, mint::Minter, verify::Verifier},
    upstream::{self, Event, Group},
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
    let subject = identity.subject.as_str();
    let verifier = verifier(&tokens.access, subject, &tokens);
    let accounts = match (users, &tokens.refresh) {
        (Some(users), Some(refresh)) => Some(Arc::new(Accounts {
            endpoints,
            store: Store::open(&users)?,
            hashing: HashingPool::start(hashing)?,
            access: kind(&tokens.access, subject, &tokens),
            refresh: kind(refresh, subject, &tokens),
            clock: Clock,
        })),
        _ => None,
    };
    let subject_log = if identity.subject_is_row_id {
        SubjectLog::RowId
    } else {
        hashed_subjects()
    };
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
        proofs: ProofCache::new(tokens.cache_capacity),
        identity,
        subject_log,
        trusted_proxies: server.trusted_proxies.clone(),
        forwarded: server.forwarded,
        cors,
        refusals,
        upstreams: start_tallies(upstreams, &counters),
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

/// Nothing has happened to any upstream yet.
fn start_tallies(settings: Vec<upstream::Settings>, counters: &Counters) -> Vec<Arc<Group>> {
    let start = Clock.instant();
    let group = |settings| Arc::new(Group::new(settings, start));
    let groups: Vec<Arc<Group>> = settings.into_iter().map(group).collect();
    for (name, help, event) in [
        (
            "upstream_retries",
            "Requests that were sent again after they were lost",
            Event::Repeated,
        ),
        (
            "upstream_broken_answers",
            "Answers that an upstream broke off",
            Event::BrokeOff,
        ),
        (
            "upstream_ejections",
            "Endpoints that were left alone after failures",
            Event::Ejected,
        ),
    ] {
        let read = groups.clone();
        let sample = move |group: &Arc<Group>| Sample {
            labels: vec![("upstream", group.settings().name.clone())],
            value: group.tally().count(event),
        };
        counters.read(name, help, Kind::Counter, move || {
            read.iter().map(&sample).collect()
        });
    }
    groups
}

fn verifier(settings: &TokenSettings, subject: &str, tokens: &Tokens) -> Verifier {
    Verifier::new(&settings.key, subject.to_owned(), tokens.max_size)
}

fn kind(settings: &TokenSettings, subject: &str, tokens: &Tokens) -> TokenKind {
    let claims = settings.claims.clone();
    TokenKind {
        minter: Minter::new(&settings.key, settings.lifetime, claims),
        verifier: verifier(settings, subject, tokens),
    }
}

/// A key of this process alone: equal subjects look equal in one run's log, and nothing leads back to them.
fn hashed_subjects() -> SubjectLog {
    let secret: [u8; 32] = Entropy::from_os().bytes();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
    SubjectLog::Hashed(Box::new(key))
}
