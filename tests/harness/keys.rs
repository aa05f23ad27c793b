//! Keys of issuers: their halves as files and as JWKs, and what they sign.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::token;

/// A key pair and the algorithm that it is used for.
pub(crate) struct SigningKey {
    pub(crate) algorithm: &'static str,
    pub(crate) kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl SigningKey {
    pub(crate) fn new(algorithm: &'static str, kid: &str) -> Self {
        let pair = match algorithm {
            "ES256" => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Curve),
            "ES384" => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Curve),
            "EdDSA" => Ed25519KeyPair::generate().map(Pair::Edwards),
            _ => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        };
        Self {
            algorithm,
            kid: kid.to_owned(),
            pair: pair.expect("a pair"),
        }
    }

    /// A good token of this issuer, for the audience `sidegate`.
    pub(crate) fn token(&self, issuer: &str, subject: &str) -> String {
        self.signed(&claims(issuer, subject))
    }

    /// These claims, with the usual header.
    pub(crate) fn signed(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm, "typ": "JWT", "kid": self.kid});
        self.with_header(&header, claims)
    }

    pub(crate) fn with_header(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    "RS256" => &RSA_PKCS1_SHA256,
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(encoding, &random, message, &mut signature);
                signed.expect("a signature");
                signature
            }
            Pair::Curve(pair) => {
                let signature = pair.sign(&random, message).expect("a signature");
                signature.as_ref().to_vec()
            }
            Pair::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// `PUBLIC KEY` in PEM.
    pub(crate) fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der())
    }

    /// `PRIVATE KEY` in PEM.
    pub(crate) fn private_pem(&self) -> String {
        let der = match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key");
                der.as_ref().to_vec()
            }
            Pair::Curve(pair) => pair.to_pkcs8v1().expect("a key").as_ref().to_vec(),
            Pair::Edwards(pair) => pair.to_pkcs8v1().expect("a key").as_ref().to_vec(),
        };
        pem("PRIVATE KEY", &der)
    }

    fn public_der(&self) -> Vec<u8> {
        fn der<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Vec<u8> {
            key.as_der().expect("a key").as_ref().to_vec()
        }
        match &self.pair {
            Pair::Rsa(pair) => der(pair.public_key()),
            Pair::Curve(pair) => der(pair.public_key()),
            Pair::Edwards(pair) => der(pair.public_key()),
        }
    }

    /// The public half as an issuer publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let der = self.public_der();
        let last = |count: usize| der[der.len() - count..].to_vec();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let n = encode(n.big_endian_without_leading_zero());
                let e = encode(e.big_endian_without_leading_zero());
                json!({"kty": "RSA", "n": n, "e": e})
            }
            Pair::Curve(_) => {
                let (name, size) = match self.algorithm {
                    "ES384" => ("P-384", 48),
                    _ => ("P-256", 32),
                };
                let point = last(2 * size);
                let (x, y) = point.split_at(size);
                json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y)})
            }
            Pair::Edwards(_) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&last(32))}),
        };
        jwk["kid"] = self.kid.as_str().into();
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        jwk
    }
}

/// The claims of a good token of this issuer, for the audience `sidegate`.
pub(crate) fn claims(issuer: &str, subject: &str) -> Value {
    let mut claims = token::claims(subject);
    claims["iss"] = issuer.into();
    claims["aud"] = "sidegate".into();
    claims
}

/// A set of these keys, as text.
pub(crate) fn key_set(keys: &[&SigningKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64"))
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
