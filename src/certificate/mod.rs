//! Certificates and private keys in PEM, and what they say. It reads no file: it is given bytes.

mod authorities;
mod chain;
mod identity;
mod pair;

pub use authorities::authorities;
pub use chain::{Chain, Validity};
pub use identity::Identity;
pub use pair::{Key, Pair};

/// Why a file of certificates or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It is not PEM. What the parser says could quote a key.
    #[error("this is not PEM")]
    NotPem,
    /// It is PEM, of something else.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// A certificate that cannot be parsed.
    #[error("a certificate in it cannot be read")]
    Unreadable,
    /// A certificate that nobody can be verified by.
    #[error("a certificate in it is none of an authority")]
    NoAuthority,
    /// It is PEM, of something else, or encrypted.
    #[error("there is no private key in it, or an encrypted one")]
    NoKey,
    /// A kind of key that TLS does not know here.
    #[error("its private key cannot be used")]
    UnusableKey,
    /// Two files that do not belong together.
    #[error("the private key is not that of the first certificate")]
    Mismatch,
}
