//! Public keys: read, checked for what their algorithm takes, and for being safe to use.

use aws_lc_rs::{
    digest::{Digest, SHA256, digest},
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
        RsaPublicKeyComponents, VerificationAlgorithm,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::DecodingKey;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer,
    pem::{self, PemObject},
};
use x509_cert::{
    Certificate,
    der::{
        Decode, Encode,
        asn1::{AnyRef, ObjectIdentifier},
    },
    spki::SubjectPublicKeyInfoRef,
};

use super::{Algorithm, Curve, Family, KeyError, jwk};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A key that was checked. For RSA the modulus and the exponent, else the point.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::token) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Point { curve: Curve, bytes: Vec<u8> },
}

impl PublicKey {
    /// Refuses keys that sign for nobody, or for everybody (RFC 7518 section 3.3).
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = significant(modulus);
        let exponent = significant(exponent);
        let unused = modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = modulus.len() * 8 - unused;
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let small = exponent.is_empty() || exponent == [1];
        let sound = (2048..=8192).contains(&bits) && odd(modulus) && odd(exponent) && !small;
        if !sound || exponent.len() > 8 {
            return Err(KeyError::Rsa);
        }
        Ok(Self::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// The library decodes the point, and with it checks that it is on the curve (RFC 8725 section 3.4).
    pub(super) fn point(curve: Curve, bytes: Vec<u8>) -> Result<Self, KeyError> {
        let (algorithm, length): (&'static dyn VerificationAlgorithm, _) = match curve {
            Curve::P256 => (&ECDSA_P256_SHA256_FIXED, 65),
            Curve::P384 => (&ECDSA_P384_SHA384_FIXED, 97),
            Curve::Ed25519 => (&ED25519, 32),
        };
        if bytes.len() != length || ParsedPublicKey::new(algorithm, &bytes).is_err() {
            return Err(KeyError::Point);
        }
        Ok(Self::Point { curve, bytes })
    }

    pub(super) fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Point { curve, .. } => Family::Curve(*curve),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        match self {
            Self::Rsa { modulus, exponent } => {
                digest(&SHA256, &[&modulus[..], &exponent[..]].concat())
            }
            Self::Point { bytes, .. } => digest(&SHA256, bytes),
        }
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        match self {
            Self::Rsa { modulus, exponent } => {
                DecodingKey::from_rsa_raw_components(modulus, exponent)
            }
            Self::Point {
                curve: Curve::Ed25519,
                bytes,
            } => DecodingKey::from_ed_der(bytes),
            Self::Point { bytes, .. } => DecodingKey::from_ec_der(bytes),
        }
    }
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

pub(super) fn read(bytes: &[u8], algorithm: Algorithm) -> Result<PublicKey, KeyError> {
    let text = bytes.trim_ascii();
    if text.starts_with(b"{") {
        let jwk = jwk::read_jwk(text)?;
        return Ok(jwk.bind(&[algorithm])?.1);
    }
    let key = if text.starts_with(b"-----") {
        from_pem(text)
    } else {
        from_der(bytes).or_else(|error| match BASE64_STANDARD.decode(text) {
            Ok(der) => from_der(&der),
            Err(_) => Err(error),
        })
    }?;
    if key.family() == algorithm.family() {
        Ok(key)
    } else {
        Err(KeyError::OtherKind(algorithm))
    }
}

/// Whether these bytes are a public or private key, or a certificate, in DER or in base64 of it.
pub(super) fn has_structure(text: &[u8]) -> bool {
    let der = BASE64_STANDARD.decode(text);
    let der = der.as_deref().unwrap_or(text);
    !matches!(from_der(der), Err(KeyError::Unreadable))
        || Certificate::from_der(der).is_ok()
        || PrivateKeyDer::try_from(der).is_ok()
}

fn from_pem(text: &[u8]) -> Result<PublicKey, KeyError> {
    match SubjectPublicKeyInfoDer::from_pem_slice(text) {
        Ok(info) => return from_der(&info),
        Err(pem::Error::NoItemsFound) => {}
        Err(_) => return Err(KeyError::Unreadable),
    }
    if let Ok(certificate) = CertificateDer::from_pem_slice(text) {
        let certificate = Certificate::from_der(&certificate).map_err(|_| KeyError::Unreadable)?;
        let info = certificate.tbs_certificate().subject_public_key_info();
        let info = info.to_der().map_err(|_| KeyError::Unreadable)?;
        return from_der(&info);
    }
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(_) => Err(KeyError::Private),
        Err(_) => Err(KeyError::Unreadable),
    }
}

/// A `SubjectPublicKeyInfo` (RFC 5280 section 4.1), or for RSA the key alone (RFC 8017 appendix A.1.1).
fn from_der(der: &[u8]) -> Result<PublicKey, KeyError> {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) else {
        return from_pkcs1(der);
    };
    let bytes = info.subject_public_key.as_bytes();
    let bytes = bytes.ok_or(KeyError::Unreadable)?;
    let parameters = info.algorithm.parameters;
    let curve = parameters
        .and_then(|parameters: AnyRef<'_>| parameters.decode_as::<ObjectIdentifier>().ok());
    match (info.algorithm.oid, curve) {
        (RSA | RSA_PSS, _) => from_pkcs1(bytes),
        (EC, Some(P256)) => PublicKey::point(Curve::P256, bytes.to_vec()),
        (EC, Some(P384)) => PublicKey::point(Curve::P384, bytes.to_vec()),
        (ED25519_KEY, None) => PublicKey::point(Curve::Ed25519, bytes.to_vec()),
        (_, None | Some(_)) => Err(KeyError::UnknownKind),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = rsa::PublicKey::from_der(der).map_err(|_| KeyError::Unreadable)?;
    let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(&key);
    PublicKey::rsa(&n, &e)
}
