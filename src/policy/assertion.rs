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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::claims::Claims;

    fn about(token: &Value, further: &[(&str, AssertedClaim)]) -> Value {
        let claims: Claims = serde_json::from_value(token.clone()).expect("claims");
        let further = further.iter();
        let asserted = AssertedClaims {
            issuer: "sidegate".into(),
            lifetime: Duration::from_secs(60),
            further: further
                .map(|(name, claim)| ((*name).into(), claim.clone()))
                .collect(),
        };
        let occasion = Occasion {
            audience: "api",
            decision: "d1",
            now: UnixSeconds(1_000),
        };
        asserted.about(&Verified::unsigned(claims), occasion)
    }

    fn copied(path: &str) -> AssertedClaim {
        AssertedClaim::Copied(ClaimPath::parse(path).expect("a path"))
    }

    #[test]
    fn an_assertion_says_who_for_whom_and_how_long() {
        let expected = json!({
            "iss": "sidegate", "sub": "7", "aud": "api", "iat": 1_000, "exp": 1_060, "jti": "d1",
        });
        for token in [json!({"sub": "7"}), json!({"sub": 7})] {
            assert_eq!(about(&token, &[]), expected);
        }
    }

    #[test]
    fn claims_are_copied_with_their_types_and_left_out_where_there_are_none() {
        let token = json!({
            "sub": "7", "level": 3, "realm": {"roles": ["a", "b"]}, "nothing": null, "aud": "another",
        });
        let further = [
            ("level", copied("level")),
            ("roles", copied("realm.roles")),
            ("none", copied("nothing")),
            ("gone", copied("team")),
            ("lost", copied("level.deeper")),
            ("tier", AssertedClaim::Fixed(json!(2))),
        ];
        let claims = about(&token, &further);
        assert_eq!(claims["level"], 3);
        assert_eq!(claims["roles"], json!(["a", "b"]));
        assert_eq!(
            (&claims["tier"], &claims["aud"]),
            (&json!(2), &json!("api"))
        );
        for name in ["none", "gone", "lost"] {
            assert_eq!(claims.get(name), None, "{name}");
        }
    }
}
