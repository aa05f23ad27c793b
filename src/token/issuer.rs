//! What is expected of the tokens of one issuer, besides a signature.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    claims::Claims,
    header::Header,
    keyring::{Keyring, ListedKey, PublishedKeys},
    verify::InvalidToken,
};
use crate::clock::UnixSeconds;

/// Which issuer, by its number: 0 is the default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuerId(pub usize);

impl IssuerId {
    /// The one whose tokens need not say whose they are: the gateway itself and the monolith.
    pub const DEFAULT: Self = Self(0);
}

/// Whom a token may be meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Nobody in particular: a token that names an audience is refused.
    Unnamed,
    /// It has to name one of these.
    OneOf(Vec<Box<str>>),
    /// Whatever it names, even nothing: the operator has said so.
    Any,
}

/// How far clocks may differ, for each claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway {
    /// How long after `exp` a token still holds.
    pub exp: Duration,
    /// How long before `nbf` it already holds.
    pub nbf: Duration,
    /// How far in the future `iat` may be.
    pub iat: Duration,
}

impl Default for Leeway {
    fn default() -> Self {
        Self {
            exp: Duration::ZERO,
            nbf: Duration::from_secs(5),
            iat: Duration::from_secs(5),
        }
    }
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// The exact `iss`; `None` takes tokens that nobody else claims.
    pub name: Option<Box<str>>,
    /// `aud`.
    pub audience: Audience,
    /// Accepted `typ`; a token without one is accepted.
    pub types: Vec<Box<str>>,
    /// Claims that have to be there and not null.
    pub required: Vec<Arc<str>>,
    /// Claims that have to be exactly so.
    pub expected: Vec<(Arc<str>, Value)>,
    /// How far clocks may differ.
    pub leeway: Leeway,
    /// The claim that says who it is.
    pub subject: Box<str>,
}

impl Checks {
    /// What is expected where nothing is said.
    pub fn usual(subject: &str) -> Self {
        Self {
            name: None,
            audience: Audience::Unnamed,
            types: vec!["JWT".into(), "at+jwt".into()],
            required: Vec::new(),
            expected: Vec::new(),
            leeway: Leeway::default(),
            subject: subject.into(),
        }
    }
}

/// An issuer whose tokens are accepted.
#[derive(Debug)]
pub struct Issuer {
    pub(super) checks: Arc<Checks>,
    pub(super) keys: Keyring,
}

/// When a token holds, as far as its claims say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires: UnixSeconds,
    pub(super) not_before: Option<UnixSeconds>,
    pub(super) issued_at: Option<UnixSeconds>,
}

impl Issuer {
    /// `published` are the keys that the issuer publishes, where it does.
    pub fn new(
        checks: Checks,
        listed: Vec<ListedKey>,
        published: Option<Arc<PublishedKeys>>,
    ) -> Self {
        Self {
            checks: Arc::new(checks),
            keys: Keyring::new(listed, published),
        }
    }

    /// What is expected.
    pub fn checks(&self) -> &Arc<Checks> {
        &self.checks
    }

    pub(super) fn check_header(&self, header: &Header) -> Result<(), InvalidToken> {
        if header.is_of_type(&self.checks.types) {
            Ok(())
        } else {
            Err(InvalidToken::Type)
        }
    }

    /// All that does not depend on the moment.
    pub(super) fn check_claims(&self, claims: &Claims) -> Result<Times, InvalidToken> {
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        let is_missing = |name: &&Arc<str>| claims.value(name).is_none_or(Value::is_null);
        if let Some(name) = self.checks.required.iter().find(is_missing) {
            return Err(InvalidToken::MissingClaim(Arc::clone(name)));
        }
        let is_other =
            |(name, value): &&(Arc<str>, Value)| claims.value(name).is_none_or(|it| it != value);
        if let Some((name, _)) = self.checks.expected.iter().find(is_other) {
            return Err(InvalidToken::OtherClaim(Arc::clone(name)));
        }
        Ok(Times {
            issued_at: claims.time("iat")?,
            expires: claims.time("exp")?.ok_or(InvalidToken::NoExpiry)?,
            not_before: claims.time("nbf")?,
        })
    }

    /// An exact comparison (RFC 8725 section 3.8). Only the default issuer's tokens may be silent.
    fn check_issuer(&self, claims: &Claims) -> Result<(), InvalidToken> {
        let Some(name) = self.checks.name.as_deref() else {
            return Ok(());
        };
        match claims.value("iss") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(other)) if other == name => Ok(()),
            Some(_) => Err(InvalidToken::UnknownIssuer),
        }
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), InvalidToken> {
        let named = claims.value("aud").filter(|aud| !aud.is_null());
        let good = match (&self.checks.audience, named) {
            (Audience::Any, _) | (Audience::Unnamed, None) => true,
            (Audience::Unnamed, Some(_)) | (Audience::OneOf(_), None) => false,
            (Audience::OneOf(accepted), Some(named)) => names_one(named, accepted),
        };
        if good {
            Ok(())
        } else {
            Err(InvalidToken::Audience)
        }
    }
}

/// A text, or a list of nothing but texts (RFC 7519 section 4.1.3).
fn names_one(named: &Value, accepted: &[Box<str>]) -> bool {
    let is_accepted = |value: &Value| {
        let text = value.as_str();
        text.is_some_and(|text| accepted.iter().any(|other| **other == *text))
    };
    match named {
        Value::Array(list) => list.iter().all(Value::is_string) && list.iter().any(is_accepted),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            is_accepted(named)
        }
    }
}
