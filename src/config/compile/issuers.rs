//! What is expected of an issuer's tokens, and whose tokens are accepted besides our own.

use serde_json::Value;

use super::{Findings, identity::is_row_id, key_sets, token_keys};
use crate::{
    config::{
        compiled::IssuerSettings,
        document::{
            Document,
            tokens::{Issuer, Leeway as WrittenLeeway, Token},
        },
        reading::places::key_step,
    },
    token::issuer::{Audience, Checks, Leeway},
};

/// The longest leeway that makes sense: beyond it a clock is broken.
const LONGEST_LEEWAY: std::time::Duration = std::time::Duration::from_secs(600);

pub(super) fn compile(
    document: &Document,
    findings: &mut Findings<'_>,
) -> Option<Vec<IssuerSettings>> {
    let issuers = document.tokens.issuers.iter().enumerate();
    let issuers = issuers.map(|(index, written)| {
        let path = format!("tokens.issuers[{index}]");
        let earlier = document.tokens.issuers.iter().take(index);
        let mut names = earlier
            .map(|other| other.issuer.as_str())
            .chain(name_of_token(document, &document.tokens.access));
        if names.any(|name| name == written.issuer) {
            let path = format!("{path}.issuer");
            let message = "another issuer has this name";
            findings.mistake(&path, message, "write all of its keys under one");
        }
        issuer(document, written, &path, findings)
    });
    // Every issuer is looked at before the first bad one counts.
    issuers.collect::<Vec<_>>().into_iter().collect()
}

fn issuer(
    document: &Document,
    written: &Issuer,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<IssuerSettings> {
    if written.issuer.is_empty() {
        let path = format!("{path}.issuer");
        findings.mistake(
            &path,
            "the issuer has no name",
            "write the `iss` of its tokens",
        );
    }
    if written.audience.is_empty() && written.any_audience.is_none() {
        findings.absence(
            path,
            "tokens that the issuer has made for others would be accepted",
            "add `audience: […]`, or say `any_audience: acknowledged`",
        );
    }
    if written.keys.is_empty() && written.jwks.is_none() {
        let message = "nothing could be verified without a key";
        findings.absence(path, message, "add `jwks` or `keys`");
    }
    let keys = token_keys::listed(&written.keys, &format!("{path}.keys"), findings);
    let jwks = written.jwks.as_ref();
    let published = jwks.map(|jwks| {
        let path = format!("{path}.jwks");
        key_sets::compile(jwks, &written.issuer, &path, findings)
    });
    let subject = written.subject.as_deref();
    let subject = subject.unwrap_or(&document.identity.subject);
    if subject.is_empty() && written.subject.is_some() {
        let path = format!("{path}.subject");
        findings.mistake(&path, "the claim has no name", "write sub, or leave it out");
    }
    if written.subject.is_none() && is_row_id(&document.tokens.access, subject) {
        findings.warning(
            path,
            "its subjects count as ids of rows, as our own tokens' do: its `7` becomes the user 7",
            "name the claim that holds the id of the row, such as `subject: sub`",
        );
    }
    let checks = Checks {
        name: Some(written.issuer.as_str().into()),
        audience: audience(
            &written.audience,
            written.any_audience.is_some(),
            path,
            findings,
        ),
        types: types(&written.types, path, findings),
        required: required(&written.required_claims, path, findings),
        expected: Vec::new(),
        leeway: leeway(&written.leeway, path, findings),
        subject: subject.into(),
    };
    let published = match published {
        None => None,
        Some(published) => Some(published?),
    };
    Some(IssuerSettings {
        checks,
        keys: keys?,
        published,
    })
}

/// What is expected of access or refresh tokens.
pub(super) fn checks_of_token(
    document: &Document,
    token: &Token,
    path: &str,
    findings: &mut Findings<'_>,
) -> Checks {
    let checks = Checks {
        name: name_of_token(document, token).map(Into::into),
        audience: audience(
            &token.audience,
            token.any_audience.is_some(),
            path,
            findings,
        ),
        types: types(&token.types, path, findings),
        required: required(&token.required_claims, path, findings),
        expected: expected(token, path, findings),
        leeway: leeway(&token.leeway, path, findings),
        subject: document.identity.subject.as_str().into(),
    };
    minted_are_accepted(token, &checks, path, findings);
    checks
}

/// The `iss` that is written, or with further issuers the one that minted tokens have.
fn name_of_token<'a>(document: &Document, token: &'a Token) -> Option<&'a str> {
    let minted = || {
        let minted = token.claims.get("iss").and_then(Value::as_str);
        minted.filter(|_| !document.tokens.issuers.is_empty())
    };
    token.issuer.as_deref().or_else(minted)
}

/// What is minted here has to be accepted here.
fn minted_are_accepted(token: &Token, checks: &Checks, path: &str, findings: &mut Findings<'_>) {
    if token.issuer.is_some() {
        let minted = token.claims.get("iss");
        if minted.is_some_and(|minted| minted.as_str() != checks.name.as_deref()) {
            let message = "minted tokens have another `iss`, and would be refused";
            findings.mistake(
                &format!("{path}.issuer"),
                message,
                "write the same in `claims.iss`",
            );
        }
    }
    let mints = !token.claims.is_empty();
    if mints && !token.audience.is_empty() && !token.claims.contains_key("aud") {
        let message = "minted tokens have no `aud`, and would be refused";
        findings.mistake(
            &format!("{path}.audience"),
            message,
            "add `aud` to `claims`, or say `any_audience: acknowledged`",
        );
    }
    for (index, name) in token.required_claims.iter().enumerate() {
        if mints && !name.is_empty() && !token.claims.contains_key(name) {
            let message = "minted tokens do not have this claim, and would be refused";
            findings.mistake(
                &format!("{path}.required_claims[{index}]"),
                message,
                "add it to `claims`",
            );
        }
    }
}

fn audience(written: &[String], any: bool, path: &str, findings: &mut Findings<'_>) -> Audience {
    if any && !written.is_empty() {
        findings.mistake(
            &format!("{path}.any_audience"),
            "this takes back what `audience` says",
            "remove one of them",
        );
    }
    match written {
        _ if any => Audience::Any,
        [] => Audience::Unnamed,
        names => Audience::OneOf(names.iter().map(|name| name.as_str().into()).collect()),
    }
}

fn types(written: &[String], path: &str, findings: &mut Findings<'_>) -> Vec<Box<str>> {
    for (index, typ) in written.iter().enumerate() {
        if typ.is_empty() || typ.contains(char::is_whitespace) {
            let path = format!("{path}.types[{index}]");
            findings.mistake(&path, "this is no `typ`", "write one such as at+jwt");
        }
    }
    written.iter().map(|typ| typ.as_str().into()).collect()
}

fn required(
    written: &[String],
    path: &str,
    findings: &mut Findings<'_>,
) -> Vec<std::sync::Arc<str>> {
    for (index, name) in written.iter().enumerate() {
        if name.is_empty() {
            let path = format!("{path}.required_claims[{index}]");
            findings.mistake(&path, "the claim has no name", "write one such as email");
        }
    }
    written.iter().map(|name| name.as_str().into()).collect()
}

/// Exactly these values; what is minted here has them.
fn expected(
    token: &Token,
    path: &str,
    findings: &mut Findings<'_>,
) -> Vec<(std::sync::Arc<str>, Value)> {
    for (name, value) in &token.expected_claims {
        let minted = token.claims.get(name);
        if minted.is_some_and(|minted| minted != value)
            || (minted.is_none() && !token.claims.is_empty())
        {
            let path = format!("{path}.expected_claims{}", key_step(name));
            let message = "minted tokens do not have this value, and would be refused";
            findings.mistake(&path, message, "write the same in `claims`");
        }
    }
    let expected = token.expected_claims.iter();
    expected
        .map(|(name, value)| (name.as_str().into(), value.clone()))
        .collect()
}

fn leeway(written: &WrittenLeeway, path: &str, findings: &mut Findings<'_>) -> Leeway {
    let leeway = Leeway {
        exp: written.exp.into(),
        nbf: written.nbf.into(),
        iat: written.iat.into(),
    };
    for (key, length) in [
        ("exp", leeway.exp),
        ("nbf", leeway.nbf),
        ("iat", leeway.iat),
    ] {
        if length > LONGEST_LEEWAY {
            let path = format!("{path}.leeway.{key}");
            findings.mistake(&path, "no clock is this wrong", "write 10m or less");
        }
    }
    leeway
}
