//! Why a token is not accepted.

use std::sync::Arc;

use crate::token::{claims::ClaimError, issuer::IssuerId, raw::ShapeError};

/// Why a token is not accepted. Clients see `invalid_token`; operators see this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// A `typ` that is not accepted: it is another kind of token (RFC 8725 section 3.11).
    #[error("the token's typ is none that its issuer's tokens have")]
    Type,
    /// A payload that does not say whose it is, nor that it is nobody's.
    #[error("the token's claims cannot be read, and so not whose it is")]
    UnreadIssuer,
    /// An `iss` that nobody is known by, or none where one is needed.
    #[error("the token's issuer is not known")]
    UnknownIssuer,
    /// A `kid` that the issuer has no key of.
    #[error("the token's kid is none of its issuer's keys")]
    UnknownKey,
    /// The key's time has not come.
    #[error("the token is signed by a key that is not active yet")]
    KeyNotYet,
    /// The key's time is over.
    #[error("the token is signed by a key that has been retired")]
    KeyRetired,
    /// The signature is not by this key.
    #[error("the token's signature is not by this key")]
    Signature,
    /// An `aud` that does not name us, or names anybody where nobody is expected.
    #[error("the token is meant for another audience")]
    Audience,
    /// The payload is not a JSON object, or repeats a claim.
    #[error("the token's claims cannot be read")]
    Payload,
    /// A claim of the wrong type or a missing subject.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A claim that the issuer's tokens have to have is missing.
    #[error("the token has no claim {0}")]
    MissingClaim(Arc<str>),
    /// A claim has another value than such tokens have: it is another kind of token.
    #[error("the token's claim {0} has another value than such tokens have")]
    OtherClaim(Arc<str>),
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
    /// `iat` is in the future.
    #[error("the token says that it was issued in the future")]
    IssuedInFuture,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// There will be none.
    #[error(transparent)]
    Invalid(#[from] InvalidToken),
    /// The issuer publishes its keys, and the one that is needed is not among those that are known.
    #[error(
        "the key that the token names is not among those that its issuer was last seen to publish"
    )]
    KeysNeeded(IssuerId),
}

impl Unproven {
    /// What it comes to where nobody waits for keys.
    pub fn without_waiting(self) -> InvalidToken {
        match self {
            Self::Invalid(reason) => reason,
            Self::KeysNeeded(_) => InvalidToken::UnknownKey,
        }
    }
}
