//! Public halves as others read them (RFC 7517, RFC 8037): nothing that could sign is ever written.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{Curve, Key, PublicKey};

impl Key {
    /// The public half as a JWK; `None` for a shared secret.
    pub fn to_jwk(&self, kid: Option<&str>) -> Option<Value> {
        let mut jwk = self.material.public()?.members();
        let mut add = |name: &str, value: &str| jwk.insert(name.to_owned(), value.into());
        if let Some(kid) = kid {
            add("kid", kid);
        }
        add("use", "sig");
        add("alg", self.algorithm.name());
        Some(Value::Object(jwk))
    }

    /// A name that only this key has (RFC 7638); `None` for a shared secret.
    pub fn thumbprint(&self) -> Option<String> {
        let members = Value::Object(self.material.public()?.members());
        let digest = digest(&SHA256, members.to_string().as_bytes());
        Some(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }
}

impl PublicKey {
    /// What the key consists of, in the order of RFC 7638 section 3.3.
    fn members(&self) -> Map<String, Value> {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let members = match self {
            Self::Rsa { modulus, exponent } => vec![
                ("e", encode(exponent)),
                ("kty", "RSA".to_owned()),
                ("n", encode(modulus)),
            ],
            Self::Point {
                curve: Curve::Ed25519,
                bytes,
            } => vec![
                ("crv", "Ed25519".to_owned()),
                ("kty", "OKP".to_owned()),
                ("x", encode(bytes)),
            ],
            Self::Point { curve, bytes } => {
                let name = match curve {
                    Curve::P384 => "P-384",
                    Curve::P256 | Curve::Ed25519 => "P-256",
                };
                // The first byte says that both coordinates follow.
                let coordinates = bytes.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                vec![
                    ("crv", name.to_owned()),
                    ("kty", "EC".to_owned()),
                    ("x", encode(x)),
                    ("y", encode(y)),
                ]
            }
        };
        let members = members.into_iter();
        members
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{
        key::Algorithm,
        specimens::{jwk, pair, signing},
    };

    #[test]
    fn a_published_key_is_the_public_half_and_nothing_else() {
        for algorithm in Algorithm::ALL {
            let key = signing(algorithm);
            let Some(published) = key.to_jwk(Some("a")) else {
                assert!(!algorithm.family().is_public(), "{algorithm:?}");
                continue;
            };
            let mut expected = jwk(algorithm, "a");
            expected["use"] = "sig".into();
            expected["alg"] = algorithm.name().into();
            let sorted = |value: &Value| -> std::collections::BTreeMap<String, Value> {
                serde_json::from_value(value.clone()).unwrap()
            };
            assert_eq!(sorted(&published), sorted(&expected));
            let read = Key::public(published.to_string().as_bytes(), algorithm).unwrap();
            assert!(!read.can_sign() && read.accepts_same(&key));
            let public = Key::public(&pair(algorithm).public, algorithm).unwrap();
            assert_eq!(public.to_jwk(Some("a")), Some(published));
        }
    }

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        // RFC 7638 section 3.1.
        let jwk = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}"#;
        let key = Key::public(jwk.as_bytes(), Algorithm::Rs256).unwrap();
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(key.thumbprint().as_deref(), Some(expected));
    }

    #[test]
    fn a_secret_has_no_public_half() {
        let key = signing(Algorithm::Hs256);
        assert_eq!((key.to_jwk(None), key.thumbprint()), (None, None));
    }
}
