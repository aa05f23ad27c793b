//! Why something is no key.

use super::Algorithm;

/// Why a key cannot be used. The words never repeat the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It cannot be parsed, in any of the forms.
    #[error("this is no key in PEM, DER or JWK")]
    Unreadable,
    /// A private key where everybody may read it.
    #[error("this is a private key, where the public one is enough")]
    Private,
    /// A public key where one has to sign.
    #[error("there is no private key in this, or an encrypted one")]
    NotPrivate,
    /// A key of another kind than its algorithm takes: an algorithm confusion in the making.
    #[error("{} takes {}, and this is something else", .0.name(), .0.family().noun())]
    OtherKind(Algorithm),
    /// An RSA key of less than 2048 bits (RFC 7518 section 3.3), or a degenerate or absurdly large one.
    #[error("an RSA key has to have 2048 to 8192 bits and an odd exponent of 3 or more")]
    Rsa,
    /// A point that is not on its curve.
    #[error("this point is not on the curve")]
    Point,
    /// A JWK that says it is for another algorithm.
    #[error("the JWK says that it is for another algorithm than {}", .0.name())]
    OtherAlgorithm(Algorithm),
    /// A JWK that says it is for encryption, or not for verifying.
    #[error("the JWK says that it is not for verifying signatures")]
    OtherUse,
    /// A shared secret where a public key belongs.
    #[error("this is a shared secret, which no public key set may carry")]
    Symmetric,
    /// A kind of key that no supported algorithm takes.
    #[error("no supported algorithm takes this kind of key")]
    UnknownKind,
}
