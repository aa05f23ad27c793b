//! Private keys: read, checked, and put into the form that the library signs with.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use x509_cert::der::{
    Decode, Reader, SliceReader,
    asn1::{AnyRef, OctetStringRef},
};
use zeroize::Zeroizing;

use super::{Algorithm, Curve, Family, KeyError, public::PublicKey};
use crate::secret::Secret;

pub(super) fn read(
    bytes: &[u8],
    algorithm: Algorithm,
) -> Result<(PublicKey, Secret<Vec<u8>>), KeyError> {
    let der = der(bytes)?;
    let other = |_| KeyError::OtherKind(algorithm);
    match algorithm.family() {
        Family::Hmac => Err(KeyError::OtherKind(algorithm)),
        Family::Rsa => {
            let pkcs1 = pkcs1_of(&der).unwrap_or(&der);
            let pair = RsaKeyPair::from_der(pkcs1).map_err(other)?;
            let RsaPublicKeyComponents { n, e } =
                RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            Ok((PublicKey::rsa(&n, &e)?, Secret::new(pkcs1.to_vec())))
        }
        Family::Curve(Curve::Ed25519) => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(other)?;
            let point = pair.public_key().as_ref().to_vec();
            let public = PublicKey::point(Curve::Ed25519, point)?;
            Ok((public, Secret::new(der.to_vec())))
        }
        Family::Curve(curve @ (Curve::P256 | Curve::P384)) => {
            let signing = match curve {
                Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
                Curve::P256 | Curve::Ed25519 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            };
            let pair = EcdsaKeyPair::from_private_key_der(signing, &der).map_err(other)?;
            let point = pair.public_key().as_ref().to_vec();
            let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Unreadable)?;
            let private = Secret::new(pkcs8.as_ref().to_vec());
            Ok((PublicKey::point(curve, point)?, private))
        }
    }
}

/// What the text holds.
fn der(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = bytes.trim_ascii();
    if text.starts_with(b"{") {
        return Err(KeyError::NotPrivate);
    }
    if text.starts_with(b"-----") {
        let key = PrivateKeyDer::from_pem_slice(text).map_err(|_| KeyError::NotPrivate)?;
        return Ok(Zeroizing::new(key.secret_der().to_vec()));
    }
    let decoded = BASE64_STANDARD.decode(text);
    Ok(Zeroizing::new(decoded.unwrap_or_else(|_| bytes.to_vec())))
}

/// The key inside a PKCS#8 wrapping (RFC 5208 section 5), which the library's RSA does not unwrap.
fn pkcs1_of(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    let inside = reader.sequence(|inside| {
        AnyRef::decode(inside)?;
        AnyRef::decode(inside)?;
        let key = <&OctetStringRef>::decode(inside)?;
        inside.drain(inside.remaining_len())?;
        Ok::<_, x509_cert::der::Error>(key.as_bytes())
    });
    inside.ok()
}
