//! What the gateway signs about a caller for the upstream, and the keys by which others verify what it signs.

mod kept;
mod published_keys;
mod rotation;
mod said;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use sidegate::{
    clock::UnixSeconds,
    token::{
        issuer::{Audience, Checks, Issuer},
        key::Algorithm,
        key_set,
        verify::{Unproven, Verified, Verifier},
    },
};

use crate::harness::{Gateway, Request, Seen, Setup, Upstream, keys::SigningKey, token};

const HEADER: &str = "x-sidegate-assertion";
const KEYS: &str = "/.well-known/jwks.json";

/// A gateway that asserts callers, and shows its keys, with further settings of the assertion.
fn before(upstream: &Upstream, key: &SigningKey, further: &str) -> Setup {
    let algorithm = key.algorithm;
    let assertion =
        format!("{{ algorithm: {algorithm}, private_key: \"file:own.pem\", {further} }}");
    Gateway::before(upstream)
        .section("assertion", &assertion)
        .section("published_keys", "{}")
        .section("reload", "{ watch: false }")
        .file("own.pem", &key.private_pem())
}

/// The assertion with which a request of this subject arrives.
#[track_caller]
fn asserted(gateway: &Gateway, upstream: &Upstream, path: &str, token: &str) -> String {
    let response = gateway.send(&Request::get(path).token(token));
    assert_eq!(response.status, 200, "{path}: {}", response.text());
    let seen = upstream.seen();
    let seen = seen.iter().rfind(|seen| seen.target() == path);
    let values = folded(seen.expect("a request"));
    assert_eq!(values.len(), 1, "{path}: {values:?}");
    values[0].clone()
}

/// The values of the header, however it is spelled.
fn folded(seen: &Seen) -> Vec<String> {
    let fold = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let names = seen.names().into_iter();
    let names = names.filter(|name| fold(name) == HEADER);
    let values = names.flat_map(|name| {
        let values = seen.values(&name).into_iter();
        values.map(str::to_owned).collect::<Vec<_>>()
    });
    values.collect()
}

/// The header or the claims, unverified.
fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("three parts");
    let part = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&part).expect("JSON")
}

fn published(gateway: &Gateway) -> Value {
    let response = gateway.get(KEYS);
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

/// What an upstream of this name makes of an assertion by the published keys.
fn verified(
    gateway: &Gateway,
    assertion: &str,
    audience: &str,
    now: u64,
) -> Result<Verified, Unproven> {
    let set = published(gateway).to_string();
    let set = key_set::read(set.as_bytes(), &Algorithm::ALL).expect("a set");
    let checks = Checks {
        name: Some("sidegate".into()),
        audience: Audience::OneOf(vec![audience.into()]),
        types: vec!["assertion+jwt".into()],
        ..Checks::usual("sub")
    };
    let issuer = Issuer::new(checks, set.keys, None);
    let verifier = Verifier::with_issuers(vec![issuer], 8192);
    verifier.verify_at(assertion.as_bytes(), UnixSeconds(now))
}

/// How many were signed so far.
fn minted(gateway: &Gateway) -> u64 {
    let text = gateway.ask("/metrics").text();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix("sidegate_assertions_minted_total "));
    value
        .and_then(|value| value.parse().ok())
        .expect("a number")
}

/// Has another configuration read.
#[track_caller]
fn reload(gateway: &Gateway, yaml: &str) {
    let path = gateway.setup().folder().join("gateway.yaml");
    std::fs::write(path, yaml).expect("a configuration");
    let answer = gateway.operate(Request::post("/reload"));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A moment as the configuration writes it.
fn moment(seconds: u64) -> String {
    UnixSeconds(seconds).to_string()
}
