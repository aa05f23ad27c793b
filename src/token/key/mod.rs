//! Keys, each bound to its one algorithm: what a token's header says selects neither (RFC 8725 section 3.1).

mod algorithm;
mod error;
mod jwk;
mod private;
mod public;
mod publish;

use std::fmt;

use jsonwebtoken::{DecodingKey, EncodingKey};

pub use algorithm::{Algorithm, Curve, Family};
pub use error::KeyError;
pub use jwk::{Jwk, read_jwk};
use public::PublicKey;

use crate::{entropy::hex_pair, secret::Secret};

/// The largest text that is taken for a key, in bytes.
pub const LARGEST: usize = 64 * 1024;

/// A key and the algorithm it is for.
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Secret(Secret<Vec<u8>>),
    /// Verifies only.
    Public(PublicKey),
    Pair {
        public: PublicKey,
        /// As the library takes it: PKCS#1 for RSA, else PKCS#8.
        private: Secret<Vec<u8>>,
    },
}

impl Key {
    /// Binds a secret to an algorithm of HMAC; with another algorithm it verifies nothing.
    pub fn new(secret: Secret<Vec<u8>>, algorithm: Algorithm) -> Self {
        let material = Material::Secret(secret);
        Self {
            algorithm,
            material,
        }
    }

    /// Reads a public key: PEM (`PUBLIC KEY` or a certificate), a JWK, or DER, also in base64.
    pub fn public(bytes: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let material = Material::Public(public::read(bytes, algorithm)?);
        Ok(Self {
            algorithm,
            material,
        })
    }

    /// Reads a private key, unencrypted: PEM (PKCS#8, PKCS#1 or SEC 1), or DER, also in base64.
    pub fn private(bytes: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let (public, private) = private::read(bytes, algorithm)?;
        let material = Material::Pair { public, private };
        Ok(Self {
            algorithm,
            material,
        })
    }

    pub(super) fn from_public(public: PublicKey, algorithm: Algorithm) -> Self {
        let material = Material::Public(public);
        Self {
            algorithm,
            material,
        }
    }

    /// Which algorithm it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it is a secret that is shorter than its hash.
    pub fn is_weak(&self) -> bool {
        match &self.material {
            Material::Secret(secret) => secret.expose().len() < self.algorithm.secret_bytes(),
            Material::Public(_) | Material::Pair { .. } => false,
        }
    }

    /// Whether it can sign, and not only verify.
    pub fn can_sign(&self) -> bool {
        match &self.material {
            Material::Secret(_) | Material::Pair { .. } => true,
            Material::Public(_) => false,
        }
    }

    /// Whether both would accept each other's signatures.
    pub fn accepts_same(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
            && match (&self.material, &other.material) {
                (Material::Secret(one), Material::Secret(other)) => one == other,
                (one, other) => match (one.public(), other.public()) {
                    (Some(one), Some(other)) => one == other,
                    (None, _) | (_, None) => false,
                },
            }
    }

    /// Names a key that may be known; a secret has no such name, since one could be guessed from it.
    pub fn fingerprint(&self) -> Option<String> {
        let digest = self.material.public()?.digest();
        let digits = digest.as_ref().iter().take(8);
        let digits = digits.flat_map(|&byte| hex_pair(byte));
        Some(digits.map(char::from).collect())
    }

    /// The signature of the message in base64url; `None` for a key that only verifies.
    pub(super) fn sign(&self, message: &str) -> Option<jsonwebtoken::errors::Result<String>> {
        let key = self.encoding()?;
        let algorithm = self.algorithm.library();
        Some(jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &key,
            algorithm,
        ))
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        match &self.material {
            Material::Secret(secret) => DecodingKey::from_secret(secret.expose()),
            Material::Public(public) | Material::Pair { public, .. } => public.decoding(),
        }
    }

    fn encoding(&self) -> Option<EncodingKey> {
        match (&self.material, self.algorithm.family()) {
            (Material::Public(_), _) => None,
            (Material::Secret(secret), _) => Some(EncodingKey::from_secret(secret.expose())),
            (Material::Pair { private, .. }, Family::Rsa | Family::Hmac) => {
                Some(EncodingKey::from_rsa_der(private.expose()))
            }
            (Material::Pair { private, .. }, Family::Curve(Curve::P256 | Curve::P384)) => {
                Some(EncodingKey::from_ec_der(private.expose()))
            }
            (Material::Pair { private, .. }, Family::Curve(Curve::Ed25519)) => {
                Some(EncodingKey::from_ed_der(private.expose()))
            }
        }
    }
}

impl Material {
    fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Secret(_) => None,
            Self::Public(public) | Self::Pair { public, .. } => Some(public),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.material == other.material
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = formatter.debug_struct("Key");
        key.field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Whether a text that is meant as a secret is a key of the other kind: everybody may know it, and whoever does could
/// sign with it (RFC 8725 section 2.1).
pub fn is_asymmetric(secret: &[u8]) -> bool {
    let text = secret.trim_ascii();
    if text.starts_with(b"-----BEGIN") || text.starts_with(b"ssh-") {
        return true;
    }
    let is_jwk = |text| jwk::read_jwk(text).is_ok_and(|jwk| jwk.is_asymmetric());
    is_jwk(text) || public::has_structure(text)
}

#[cfg(test)]
mod tests;
