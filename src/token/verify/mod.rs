//! From an untrusted token to a proof: the signature under the one key, and claims of the right types.
//!
//! The header's `alg` never selects anything: it has to be the key's algorithm, or the token is refused (RFC 8725
//! section 3.1). `jwk`, `jku`, `x5u` and `kid` are not read at all.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{
    claims::{ClaimError, Claims, Subject},
    key::{Algorithm, Key},
    raw::{RawToken, ShapeError},
};
use crate::clock::UnixSeconds;

/// Why a token is not accepted. Clients see `invalid_token`; operators see this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not a compact JWS within the limit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The header is not a JSON object with the members it needs.
    #[error("the token's header cannot be read")]
    Header,
    /// `none`, or any algorithm that is not the key's.
    #[error("the token's algorithm is not the key's")]
    Algorithm,
    /// A `crit` header (RFC 7515 section 4.1.11): we understand no extension.
    #[error("the token has a critical extension")]
    Critical,
    /// The signature is not by this key.
    #[error("the token's signature is not by this key")]
    Signature,
    /// An `aud` claim while no audience is configured.
    #[error("the token is meant for another audience")]
    Audience,
    /// The payload is not a JSON object, or repeats a claim.
    #[error("the token's claims cannot be read")]
    Payload,
    /// A claim of the wrong type or a missing subject.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A claim that becomes a header has characters that a header cannot carry.
    #[error("a claim that becomes a header has characters that no header can carry")]
    NotAHeader,
    /// An element of a list that becomes a header could not be told from two, or has no text of its own.
    #[error(
        "a list that becomes a header has an element with the separator in it, or one that is no text"
    )]
    NotAList,
    /// The headers that are made of the claims are too large.
    #[error("the headers that are made of the token's claims are larger than their limit")]
    LargeHeader,
    /// No `exp`: such a token would never end.
    #[error("the token has no exp claim")]
    NoExpiry,
    /// `exp` is now or past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// What a signature proved. Times still have to hold at the moment of use.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who the token is about.
    pub subject: Subject,
    /// `exp`.
    pub expires: UnixSeconds,
    /// `nbf`, when there is one.
    pub not_before: Option<UnixSeconds>,
    /// All claims.
    pub claims: Claims,
}

impl Verified {
    /// What no signature has proved, for tests of what follows from a proof.
    #[cfg(test)]
    pub(crate) fn unsigned(claims: Claims) -> Self {
        Self {
            subject: claims.subject("sub").unwrap_or(Subject::Integer(0)),
            expires: UnixSeconds(u64::MAX),
            not_before: None,
            claims,
        }
    }

    /// Compares the times, without leeway: `exp` is the first second in which the token no longer holds
    /// (RFC 7519 section 4.1.4).
    pub fn check_times(&self, now: UnixSeconds) -> Result<(), InvalidToken> {
        if now >= self.expires {
            return Err(InvalidToken::Expired);
        }
        if self.not_before.is_some_and(|start| now < start) {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }
}

/// Verifies the tokens of one kind (access or refresh): one key, one algorithm, one subject claim.
pub struct Verifier {
    key: DecodingKey,
    algorithm: Algorithm,
    validation: Validation,
    subject_claim: String,
    limit: usize,
}

impl Verifier {
    /// `limit` is the longest token in bytes that is looked at.
    pub fn new(key: &Key, subject_claim: String, limit: usize) -> Self {
        let mut validation = Validation::new(key.algorithm().library());
        // Times and required claims are compared by this module, in one place for fresh and cached tokens.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.leeway = 0;
        // The library takes an audience of the wrong type for none.
        validation.validate_aud = false;
        Self {
            key: key.decoding(),
            algorithm: key.algorithm(),
            validation,
            subject_claim,
            limit,
        }
    }

    /// Bounds the token and checks its shape.
    pub fn parse<'a>(&self, bytes: &'a [u8]) -> Result<RawToken<'a>, ShapeError> {
        RawToken::parse(bytes, self.limit)
    }

    /// Proves signature and claims; times are the caller's to compare, see [`Verified::check_times`].
    pub fn verify(&self, token: RawToken<'_>) -> Result<Verified, InvalidToken> {
        self.check_header(token)?;
        let data = jsonwebtoken::decode::<Claims>(token.as_str(), &self.key, &self.validation);
        let claims = data.map_err(|error| from_library(&error))?.claims;
        if claims.value("aud").is_some_and(|aud| !aud.is_null()) {
            return Err(InvalidToken::Audience);
        }
        claims.time("iat")?;
        Ok(Verified {
            subject: claims.subject(&self.subject_claim)?,
            expires: claims.time("exp")?.ok_or(InvalidToken::NoExpiry)?,
            not_before: claims.time("nbf")?,
            claims,
        })
    }

    /// [`Verifier::parse`], [`Verifier::verify`] and [`Verified::check_times`] in one, for tokens that are not cached.
    pub fn verify_at(&self, bytes: &[u8], now: UnixSeconds) -> Result<Verified, InvalidToken> {
        let verified = self.verify(self.parse(bytes)?)?;
        verified.check_times(now)?;
        Ok(verified)
    }

    fn check_header(&self, token: RawToken<'_>) -> Result<(), InvalidToken> {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(token.header_part());
        let decoded = decoded.map_err(|_| InvalidToken::Header)?;
        let header: Header = serde_json::from_slice(&decoded).map_err(|_| InvalidToken::Header)?;
        if header.is_critical {
            return Err(InvalidToken::Critical);
        }
        if header.alg != self.algorithm.name() {
            return Err(InvalidToken::Algorithm);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("algorithm", &self.algorithm)
            .field("subject_claim", &self.subject_claim)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Whether there is a `crit`, whatever it holds: not even `null` is allowed.
    #[serde(default, rename = "crit", deserialize_with = "is_there")]
    is_critical: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn from_library(error: &jsonwebtoken::errors::Error) -> InvalidToken {
    use jsonwebtoken::errors::ErrorKind;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's enum is open; every kind that is not named refuses as an unreadable payload"
    )]
    match error.kind() {
        ErrorKind::InvalidSignature => InvalidToken::Signature,
        ErrorKind::InvalidAlgorithm => InvalidToken::Algorithm,
        _ => InvalidToken::Payload,
    }
}

#[cfg(test)]
mod tests;
