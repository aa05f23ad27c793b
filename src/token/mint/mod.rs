//! Minting tokens: for users with exactly the claims that the monolith mints, and whatever else the gateway signs.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    key::{Curve, Family},
    keyring::ListedKey,
};
use crate::{clock::UnixSeconds, member::MemberId, template::Template};

/// Signs whatever claims it is given.
pub struct Signer {
    /// The newest first.
    keys: Vec<ListedKey>,
    /// What its tokens call themselves.
    typ: &'static str,
}

/// Mints the tokens of one kind.
pub struct Minter {
    signer: Signer,
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

/// There is no token.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The library could not sign.
    #[error("the token could not be signed")]
    Library(#[source] jsonwebtoken::errors::Error),
    /// Every key is for verifying only, is not active yet, or has been retired.
    #[error("no key that can sign is active now")]
    NoKey,
}

impl Minter {
    /// The first of the keys that is active and can sign, signs. `claims` come after `exp`, in this order.
    pub fn new(
        keys: Vec<ListedKey>,
        lifetime: Duration,
        claims: Vec<(String, ClaimValue)>,
    ) -> Self {
        Self {
            signer: Signer::new(keys, "JWT"),
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
        self.signer.sign(&Value::Object(claims), now)
    }
}

impl Signer {
    /// The first of the keys that is active and can sign, signs.
    pub fn new(keys: Vec<ListedKey>, typ: &'static str) -> Self {
        Self { keys, typ }
    }

    /// Whether a signature takes so long that others should not wait for it: up to some milliseconds, and not a tenth
    /// of one.
    pub fn is_slow(&self) -> bool {
        let mut keys = self.keys.iter().filter(|key| key.key.can_sign());
        keys.any(|key| match key.key.algorithm().family() {
            Family::Rsa | Family::Curve(Curve::P384) => true,
            Family::Hmac | Family::Curve(Curve::P256 | Curve::Ed25519) => false,
        })
    }

    /// The key that signs now.
    pub fn signing(&self, now: UnixSeconds) -> Result<&ListedKey, MintError> {
        let mut keys = self.keys.iter();
        let listed = keys.find(|key| key.signs_at(now));
        listed.ok_or(MintError::NoKey)
    }

    /// The header has the members and the order of the Python libraries, so that a token of ours has the same length
    /// and the same first part as one of the monolith's; a key that has a name is named behind them.
    pub fn sign(&self, claims: &Value, now: UnixSeconds) -> Result<String, MintError> {
        sign(self.signing(now)?, self.typ, claims)
    }
}

/// A token of this `typ` with exactly these claims.
pub fn sign(listed: &ListedKey, typ: &str, claims: &Value) -> Result<String, MintError> {
    let kid = listed
        .kid
        .as_deref()
        .map(|kid| Value::from(kid).to_string());
    let kid = kid.map_or_else(String::new, |kid| format!(r#","kid":{kid}"#));
    let name = listed.key.algorithm().name();
    let typ = Value::from(typ);
    let header = format!(r#"{{"alg":"{name}","typ":{typ}{kid}}}"#);
    let mut token = BASE64_URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
    let signature = listed.key.sign(&token).ok_or(MintError::NoKey)?;
    token.push('.');
    token.push_str(&signature.map_err(MintError::Library)?);
    Ok(token)
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

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut signer = formatter.debug_struct("Signer");
        signer.field("typ", &self.typ).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        secret::Secret,
        token::{
            key::{Algorithm, Key},
            verify::Verifier,
        },
    };

    #[test]
    fn a_minted_token_has_exactly_the_configured_claims() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef".to_vec());
        let key = Key::new(secret, Algorithm::Hs256);
        let subject = Template::parse("{user.id}").expect("a template");
        let claims = vec![("sub".to_owned(), ClaimValue::Template(subject))];
        let minter = Minter::new(
            vec![ListedKey::lasting(key.clone(), None)],
            Duration::from_secs(60),
            claims,
        );
        let token = minter
            .mint(&MemberId::Integer(42), UnixSeconds(1000))
            .expect("a token");
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
        let verifier = Verifier::new(&key, "sub", 8192);
        let proof = verifier.verify_at(token.as_bytes(), UnixSeconds(1059));
        let proof = proof.expect("valid until one second before exp");
        assert_eq!(proof.claims.names().collect::<Vec<_>>(), ["exp", "sub"]);
        assert_eq!(proof.claims.value("sub"), Some(&"42".into()));
        assert!(
            verifier
                .verify_at(token.as_bytes(), UnixSeconds(1060))
                .is_err()
        );
    }
}
