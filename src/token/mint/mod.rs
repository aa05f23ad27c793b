//! Minting tokens: for users with exactly the claims that the monolith mints, and whatever else the gateway signs.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    id::TokenId,
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
    /// Text with the placeholders [`CLAIM_VALUES`] and [`CLAIM_COLUMNS`].
    Template(Template),
    /// Any other JSON value, as it is.
    Fixed(Value),
}

/// The names that a claim may use. A text that is nothing but `{user.id.number}` or `{now}` is a number.
pub const CLAIM_VALUES: [&str; 5] = ["user.id", "user.id.number", "token.id", "session.id", "now"];

/// What stands before the name of a column that a claim uses; alone it keeps its JSON type.
pub const CLAIM_COLUMNS: &str = "user.";

/// What one token is minted for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Whom it is about.
    pub user: &'a MemberId,
    /// What claims may say of the row besides its id, by column.
    pub shown: &'a Map<String, Value>,
    /// When it is issued.
    pub now: UnixSeconds,
    /// Which token it is, and of which session.
    pub id: &'a TokenId,
    /// When it ends at the latest, however long such tokens last.
    pub until: Option<UnixSeconds>,
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

    /// A token that ends one lifetime from now, or sooner.
    pub fn mint(&self, occasion: &Occasion<'_>) -> Result<String, MintError> {
        let mut claims = Map::new();
        claims.insert("exp".to_owned(), self.expires(occasion).0.into());
        for (name, value) in &self.claims {
            claims.insert(name.clone(), value.fill(occasion));
        }
        self.signer.sign(&Value::Object(claims), occasion.now)
    }

    /// The `exp` of such a token.
    pub fn expires(&self, occasion: &Occasion<'_>) -> UnixSeconds {
        let usual = occasion.now.plus(self.lifetime);
        occasion.until.map_or(usual, |until| usual.min(until))
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
    /// Whether every token has another value.
    pub fn names_the_token(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Template(template) => template.placeholders().any(|name| name == "token.id"),
        }
    }

    fn fill(&self, occasion: &Occasion<'_>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Template(template) => {
                if let Some(name) = template.sole_placeholder() {
                    return occasion.value(name);
                }
                let text = template.render(|name, text| {
                    match occasion.value(name) {
                        Value::Null => {}
                        Value::String(value) => text.push_str(&value),
                        other @ (Value::Bool(_)
                        | Value::Number(_)
                        | Value::Array(_)
                        | Value::Object(_)) => text.push_str(&other.to_string()),
                    }
                    Some(())
                });
                Value::String(text.unwrap_or_default())
            }
        }
    }

    /// The column that it is made of, besides the id of the row.
    pub fn column(&self) -> Option<&str> {
        let Self::Template(template) = self else {
            return None;
        };
        let mut columns = template.placeholders();
        columns.find_map(|name| {
            let column = name.strip_prefix(CLAIM_COLUMNS)?;
            (!CLAIM_VALUES.contains(&name)).then_some(column)
        })
    }
}

impl Occasion<'_> {
    fn value(&self, name: &str) -> Value {
        match name {
            "user.id" => self.user.to_string().into(),
            "user.id.number" => self.user.to_json(),
            "token.id" => self.id.as_str().into(),
            "session.id" => self.id.session().into(),
            // A time is a number (RFC 7519 section 2).
            "now" => self.now.0.into(),
            _ => {
                let column = name.strip_prefix(CLAIM_COLUMNS).unwrap_or(name);
                self.shown.get(column).cloned().unwrap_or_default()
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
mod tests;
