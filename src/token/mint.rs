//! Minting tokens with exactly the claims that the monolith mints.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value};

use super::key::Key;
use crate::{clock::UnixSeconds, member::MemberId, template::Template};

/// Mints the tokens of one kind.
pub struct Minter {
    key: EncodingKey,
    header: Header,
    lifetime: Duration,
    claims: Vec<(String, ClaimValue)>,
}

/// What a claim is filled with, besides `exp`, which every token has.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimValue {
    /// Text with placeholders; `{user.id}` is the only one.
    Template(Template),
    /// Any other JSON value, as it is.
    Fixed(Value),
}

/// The library could not sign.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct MintError(#[source] jsonwebtoken::errors::Error);

impl Minter {
    /// `claims` come after `exp`, in this order.
    pub fn new(key: &Key, lifetime: Duration, claims: Vec<(String, ClaimValue)>) -> Self {
        Self {
            key: key.encoding(),
            header: Header::new(key.algorithm().library()),
            lifetime,
            claims,
        }
    }

    /// A token for this user that ends one lifetime from now.
    pub fn mint(&self, user: &MemberId, now: UnixSeconds) -> Result<String, MintError> {
        let mut claims = Map::new();
        claims.insert("exp".to_owned(), now.plus(self.lifetime).0.into());
        for (name, value) in &self.claims {
            claims.insert(name.clone(), value.fill(user));
        }
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(MintError)
    }
}

impl ClaimValue {
    fn fill(&self, user: &MemberId) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Template(template) => {
                let text = template.render(|_, text| {
                    text.push_str(&user.to_string());
                    Some(())
                });
                Value::String(text.unwrap_or_default())
            }
        }
    }
}

impl std::fmt::Debug for Minter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Minter")
            .field("lifetime", &self.lifetime)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{secret::Secret, token::key::Algorithm, token::verify::Verifier};

    #[test]
    fn a_minted_token_has_exactly_the_configured_claims() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef".to_vec());
        let key = Key::new(secret, Algorithm::Hs256);
        let subject = Template::parse("{user.id}").expect("a template");
        let claims = vec![("sub".to_owned(), ClaimValue::Template(subject))];
        let minter = Minter::new(&key, Duration::from_secs(60), claims);
        let token = minter
            .mint(&MemberId::Integer(42), UnixSeconds(1000))
            .expect("a token");
        let verifier = Verifier::new(&key, "sub".to_owned(), 8192);
        let verified = verifier.verify_at(token.as_bytes(), UnixSeconds(1059));
        let verified = verified.expect("valid until one second before exp");
        assert_eq!(verified.claims.names().collect::<Vec<_>>(), ["exp", "sub"]);
        assert_eq!(verified.claims.value("sub"), Some(&"42".into()));
        assert!(verifier.verify_at(token.as_bytes(), UnixSeconds(1060)).is_err());
    }
}
