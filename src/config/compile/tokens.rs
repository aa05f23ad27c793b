//! Tokens and what they say.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Findings, issuers, rotation, sessions, token_keys};
use crate::{
    accounts::About,
    config::{
        compiled::{TokenSettings, Tokens},
        document::{
            Document,
            tokens::{SecretText, Token},
        },
        reading::places::key_step,
        source::read_secret_file,
    },
    revocation::Earlier,
    secret::Secret,
    template::Template,
    token::{
        keyring::ListedKey,
        mint::{CLAIM_COLUMNS, CLAIM_VALUES, ClaimValue},
    },
};

/// What a proof of a token of the usual size takes, in bytes.
const USUAL: u64 = 1024;

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Tokens> {
    let tokens = &document.tokens;
    let access = token(document, &tokens.access, "tokens.access", findings);
    let refresh = tokens.refresh.as_ref();
    let refresh = refresh.map(|refresh| token(document, refresh, "tokens.refresh", findings));
    if let (Some(access), Some(Some(refresh))) = (&access, &refresh) {
        same_secret(document, &access.keys, &refresh.keys, findings);
    }
    let issuers = issuers::compile(document, findings);
    if tokens.cache.capacity == 0 {
        findings.mistake(
            "tokens.cache.capacity",
            "nothing would be cached",
            "write 1 or more",
        );
    }
    let size = tokens.cache.size.map(u64::from);
    if size.is_some_and(|size| size < USUAL) {
        findings.mistake(
            "tokens.cache.size",
            "nothing would be cached",
            "write 1KiB or more",
        );
    }
    let rotation = rotation::compile(document, findings);
    Some(Tokens {
        access: access?,
        refresh: refresh.flatten(),
        rotation,
        keep_sessions: rotation.is_some() || sessions::are_asked_for(document),
        issuers: issuers?,
        max_size: tokens.max_size.into(),
        cache_size: size.unwrap_or(u64::from(tokens.cache.capacity) * USUAL),
        forged_size: tokens.cache.forged.into(),
    })
}

fn same_secret(
    document: &Document,
    access: &[ListedKey],
    refresh: &[ListedKey],
    findings: &mut Findings<'_>,
) {
    let is_shared = |key: &ListedKey| access.iter().any(|other| key.key.accepts_same(&other.key));
    let Some(shared) = refresh.iter().position(is_shared) else {
        return;
    };
    if told_apart(document) {
        if document.tokens.same_secret.is_some() {
            let message = "`expected_claims` tell access and refresh tokens apart";
            findings.mistake("tokens.same_secret", message, "leave it out");
        }
        return;
    }
    if document.tokens.same_secret.is_some() {
        findings.warning(
            "tokens.same_secret",
            "nothing tells an access from a refresh token: each is accepted as the other",
            "give them different secrets as soon as the monolith can",
        );
        return;
    }
    let refresh = document.tokens.refresh.as_ref();
    let path = match refresh {
        Some(refresh) if !refresh.keys.is_empty() => format!("tokens.refresh.keys[{shared}]"),
        Some(refresh) if refresh.private_key.is_some() => "tokens.refresh.private_key".to_owned(),
        Some(_) | None => "tokens.refresh.secret".to_owned(),
    };
    let noun = if path.ends_with(".secret") {
        "secret"
    } else {
        "key"
    };
    let message =
        format!("access and refresh tokens have the same {noun} and nothing else tells them apart");
    let fix = format!(
        "use two {noun}s, tell them apart by `expected_claims`, or say `same_secret: acknowledged` under tokens"
    );
    findings.mistake(&path, &message, &fix);
}

/// Whether a claim has to have one value in access tokens and another in refresh tokens.
fn told_apart(document: &Document) -> bool {
    let access = &document.tokens.access.expected_claims;
    let refresh = document.tokens.refresh.as_ref();
    refresh.is_some_and(|refresh| {
        let mut expected = refresh.expected_claims.iter();
        expected.any(|(name, value)| access.get(name).is_some_and(|other| other != value))
    })
}

fn token(
    document: &Document,
    token: &Token,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<TokenSettings> {
    let keys = token_keys::one_or_more(&token.into(), path, findings);
    let lifetime: Duration = token.lifetime.into();
    if lifetime.as_secs() == 0 {
        findings.mistake(
            &format!("{path}.lifetime"),
            "such a token would be expired when it is minted",
            "write a longer time, such as 30d",
        );
    }
    let claims = claims(document, &token.claims, path, findings);
    let about = about(document, token, path, findings);
    let checks = issuers::checks_of_token(document, token, path, findings);
    let keys = keys?;
    let grants = !document.accounts.is_empty() || document.pages.is_some();
    if grants && !keys.iter().any(|key| key.key.can_sign()) {
        findings.mistake(
            path,
            "`accounts` has to sign tokens, and none of these keys can",
            "write the `private_key`, or remove the account routes",
        );
    }
    Some(TokenSettings {
        checks,
        keys,
        lifetime,
        earlier_lifetimes: earlier_lifetimes(token, path, findings),
        claims,
        about,
    })
}

/// Which column the subject is. Rows are found by two of them.
fn about(document: &Document, token: &Token, path: &str, findings: &mut Findings<'_>) -> About {
    let subject = &document.identity.subject;
    let minted = token.claims.get(subject).and_then(Value::as_str);
    let column = minted.and_then(|text| text.strip_prefix("{user.")?.strip_suffix('}'));
    match (column, &document.users) {
        (None | Some("id" | "id.number"), _) | (Some(_), None) => About::Id,
        (Some(column), Some(users)) if column == users.columns.login => About::Login,
        (Some(_), Some(_)) => {
            let path = format!("{path}.claims{}", key_step(subject));
            let message = "no row is found by this column";
            let fix = "use {user.id}, or the column of `users.columns.login`";
            findings.mistake(&path, message, fix);
            About::Id
        }
    }
}

fn earlier_lifetimes(token: &Token, path: &str, findings: &mut Findings<'_>) -> Vec<Earlier> {
    let mut earlier = Vec::new();
    for (index, written) in token.earlier_lifetimes.iter().enumerate() {
        let path = format!("{path}.earlier_lifetimes[{index}]");
        let lifetime: Duration = written.lifetime.into();
        if lifetime.is_zero() {
            let message = "no token can have held for no time at all";
            let fix = "write how long tokens held then, such as 60d, or remove the entry";
            findings.mistake(&format!("{path}.lifetime"), message, fix);
        }
        earlier.push(Earlier {
            lifetime,
            until: written.until.into(),
        });
    }
    earlier
}

/// The secret itself, from the text or from the file that it names.
pub(super) fn secret(
    text: &SecretText,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Secret<Vec<u8>>> {
    let bytes = secret_text(text, path, findings)?;
    if bytes.expose().is_empty() {
        findings.mistake(
            path,
            "the secret is empty",
            "set it, for example by ${SECRET_KEY}",
        );
        return None;
    }
    Some(Secret::new(bytes.expose().clone().into_bytes()))
}

/// The text, or the content of the file that `file:PATH` names.
pub(super) fn secret_text(
    text: &SecretText,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Secret<String>> {
    let Some(file) = text.0.expose().strip_prefix("file:") else {
        return Some(text.0.clone());
    };
    let file = findings.resolve(file);
    match read_secret_file(findings.files, &file) {
        Ok(secret) => Some(Secret::new(secret.to_string())),
        Err(error) => {
            findings.mistake(
                path,
                &error.to_string(),
                "name a readable file after `file:`",
            );
            None
        }
    }
}

fn claims(
    document: &Document,
    claims: &IndexMap<String, Value>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Vec<(String, ClaimValue)> {
    let mut compiled = Vec::with_capacity(claims.len());
    for (name, value) in claims {
        let path = format!("{path}.claims{}", key_step(name));
        if name == "exp" {
            findings.mistake(&path, "exp is set from the lifetime", "leave it out");
        }
        if let Some(value) = claim(document, value, &path, findings) {
            compiled.push((name.clone(), value));
        }
    }
    compiled
}

fn claim(
    document: &Document,
    value: &Value,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<ClaimValue> {
    let Value::String(text) = value else {
        return Some(ClaimValue::Fixed(value.clone()));
    };
    let fix = "use {user.id}, {user.id.number}, a column of `users.show` such as {user.email}, {token.id}, {session.id} or \
               {now}, or {{ and }} for braces";
    let template = findings.take(Template::parse(text), path, fix)?;
    let shown = |name: &str| {
        let column = name.strip_prefix(CLAIM_COLUMNS);
        let users = document.users.as_ref();
        column.is_some_and(|column| users.is_some_and(|users| users.show.contains_key(column)))
    };
    let unknown = |name: &&str| !CLAIM_VALUES.contains(name) && !shown(name);
    if let Some(unknown) = template.placeholders().find(unknown) {
        findings.mistake(
            path,
            &format!("there is no value {{{unknown}}} for a claim"),
            fix,
        );
        return None;
    }
    Some(ClaimValue::Template(template))
}
