//! From an untrusted token to a proof: whose it is, the signature under one of that issuer's keys, and claims of the
//! right types.
//!
//! The library only does the mathematics; which key, and what a token has to say, is decided here. The header's `alg`
//! never selects a verification: it has to be the key's algorithm, or the token is refused (RFC 8725 section 3.1).

mod error;
mod proof;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

pub use error::{InvalidToken, Unproven};
pub use proof::Verified;

use super::{
    claims::Claims,
    header::Header,
    issuer::{Checks, Issuer, IssuerId},
    key::Key,
    keyring::{ListedKey, NoKey, TrustedKey},
    raw::{RawToken, ShapeError},
};
use crate::clock::UnixSeconds;

/// Verifies tokens of one kind (access or refresh).
#[derive(Debug)]
pub struct Verifier {
    /// By their numbers: the first is the default one.
    issuers: Vec<Issuer>,
    limit: usize,
}

impl Verifier {
    /// One key, of one issuer that tokens need not name. `limit` is the longest token in bytes that is looked at.
    pub fn new(key: &Key, subject_claim: &str, limit: usize) -> Self {
        let listed = vec![ListedKey::lasting(key.clone(), None)];
        let issuer = Issuer::new(Checks::usual(subject_claim), listed, None);
        Self::with_issuers(vec![issuer], limit)
    }

    /// Several issuers, the default one first.
    pub fn with_issuers(issuers: Vec<Issuer>, limit: usize) -> Self {
        Self { issuers, limit }
    }

    /// The issuers, by their numbers.
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// Changes whenever a key is added or taken away.
    pub fn generation(&self) -> u64 {
        let generations = self.issuers.iter().map(|issuer| issuer.keys.generation());
        generations.fold(0, u64::wrapping_add)
    }

    /// The longest token in bytes that is looked at.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whose token it says it is, as far as that is anybody's who is known.
    pub fn whose(&self, token: RawToken<'_>) -> Option<IssuerId> {
        let (id, _) = self.issuer_of(token).ok()?;
        Some(id)
    }

    /// Bounds the token and checks its shape.
    pub fn parse<'a>(&self, bytes: &'a [u8]) -> Result<RawToken<'a>, ShapeError> {
        RawToken::parse(bytes, self.limit)
    }

    /// Proves signature and claims; times are the caller's to compare, see [`Verified::check_times`]. `now` decides
    /// which keys are in use.
    pub fn verify(&self, token: RawToken<'_>, now: UnixSeconds) -> Result<Verified, Unproven> {
        let header = Header::read(token)?;
        let (id, issuer) = self.issuer_of(token)?;
        issuer.check_header(&header)?;
        let key = signed_by(issuer, token, &header, now).map_err(|unproven| match unproven {
            NotSigned::Invalid(reason) => Unproven::Invalid(reason),
            NotSigned::Unknown if issuer.keys.publishes() => Unproven::KeysNeeded(id),
            NotSigned::Unknown => Unproven::Invalid(InvalidToken::UnknownKey),
        })?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(token.payload_part());
        let payload = payload.map_err(|_| InvalidToken::Payload)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| InvalidToken::Payload)?;
        let times = issuer.check_claims(&claims)?;
        let subject = claims.subject(&issuer.checks.subject);
        let subject = subject.map_err(InvalidToken::from)?;
        let leeway = &issuer.checks.leeway;
        Ok(Verified::new(subject, claims, (id, key), (times, leeway)))
    }

    /// [`Verifier::parse`], [`Verifier::verify`] and [`Verified::check_times`] in one, for tokens that are not cached.
    pub fn verify_at(&self, bytes: &[u8], now: UnixSeconds) -> Result<Verified, Unproven> {
        let token = self.parse(bytes).map_err(InvalidToken::from)?;
        let verified = self.verify(token, now)?;
        verified.check_times(now)?;
        Ok(verified)
    }

    /// Whose token it says it is, before any signature is looked at: only that issuer's keys come into question. With
    /// one issuer that has no name there is nothing to choose.
    fn issuer_of(&self, token: RawToken<'_>) -> Result<(IssuerId, &Issuer), InvalidToken> {
        let mut issuers = self.issuers.iter().enumerate();
        let default = self.issuers.first().ok_or(InvalidToken::UnknownIssuer)?;
        if self.issuers.len() == 1 && default.checks.name.is_none() {
            return Ok((IssuerId::DEFAULT, default));
        }
        let payload = BASE64_URL_SAFE_NO_PAD.decode(token.payload_part());
        let payload = payload.map_err(|_| InvalidToken::UnreadIssuer)?;
        let said = serde_json::from_slice(&payload).map_err(|_| InvalidToken::UnreadIssuer)?;
        let Said { iss } = said;
        let Some(said) = iss else {
            return Ok((IssuerId::DEFAULT, default));
        };
        let found = issuers.find(|(_, issuer)| issuer.checks.name.as_deref() == Some(&*said));
        let (number, issuer) = found.ok_or(InvalidToken::UnknownIssuer)?;
        Ok((IssuerId(number), issuer))
    }
}

/// What an unverified payload says about its issuer.
#[derive(Deserialize)]
struct Said {
    iss: Option<String>,
}

enum NotSigned {
    Invalid(InvalidToken),
    /// By no key that is known.
    Unknown,
}

fn signed_by(
    issuer: &Issuer,
    token: RawToken<'_>,
    header: &Header,
    now: UnixSeconds,
) -> Result<Arc<TrustedKey>, NotSigned> {
    let candidates = issuer
        .keys
        .candidates(header.kid.as_deref(), &header.alg, now);
    if candidates.keys.is_empty() {
        return Err(match candidates.none {
            NoKey::Unknown => NotSigned::Unknown,
            NoKey::Algorithm => NotSigned::Invalid(InvalidToken::Algorithm),
            NoKey::NotYet => NotSigned::Invalid(InvalidToken::KeyNotYet),
            NoKey::Retired => NotSigned::Invalid(InvalidToken::KeyRetired),
        });
    }
    let (message, signature) = token.signed();
    let mut keys = candidates.keys.into_iter();
    keys.find(|key| key.has_signed(message, signature))
        .ok_or(NotSigned::Invalid(InvalidToken::Signature))
}

#[cfg(test)]
mod tests;
