//! The tokens of cases: real ones, under the configuration's own key, since no rule looks at claims that nobody has
//! verified. The keys of other issuers are theirs alone, so that others stand in for them.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::{
    clock::UnixSeconds,
    config::compiled::{TokenSettings, Tokens},
    entropy::Entropy,
    member::MemberId,
    secret::Secret,
    token::{
        id::TokenId,
        issuer::Audience,
        key::{Algorithm, Key},
        keyring::ListedKey,
        mint::{ClaimValue, Minter, Occasion},
    },
};

/// What a case says of its token.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) enum Token {
    /// There is none.
    None,
    /// One that has been good.
    Expired,
    /// One that somebody else has signed.
    Forged,
    /// A good one; it ends one lifetime later, unless its claims say when.
    Good {
        /// Whose it is, where it is none of ours.
        issuer: Option<String>,
        /// What it says.
        claims: Map<String, Value>,
    },
}

/// Signs tokens.
#[derive(Debug)]
pub(in crate::cli) struct Signer {
    settings: TokenSettings,
    /// The claim that says who it is.
    subject: String,
    stranger: [ListedKey; 1],
    others: Vec<Other>,
}

/// An issuer whose keys were replaced.
#[derive(Debug)]
struct Other {
    name: Box<str>,
    /// The audience that its tokens have, where they need one.
    audience: Option<Box<str>>,
    key: [ListedKey; 1],
}

impl Signer {
    /// Replaces the keys of the other issuers in `tokens`: whatever else is expected of their tokens is expected still,
    /// but for a `typ`, which no case chooses.
    pub(in crate::cli) fn new(tokens: &mut Tokens, subject: &str) -> Self {
        let others = tokens.issuers.iter_mut().filter_map(|issuer| {
            let key = ListedKey::lasting(made(), None);
            issuer.keys = vec![key.clone()];
            issuer.published = None;
            issuer.checks.types.push("JWT".into());
            let audience = match &issuer.checks.audience {
                Audience::OneOf(accepted) => accepted.first().cloned(),
                Audience::Unnamed | Audience::Any => None,
            };
            let name = issuer.checks.name.clone()?;
            let key = [key];
            Some(Other {
                name,
                audience,
                key,
            })
        });
        Self {
            others: others.collect(),
            settings: tokens.access.clone(),
            subject: subject.to_owned(),
            stranger: [ListedKey::lasting(made(), None)],
        }
    }

    /// The issuer that a case names and the configuration does not know.
    pub(in crate::cli) fn unknown<'a>(&self, token: &'a Token) -> Option<&'a str> {
        let Token::Good {
            issuer: Some(issuer),
            ..
        } = token
        else {
            return None;
        };
        let known = self.is_own(issuer) || self.other(issuer).is_some();
        (!known).then_some(issuer)
    }

    fn is_own(&self, issuer: &str) -> bool {
        self.settings.checks.name.as_deref() == Some(issuer)
    }

    fn other(&self, issuer: &str) -> Option<&Other> {
        self.others.iter().find(|other| *other.name == *issuer)
    }

    /// The token, at this moment.
    pub(in crate::cli) fn token(&self, token: &Token, now: UnixSeconds) -> Result<Option<String>> {
        let keys = &self.settings.keys;
        Ok(match token {
            Token::None => None,
            Token::Expired => Some(self.sign(keys, &self.someone(now.0.saturating_sub(1)), now)?),
            Token::Forged => {
                let end = now.plus(self.settings.lifetime).0;
                Some(self.sign(&self.stranger, &self.someone(end), now)?)
            }
            Token::Good { issuer, claims } => {
                let other = issuer.as_deref().and_then(|issuer| self.other(issuer));
                Some(match other {
                    None => self.sign(keys, claims, now)?,
                    Some(other) => self.sign(&other.key, &other.complete(claims), now)?,
                })
            }
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
        // Nobody and nothing: every claim is fixed.
        let occasion = Occasion {
            user: &MemberId::Integer(0),
            shown: &Map::new(),
            now,
            id: &TokenId::of_new_session([0; 16], [0; 16]),
            until: None,
        };
        Ok(minter.mint(&occasion)?)
    }
}

impl Other {
    /// The claims with those that every token of this issuer has, unless the case says otherwise.
    fn complete(&self, claims: &Map<String, Value>) -> Map<String, Value> {
        let mut claims = claims.clone();
        let issuer = || Value::from(&*self.name);
        claims.entry("iss").or_insert_with(issuer);
        if let Some(audience) = &self.audience {
            let audience = || Value::from(&**audience);
            claims.entry("aud").or_insert_with(audience);
        }
        claims
    }
}

/// A key that nobody has had before.
fn made() -> Key {
    let secret: [u8; 32] = Entropy::from_os().bytes();
    Key::new(Secret::new(secret.to_vec()), Algorithm::Hs256)
}
