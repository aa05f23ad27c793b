//! What the gateway signs for upstreams.

use ::http::HeaderName;
use serde_json::Value;

use super::{
    Findings,
    headers::OURS,
    identity,
    rules::Broken,
    token_keys::{self, OneOrMore},
};
use crate::{
    config::{
        compiled::Tokens,
        document::{Document, assertion::Assertion},
        reading::places::key_step,
    },
    http::stripped::Stripped,
    policy::{
        assertion::{AssertedClaim, AssertedClaims, AssertionSettings, REGISTERED},
        requirement::ClaimPath,
    },
    token::keyring::ListedKey,
};

const CLAIM: &str = "write a value, or one `{claims.NAME}` and nothing else";

pub(super) fn compile(
    document: &Document,
    tokens: Option<&Tokens>,
    findings: &mut Findings<'_>,
) -> Result<Option<AssertionSettings>, Broken> {
    let Some(written) = &document.assertion else {
        without_one(document, findings);
        return Ok(None);
    };
    let header = header(written, document, findings);
    let keys = keys(written, tokens, findings);
    let audiences = document.upstreams.iter().map(|(name, upstream)| {
        let audience = upstream.audience.as_deref().unwrap_or(name);
        let path = format!("upstreams{}.audience", key_step(name));
        not_empty(audience, &path, findings);
        audience.into()
    });
    let audiences = audiences.collect();
    let lifetime: std::time::Duration = written.lifetime.into();
    if lifetime.as_secs() < 2 {
        let message = "an assertion would hold for too short a time to be of use";
        let fix = "write 2s or more, such as 60s";
        findings.mistake("assertion.lifetime", message, fix);
    } else if lifetime.as_secs() > 3_600 {
        let message = "an assertion that got into wrong hands would be believed for all that time";
        let fix = "write a shorter one, such as 60s: the gateway makes new ones by itself";
        findings.warning("assertion.lifetime", message, fix);
    }
    not_empty(&written.issuer, "assertion.issuer", findings);
    let further = further(written, findings);
    Ok(Some(AssertionSettings {
        header: header.ok_or(Broken)?,
        keys: keys.ok_or(Broken)?,
        audiences,
        claims: AssertedClaims {
            issuer: written.issuer.as_str().into(),
            lifetime,
            further: further.ok_or(Broken)?,
        },
    }))
}

fn without_one(document: &Document, findings: &mut Findings<'_>) {
    for (name, upstream) in &document.upstreams {
        if upstream.audience.is_some() {
            let path = format!("upstreams{}.audience", key_step(name));
            let message = "nothing is sent that has an audience";
            findings.warning(&path, message, "add `assertion:`, or take it out");
        }
    }
}

fn not_empty(text: &str, path: &str, findings: &mut Findings<'_>) {
    if text.trim().is_empty() {
        findings.mistake(path, "this is empty", "write a name, or take it out");
    }
}

/// A header of its own, in every spelling.
fn header(
    written: &Assertion,
    document: &Document,
    findings: &mut Findings<'_>,
) -> Option<HeaderName> {
    const PATH: &str = "assertion.header";
    let header = identity::header(&written.header, "X-Sidegate-Assertion", PATH, findings)?;
    let identity = &document.identity;
    let others = identity.headers.keys();
    let others = others.chain(identity.certificate_headers.keys());
    let others = OURS.into_iter().chain(others.map(String::as_str));
    if Stripped::only(others).covers(header.as_str()) {
        let message = "the gateway sends something else in this header";
        findings.mistake(PATH, message, "use a name of its own");
        return None;
    }
    Some(header)
}

/// Keys that sign nothing else: what an upstream is sent must not be good for anything but to be believed by it.
fn keys(
    written: &Assertion,
    tokens: Option<&Tokens>,
    findings: &mut Findings<'_>,
) -> Option<Vec<ListedKey>> {
    let one_or_more = OneOrMore {
        algorithm: written.algorithm,
        secret: written.secret.as_ref(),
        private_key: written.private_key.as_ref(),
        public_key: None,
        kid: written.kid.as_deref(),
        may_be_weak: written.weak_secret.is_some(),
        keys: &written.keys,
    };
    let mut keys = token_keys::one_or_more(&one_or_more, "assertion", findings)?;
    for key in &mut keys {
        key.kid = key
            .kid
            .take()
            .or_else(|| key.key.thumbprint().map(Into::into));
    }
    if !keys.iter().any(|key| key.key.can_sign()) {
        let message = "none of these keys can sign";
        findings.mistake("assertion", message, "write a `private_key`");
    }
    let tokens = tokens.into_iter().flat_map(|tokens| {
        let refresh = tokens.refresh.iter().flat_map(|refresh| &refresh.keys);
        let issuers = tokens.issuers.iter().flat_map(|issuer| &issuer.keys);
        tokens.access.keys.iter().chain(refresh).chain(issuers)
    });
    let mut tokens = tokens;
    if tokens.any(|other| keys.iter().any(|key| key.key.accepts_same(&other.key))) {
        let message = "tokens of `tokens` have the same key: one could be taken for the other";
        findings.mistake("assertion", message, "use a key of its own");
    }
    Some(keys)
}

fn further(
    written: &Assertion,
    findings: &mut Findings<'_>,
) -> Option<Vec<(Box<str>, AssertedClaim)>> {
    let claims = written.claims.iter().map(|(name, value)| {
        let path = format!("assertion.claims{}", key_step(name));
        if REGISTERED.contains(&name.as_str()) {
            let message = "the gateway fills this claim itself";
            let fix = "leave it out, or use a name of its own";
            findings.mistake(&path, message, fix);
        }
        Some((name.as_str().into(), claim(value, &path, findings)?))
    });
    // Every claim is looked at before the first bad one counts.
    claims.collect::<Vec<_>>().into_iter().collect()
}

fn claim(value: &Value, path: &str, findings: &mut Findings<'_>) -> Option<AssertedClaim> {
    let text = match value {
        Value::String(text) if text.contains(['{', '}']) => text,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => return Some(AssertedClaim::Fixed(value.clone())),
    };
    let name = text.strip_prefix("{claims.");
    let name = name.and_then(|name| name.strip_suffix('}'));
    let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
        findings.mistake(path, "this is no value for a claim", CLAIM);
        return None;
    };
    let copied = findings.take(ClaimPath::parse(name), path, CLAIM)?;
    Some(AssertedClaim::Copied(copied))
}
