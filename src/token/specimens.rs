//! Keys and tokens for tests, made when they are first asked for.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::key::{Algorithm, Curve, Family, Key};
use crate::secret::Secret;

/// Both halves in DER: PKCS#8 and `SubjectPublicKeyInfo`.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) private: Vec<u8>,
    pub(super) public: Vec<u8>,
}

pub(super) const SECRET: &[u8] =
    b"a secret of the specimens that is long enough for HMAC with SHA-512, 64 bytes";

/// A pair for the algorithm: always the same one for its family.
pub(super) fn pair(algorithm: Algorithm) -> Pair {
    static RSA: OnceLock<Pair> = OnceLock::new();
    static P256: OnceLock<Pair> = OnceLock::new();
    static P384: OnceLock<Pair> = OnceLock::new();
    static ED25519: OnceLock<Pair> = OnceLock::new();
    let made = match algorithm.family() {
        Family::Hmac => panic!("a secret has no halves"),
        Family::Rsa => RSA.get_or_init(|| {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            of(private.as_ref(), &public(pair.public_key()))
        }),
        Family::Curve(Curve::P256) => P256.get_or_init(|| {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            of(
                pair.to_pkcs8v1().unwrap().as_ref(),
                &public(pair.public_key()),
            )
        }),
        Family::Curve(Curve::P384) => P384.get_or_init(|| {
            let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
            of(
                pair.to_pkcs8v1().unwrap().as_ref(),
                &public(pair.public_key()),
            )
        }),
        Family::Curve(Curve::Ed25519) => ED25519.get_or_init(|| {
            let pair = Ed25519KeyPair::generate().unwrap();
            of(
                pair.to_pkcs8v1().unwrap().as_ref(),
                &public(pair.public_key()),
            )
        }),
    };
    made.clone()
}

fn of(private: &[u8], public: &[u8]) -> Pair {
    Pair {
        private: private.to_vec(),
        public: public.to_vec(),
    }
}

fn public<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

/// A key that signs and verifies.
pub(super) fn signing(algorithm: Algorithm) -> Key {
    match algorithm.family() {
        Family::Hmac => Key::new(Secret::new(SECRET.to_vec()), algorithm),
        Family::Rsa | Family::Curve(_) => {
            Key::private(&pair(algorithm).private, algorithm).unwrap()
        }
    }
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

/// The public half of a curve's key as a JWK.
pub(super) fn jwk(algorithm: Algorithm, kid: &str) -> Value {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let last = |count: usize| {
        let der = pair(algorithm).public;
        der[der.len() - count..].to_vec()
    };
    match algorithm.family() {
        Family::Hmac => json!({"kty": "oct", "k": encode(SECRET), "kid": kid}),
        Family::Rsa => {
            let key = aws_lc_rs::rsa::PublicKey::from_der(&pair(algorithm).public).unwrap();
            let (n, e) = (key.modulus(), key.exponent());
            let (n, e) = (
                n.big_endian_without_leading_zero(),
                e.big_endian_without_leading_zero(),
            );
            json!({"kty": "RSA", "n": encode(n), "e": encode(e), "kid": kid})
        }
        Family::Curve(Curve::Ed25519) => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&last(32)), "kid": kid})
        }
        Family::Curve(curve) => {
            let (name, size) = match curve {
                Curve::P384 => ("P-384", 48),
                Curve::P256 | Curve::Ed25519 => ("P-256", 32),
            };
            let point = last(2 * size);
            let (x, y) = point.split_at(size);
            json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y), "kid": kid})
        }
    }
}

/// A token with any header and claims, signed by the key.
pub(super) fn signed(header: &Value, claims: &Value, key: &Key) -> String {
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(&message).unwrap().unwrap();
    format!("{message}.{signature}")
}
