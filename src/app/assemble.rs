//! Compiled settings and open handles to the snapshot that requests are decided by.

use std::sync::Arc;

use super::StartError;
use crate::{
    accounts::{Accounts, TokenKind, hashing::HashingPool},
    clock::Clock,
    config::compiled::{Compiled, Server, TokenSettings, Tokens},
    entropy::Entropy,
    pipeline::{IdentityHeaders, Live, SubjectLog, stripped_headers},
    policy::table::RouteTable,
    store::Store,
    telemetry::counters::{Counters, RouteLabels},
    token::{cache::ProofCache, mint::Minter, verify::Verifier},
};

/// Builds the snapshot; has to run inside the control runtime.
pub fn assemble(compiled: Compiled) -> Result<(Live, Server), StartError> {
    let Compiled {
        server,
        upstreams,
        tokens,
        identity,
        users,
        hashing,
        endpoints,
        cors,
        refusals,
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
    let identity = IdentityHeaders::new(identity.headers);
    let live = Live {
        stripped: stripped_headers(identity.names()),
        table,
        verifier,
        proofs: ProofCache::new(tokens.cache_capacity),
        identity,
        subject_log,
        trusted_proxies: server.trusted_proxies.clone(),
        forwarded: server.forwarded,
        cors,
        refusals,
        upstreams,
        accounts,
        account_body: server.account_body,
        counters,
        access_log: server.logs.access,
    };
    Ok((live, server))
}

/// What tells the routes apart in the counters, in the order of the table.
fn route_labels(table: &RouteTable) -> Vec<RouteLabels> {
    let labels = table.routes().iter().map(|route| RouteLabels {
        route: Arc::clone(&route.name),
        host: route.host.to_string().into(),
    });
    labels.collect()
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
