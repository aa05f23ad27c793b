//! The tokens of cases: real ones, under the configuration's own key, since no rule looks at claims that nobody has
//! verified.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::{
    clock::UnixSeconds,
    config::compiled::TokenSettings,
    entropy::Entropy,
    member::MemberId,
    secret::Secret,
    token::{
        key::{Algorithm, Key},
        keyring::ListedKey,
        mint::{ClaimValue, Minter},
    },
};

/// What a case says of its token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// There is none.
    None,
    /// One that has been good.
    Expired,
    /// One that somebody else has signed.
    Forged,
    /// A good one with these claims; it ends one lifetime later, unless they say when.
    Good(Map<String, Value>),
}

/// Signs tokens.
#[derive(Debug)]
pub(super) struct Signer {
    settings: TokenSettings,
    /// The claim that says who it is.
    subject: String,
    stranger: [ListedKey; 1],
}

impl Signer {
    pub(super) fn new(settings: &TokenSettings, subject: &str) -> Self {
        let secret: [u8; 32] = Entropy::from_os().bytes();
        let stranger = Key::new(Secret::new(secret.to_vec()), Algorithm::Hs256);
        Self {
            settings: settings.clone(),
            subject: subject.to_owned(),
            stranger: [ListedKey::lasting(stranger, None)],
        }
    }

    /// The token, at this moment.
    pub(super) fn token(&self, token: &Token, now: UnixSeconds) -> Result<Option<String>> {
        let keys = &self.settings.keys;
        Ok(match token {
            Token::None => None,
            Token::Expired => Some(self.sign(keys, &self.someone(now.0.saturating_sub(1)), now)?),
            Token::Forged => {
                let end = now.plus(self.settings.lifetime).0;
                Some(self.sign(&self.stranger, &self.someone(end), now)?)
            }
            Token::Good(claims) => Some(self.sign(keys, claims, now)?),
        })
    }

    fn someone(&self, end: u64) -> Map<String, Value> {
        let mut claims = Map::new();
        claims.insert("exp".to_owned(), end.into());
        claims.insert(self.subject.clone(), "1".into());
        claims
    }

    fn sign(
        &self,
        keys: &[ListedKey],
        claims: &Map<String, Value>,
        now: UnixSeconds,
    ) -> Result<String> {
        let claims = claims.iter();
        let claims = claims.map(|(name, value)| (name.clone(), ClaimValue::Fixed(value.clone())));
        let minter = Minter::new(keys.to_vec(), self.settings.lifetime, claims.collect());
        // Nobody: every claim is fixed.
        Ok(minter.mint(&MemberId::Integer(0), now)?)
    }
}
