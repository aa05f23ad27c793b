//! How far a token came: which check refused it, read off the refusal itself.

use super::rejection::Rejection;
use crate::token::{claims::ClaimError, verify::InvalidToken};

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It holds.
    Holds,
    /// This check refused it.
    Refused(Stage),
    /// Nobody knows: what this check needs is not there.
    Undecided(Stage),
}

/// The checks of a token, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Shape,
    Header,
    Critical,
    Issuer,
    Type,
    Key,
    Signature,
    Payload,
    Audience,
    RequiredClaims,
    /// Whether `iat` is a time at all; the same of the next two.
    IssuedAtType,
    ExpiryType,
    NotBeforeType,
    Subject,
    Expiry,
    NotBefore,
    IssuedAt,
    /// What becomes headers.
    Headers,
}

impl Fate {
    /// Of a token that was looked at: `proof` if that found it good, and what the request was refused for, if it was.
    pub(super) fn of<P>(proof: Option<&P>, refusal: Option<&Rejection>) -> Self {
        if let Some(Rejection::InvalidToken(reason)) = refusal {
            return Self::Refused(Stage::of(reason));
        }
        match proof {
            Some(_) => Self::Holds,
            None => Self::Undecided(Stage::Key),
        }
    }
}

impl Stage {
    pub(super) fn of(reason: &InvalidToken) -> Self {
        match reason {
            InvalidToken::Shape(_) => Self::Shape,
            InvalidToken::Header => Self::Header,
            InvalidToken::Critical => Self::Critical,
            InvalidToken::UnreadIssuer | InvalidToken::UnknownIssuer => Self::Issuer,
            InvalidToken::Type => Self::Type,
            InvalidToken::Algorithm
            | InvalidToken::UnknownKey
            | InvalidToken::KeyNotYet
            | InvalidToken::KeyRetired => Self::Key,
            InvalidToken::Signature => Self::Signature,
            InvalidToken::Payload => Self::Payload,
            InvalidToken::Audience => Self::Audience,
            InvalidToken::MissingClaim(_) | InvalidToken::OtherClaim(_) => Self::RequiredClaims,
            InvalidToken::NoExpiry => Self::ExpiryType,
            InvalidToken::Claim(error) => Self::of_claim(*error),
            InvalidToken::Expired => Self::Expiry,
            InvalidToken::NotYetValid => Self::NotBefore,
            InvalidToken::IssuedInFuture => Self::IssuedAt,
            InvalidToken::NotAHeader | InvalidToken::NotAList | InvalidToken::LargeHeader => {
                Self::Headers
            }
        }
    }

    fn of_claim(error: ClaimError) -> Self {
        match error {
            ClaimError::WrongType("iat") => Self::IssuedAtType,
            ClaimError::WrongType("exp") => Self::ExpiryType,
            ClaimError::WrongType(_) => Self::NotBeforeType,
            ClaimError::NoSubject | ClaimError::Subject => Self::Subject,
        }
    }
}
