//! What the gateway asserts to an upstream about a caller, in a signed token of its own.
//!
//! All of it comes out of a proof, or is the operator's. Whoever reads it need not believe the network.

use std::time::Duration;

use ::http::HeaderName;
use serde_json::{Map, Value};

use super::requirement::{ClaimPath, Located};
use crate::{clock::UnixSeconds, token::keyring::ListedKey, token::verify::Verified};

/// Claims that every assertion has, which nobody else fills.
pub const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"];

/// What is asserted, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionSettings {
    /// The header that carries it.
    pub header: HeaderName,
    /// The keys that sign it, the newest first.
    pub keys: Vec<ListedKey>,
    /// `aud`, by [`super::route::UpstreamId`].
    pub audiences: Vec<Box<str>>,
    /// What it says.
    pub claims: AssertedClaims,
}

/// The claims of assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertedClaims {
    /// `iss`.
    pub issuer: Box<str>,
    /// How long one holds.
    pub lifetime: Duration,
    /// Those besides the registered ones.
    pub further: Vec<(Box<str>, AssertedClaim)>,
}

/// What a further claim is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertedClaim {
    /// Always the same.
    Fixed(Value),
    /// What the caller's token says, with its type; left out where it says nothing.
    Copied(ClaimPath),
}

/// One occasion to assert something.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Whom it is meant for.
    pub audience: &'a str,
    /// The decision that it is made for.
    pub decision: &'a str,
    /// When.
    pub now: UnixSeconds,
}

impl AssertedClaims {
    /// The claims about whoever the proof is about. The subject is a text (RFC 7519 section 4.1.2), whatever type the
    /// token has given it.
    pub fn about(&self, verified: &Verified, occasion: Occasion<'_>) -> Value {
        let mut claims = Map::new();
        let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        add("iss", (*self.issuer).into());
        add("sub", verified.subject.to_string().into());
        add("aud", occasion.audience.into());
        add("iat", occasion.now.0.into());
        add("exp", occasion.now.plus(self.lifetime).0.into());
        add("jti", occasion.decision.into());
        for (name, claim) in &self.further {
            match claim {
                AssertedClaim::Fixed(value) => add(name, value.clone()),
                AssertedClaim::Copied(path) => match path.locate(&verified.claims) {
                    Located::Value(value) => add(name, value.clone()),
                    Located::Missing | Located::Obstructed => None,
                },
            };
        }
        Value::Object(claims)
    }

    /// Whether any of them are the token's, whatever their size.
    pub fn copy(&self) -> bool {
        let mut further = self.further.iter();
        further.any(|(_, claim)| matches!(claim, AssertedClaim::Copied(_)))
    }
}

#[cfg(test)]
mod tests;
