//! JSON Web Keys (RFC 7517): read as untrusted data, bound to one algorithm, never to more than they say.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use super::{Algorithm, Curve, Family, Key, KeyError, public::PublicKey};

/// A key as it is written. Members of other types than the standard gives them make it unreadable.
#[derive(Deserialize)]
pub struct Jwk {
    kty: String,
    /// The name that tokens call it by.
    pub kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private part, of every kind.
    d: Option<Value>,
}

/// Parses one key.
pub fn read_jwk(text: &[u8]) -> Result<Jwk, KeyError> {
    serde_json::from_slice(text).map_err(|_| KeyError::Unreadable)
}

impl Jwk {
    pub(super) fn is_asymmetric(&self) -> bool {
        self.kty != "oct"
    }

    /// The key for the one of the allowed algorithms that it is for: the one that it names, else the first that takes
    /// such a key.
    pub fn key(&self, allowed: &[Algorithm]) -> Result<Key, KeyError> {
        let (algorithm, public) = self.bind(allowed)?;
        Ok(Key::from_public(public, algorithm))
    }

    pub(super) fn bind(&self, allowed: &[Algorithm]) -> Result<(Algorithm, PublicKey), KeyError> {
        if self.kty == "oct" {
            return Err(KeyError::Symmetric);
        }
        if self.d.is_some() {
            return Err(KeyError::Private);
        }
        let verifies = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        if self.usage.as_deref().is_some_and(|usage| usage != "sig")
            || self.key_ops.as_ref().is_some_and(|list| !verifies(list))
        {
            return Err(KeyError::OtherUse);
        }
        let public = self.public()?;
        let fits = |algorithm: &&Algorithm| algorithm.family() == public.family();
        let named = |algorithm: &&Algorithm| {
            let alg = self.alg.as_deref();
            alg.is_none_or(|alg| alg == algorithm.name())
        };
        if let Some(algorithm) = allowed.iter().filter(fits).find(named) {
            return Ok((*algorithm, public));
        }
        Err(match allowed {
            [algorithm] if !fits(&algorithm) => KeyError::OtherKind(*algorithm),
            [algorithm] => KeyError::OtherAlgorithm(*algorithm),
            _ => KeyError::UnknownKind,
        })
    }

    fn public(&self) -> Result<PublicKey, KeyError> {
        let curve = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                return PublicKey::rsa(&decoded(self.n.as_ref())?, &decoded(self.e.as_ref())?);
            }
            ("EC", Some("P-256")) => Curve::P256,
            ("EC", Some("P-384")) => Curve::P384,
            ("OKP", Some("Ed25519")) => {
                return PublicKey::point(Curve::Ed25519, decoded(self.x.as_ref())?);
            }
            (_, None | Some(_)) => return Err(KeyError::UnknownKind),
        };
        let mut point = vec![4];
        point.extend(decoded(self.x.as_ref())?);
        point.extend(decoded(self.y.as_ref())?);
        PublicKey::point(curve, point)
    }
}

fn decoded(part: Option<&String>) -> Result<Vec<u8>, KeyError> {
    let part = part.ok_or(KeyError::Unreadable)?;
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| KeyError::Unreadable)
}

impl Family {
    /// Whether key sets can carry keys of this kind.
    pub fn is_public(self) -> bool {
        match self {
            Self::Hmac => false,
            Self::Rsa | Self::Curve(_) => true,
        }
    }
}

impl std::fmt::Debug for Jwk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut jwk = formatter.debug_struct("Jwk");
        jwk.field("kid", &self.kid).finish_non_exhaustive()
    }
}
