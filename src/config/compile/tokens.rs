//! Tokens and what they say.

use indexmap::IndexMap;
use serde_json::Value;

use super::Findings;
use crate::{
    config::{
        compiled::{TokenSettings, Tokens},
        document::{
            Document,
            tokens::{Algorithm, SecretText, Token},
        },
        reading::places::key_step,
        source::read_secret_file,
    },
    secret::Secret,
    template::Template,
    token::{
        key::{self, Key, SECRET_BYTES},
        mint::ClaimValue,
    },
};

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Tokens> {
    let tokens = &document.tokens;
    let access = token(&tokens.access, "tokens.access", findings);
    let refresh = tokens.refresh.as_ref();
    let refresh = refresh.map(|refresh| token(refresh, "tokens.refresh", findings));
    if let (Some(access), Some(Some(refresh))) = (&access, &refresh)
        && access.key.same_secret(&refresh.key)
    {
        same_secret(document, findings);
    }
    if tokens.cache.capacity == 0 {
        findings.mistake(
            "tokens.cache.capacity",
            "nothing would be cached",
            "write 1 or more",
        );
    }
    Some(Tokens {
        access: access?,
        refresh: refresh.flatten(),
        max_size: tokens.max_size.into(),
        cache_capacity: tokens.cache.capacity.into(),
    })
}

fn same_secret(document: &Document, findings: &mut Findings<'_>) {
    if document.tokens.same_secret.is_some() {
        findings.warning(
            "tokens.same_secret",
            "nothing tells an access from a refresh token: each is accepted as the other",
            "give them different secrets as soon as the monolith can",
        );
    } else {
        findings.mistake(
            "tokens.refresh.secret",
            "access and refresh tokens have the same secret and nothing else tells them apart",
            "use two secrets, or say `same_secret: acknowledged` under tokens",
        );
    }
}

fn token(token: &Token, path: &str, findings: &mut Findings<'_>) -> Option<TokenSettings> {
    let secret = secret(&token.secret, &format!("{path}.secret"), findings);
    let algorithm = match token.algorithm {
        Algorithm::Hs256 => key::Algorithm::Hs256,
    };
    let lifetime: std::time::Duration = token.lifetime.into();
    if lifetime.as_secs() == 0 {
        findings.mistake(
            &format!("{path}.lifetime"),
            "such a token would be expired when it is minted",
            "write a longer time, such as 30d",
        );
    }
    let claims = claims(&token.claims, path, findings);
    let key = Key::new(secret?, algorithm);
    if key.is_weak() {
        weak_secret(token, path, findings);
    }
    Some(TokenSettings {
        key,
        lifetime,
        claims,
    })
}

fn weak_secret(token: &Token, path: &str, findings: &mut Findings<'_>) {
    let message =
        format!("the secret has less than {SECRET_BYTES} bytes and can be guessed offline");
    if token.weak_secret.is_some() {
        findings.warning(
            &format!("{path}.weak_secret"),
            &message,
            "rotate it as soon as the monolith can",
        );
    } else {
        let fix = "use a longer one, or say `weak_secret: acknowledged` beside it";
        findings.mistake(&format!("{path}.secret"), &message, fix);
    }
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
        if let Some(value) = claim(value, &path, findings) {
            compiled.push((name.clone(), value));
        }
    }
    compiled
}

fn claim(value: &Value, path: &str, findings: &mut Findings<'_>) -> Option<ClaimValue> {
    let Value::String(text) = value else {
        return Some(ClaimValue::Fixed(value.clone()));
    };
    let fix = "use {user.id}, or {{ and }} for braces";
    let template = findings.take(Template::parse(text), path, fix)?;
    if let Some(unknown) = template.placeholders().find(|name| *name != "user.id") {
        findings.mistake(
            path,
            &format!("there is no value {{{unknown}}} for a claim"),
            fix,
        );
        return None;
    }
    Some(ClaimValue::Template(template))
}
