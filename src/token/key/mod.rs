//! A signing secret, bound to its one algorithm.

use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::secret::Secret;

/// The algorithms that a key can be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 section 3.2).
    Hs256,
}

impl Algorithm {
    /// The `alg` value, compared by exact case (RFC 7515 section 4.1.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
        }
    }

    /// The library's name for it.
    pub fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

/// The shortest HMAC secret that is taken without a waiver, in bytes (RFC 7518 section 3.2: at least the hash's size).
pub const SECRET_BYTES: usize = 32;

/// A secret and the algorithm it is for.
#[derive(Debug, Clone)]
pub struct Key {
    secret: Secret<Vec<u8>>,
    algorithm: Algorithm,
}

impl Key {
    /// Binds the secret to the algorithm.
    pub fn new(secret: Secret<Vec<u8>>, algorithm: Algorithm) -> Self {
        Self { secret, algorithm }
    }

    /// Which algorithm the secret is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the secret is shorter than [`SECRET_BYTES`].
    pub fn is_weak(&self) -> bool {
        self.secret.expose().len() < SECRET_BYTES
    }

    /// Whether both would accept each other's signatures.
    pub fn same_secret(&self, other: &Self) -> bool {
        self.secret == other.secret
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        DecodingKey::from_secret(self.secret.expose())
    }

    pub(super) fn encoding(&self) -> EncodingKey {
        EncodingKey::from_secret(self.secret.expose())
    }
}
