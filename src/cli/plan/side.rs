//! One of the two configurations, ready to be asked.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Map, Value};

use crate::{
    app::assemble,
    cli::policy_tests::Signer,
    clock::UnixSeconds,
    config::compiled::Compiled,
    entropy::Entropy,
    pipeline::Live,
    secret::Secret,
    token::{
        issuer::{Audience, Checks},
        key::{Algorithm, Key},
        keyring::ListedKey,
        mint,
    },
};

/// What tokens call it.
const NAME: &str = "sidegate-plan";

/// A key that both configurations believe, each for all of its issuers: nobody's real key is needed for a token of
/// theirs. Which keys they have is compared apart from that.
#[derive(Debug)]
pub(super) struct PlanKey(ListedKey);

impl PlanKey {
    pub(super) fn new() -> Self {
        let secret: [u8; 32] = Entropy::from_os().bytes();
        let key = Key::new(Secret::new(secret.to_vec()), Algorithm::Hs256);
        Self(ListedKey::lasting(key, Some(NAME.into())))
    }

    pub(super) fn sign(&self, kind: &str, claims: &Map<String, Value>) -> Result<String> {
        Ok(mint::sign(&self.0, kind, &Value::Object(claims.clone()))?)
    }
}

/// A configuration, as requests are decided by it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) live: Arc<Live>,
    /// The columns of users that its rules ask for.
    pub(super) columns: Vec<String>,
    /// A token of each issuer that says no more than it has to.
    pub(super) plain: Vec<Plain>,
    /// Makes the tokens of examples.
    pub(super) signer: Signer,
}

/// What a token of an issuer has to say, but for its subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plain {
    /// Its `iss`.
    pub(super) issuer: Option<Box<str>>,
    /// Its `typ`.
    pub(super) kind: Box<str>,
    /// The claim that says who it is.
    pub(super) subject: Box<str>,
    pub(super) claims: Map<String, Value>,
}

impl Side {
    /// Has to be called inside the control runtime.
    pub(super) fn new(mut compiled: Compiled, key: &PlanKey, now: UnixSeconds) -> Result<Self> {
        // Neither logins nor users are tried: no database is opened for them.
        compiled.users = None;
        let columns = compiled.row_cache.take().map(|cache| cache.columns);
        let tokens = &mut compiled.tokens;
        tokens.access.keys.insert(0, key.0.clone());
        let issuers = tokens.issuers.iter().map(|issuer| &issuer.checks);
        let checks = [&tokens.access.checks].into_iter().chain(issuers);
        let plain = checks.map(|checks| Plain::new(checks, now)).collect();
        // Examples bring keys of their own along.
        let signer = Signer::new(tokens, &compiled.identity.subject);
        for issuer in &mut tokens.issuers {
            issuer.keys.insert(0, key.0.clone());
        }
        Ok(Self {
            live: assemble(compiled, None)?.live,
            columns: columns.unwrap_or_default(),
            plain,
            signer,
        })
    }
}

impl Plain {
    fn new(checks: &Checks, now: UnixSeconds) -> Self {
        const HOUR: u64 = 3600;
        let mut claims = Map::new();
        claims.insert("exp".to_owned(), (now.0 + HOUR).into());
        if let Some(name) = &checks.name {
            claims.insert("iss".to_owned(), (**name).into());
        }
        if let Audience::OneOf(audiences) = &checks.audience
            && let Some(first) = audiences.first()
        {
            claims.insert("aud".to_owned(), (**first).into());
        }
        for name in &checks.required {
            let value = match &**name {
                "iat" | "nbf" => Value::from(now.0),
                _ => Value::from("x"),
            };
            claims.entry(name.to_string()).or_insert(value);
        }
        let usual = checks
            .types
            .iter()
            .find(|kind| kind.eq_ignore_ascii_case("jwt"));
        let kind = usual.or(checks.types.first());
        Self {
            issuer: checks.name.clone(),
            kind: kind.cloned().unwrap_or_else(|| "JWT".into()),
            subject: checks.subject.clone(),
            claims,
        }
    }
}
