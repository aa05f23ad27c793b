//! Keys that fit and keys that do not.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::*;
use crate::token::{
    keyring::{ListedKey, TrustedKey},
    specimens::{SECRET, jwk, pair, pem, signing},
};

const ASYMMETRIC: [Algorithm; 9] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

fn has_signed(key: Key, message: &str, signature: &str) -> bool {
    TrustedKey::new(ListedKey::lasting(key, None)).has_signed(message, signature)
}

#[test]
fn what_a_key_signs_holds_under_it_and_its_algorithm_alone() {
    for algorithm in Algorithm::ALL {
        let key = signing(algorithm);
        let signature = key.sign("a.b").unwrap().unwrap();
        for other in Algorithm::ALL {
            let verified = has_signed(signing(other), "a.b", &signature);
            assert_eq!(
                verified,
                other == algorithm,
                "{algorithm:?} under {other:?}"
            );
        }
        assert!(!has_signed(key.clone(), "a.c", &signature));
        assert!(!has_signed(key.clone(), "a.b", ""));
        assert!(!has_signed(key, "a.b", &format!("{signature}=")));
    }
}

#[test]
fn a_signature_of_zeros_is_none() {
    for algorithm in ASYMMETRIC {
        for length in [32, 64, 96, 256] {
            let zeros = BASE64_URL_SAFE_NO_PAD.encode(vec![0; length]);
            assert!(
                !has_signed(signing(algorithm), "a.b", &zeros),
                "{algorithm:?}"
            );
        }
    }
}

#[test]
fn a_public_key_is_read_in_every_form() {
    for algorithm in ASYMMETRIC {
        let signature = signing(algorithm).sign("a.b").unwrap().unwrap();
        let der = pair(algorithm).public;
        let forms = [
            der.clone(),
            BASE64_STANDARD.encode(&der).into_bytes(),
            pem("PUBLIC KEY", &der).into_bytes(),
            format!("\n {}", pem("PUBLIC KEY", &der)).into_bytes(),
            jwk(algorithm, "a").to_string().into_bytes(),
        ];
        for form in forms {
            let key = Key::public(&form, algorithm).expect("a public key");
            assert!(!key.can_sign());
            assert!(key.sign("a.b").is_none());
            assert!(key.accepts_same(&signing(algorithm)));
            assert!(has_signed(key, "a.b", &signature), "{algorithm:?}");
        }
    }
}

#[test]
fn a_certificate_stands_for_its_key() {
    let made = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
    let key = Key::public(made.cert.pem().as_bytes(), Algorithm::Es256).expect("a key");
    let private = made.signing_key.serialize_pem();
    let private = Key::private(private.as_bytes(), Algorithm::Es256).expect("a key");
    assert!(key.accepts_same(&private));
}

#[test]
fn a_private_key_is_read_in_every_form() {
    for algorithm in ASYMMETRIC {
        let der = pair(algorithm).private;
        for form in [
            der.clone(),
            BASE64_STANDARD.encode(&der).into_bytes(),
            pem("PRIVATE KEY", &der).into_bytes(),
        ] {
            let key = Key::private(&form, algorithm).expect("a private key");
            assert!(key.can_sign() && key == signing(algorithm));
        }
    }
    let made = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
    let made = made.expect("a key").serialize_pem();
    assert!(Key::private(made.as_bytes(), Algorithm::Ps256).is_ok());
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for algorithm in ASYMMETRIC {
        for other in ASYMMETRIC {
            let pair = pair(other);
            let read = (
                Key::public(&pair.public, algorithm).is_ok(),
                Key::private(&pair.private, algorithm).is_ok(),
                Key::public(jwk(other, "a").to_string().as_bytes(), algorithm).is_ok(),
            );
            let same = algorithm.family() == other.family();
            assert_eq!(read, (same, same, same), "{other:?} for {algorithm:?}");
        }
        let pair = pair(algorithm);
        let public = pem("PUBLIC KEY", &pair.public);
        let private = pem("PRIVATE KEY", &pair.private);
        let error = |result: Result<Key, KeyError>| result.expect_err("no key");
        assert_eq!(
            error(Key::public(private.as_bytes(), algorithm)),
            KeyError::Private
        );
        assert_eq!(
            error(Key::private(public.as_bytes(), algorithm)),
            KeyError::NotPrivate
        );
        assert_eq!(
            error(Key::public(b"secret", algorithm)),
            KeyError::Unreadable
        );
        assert!(Key::private(b"secret", algorithm).is_err());
    }
}

#[test]
fn an_rsa_key_that_is_weak_or_degenerate_is_refused() {
    let rsa = |modulus: &[u8], exponent: &[u8]| public::PublicKey::rsa(modulus, exponent).err();
    let modulus = |bytes: usize| {
        let mut modulus = vec![0xc5; bytes];
        modulus[bytes - 1] = 0xc5 | 1;
        modulus
    };
    assert_eq!(rsa(&modulus(256), &[1, 0, 1]), None);
    assert_eq!(rsa(&[&[0][..], &modulus(256)].concat(), &[3]), None);
    for (modulus, exponent) in [
        (modulus(128), vec![1, 0, 1]),
        (modulus(255), vec![1, 0, 1]),
        (modulus(1025), vec![1, 0, 1]),
        (modulus(256), vec![1]),
        (modulus(256), vec![0, 1]),
        (modulus(256), vec![]),
        (modulus(256), vec![2]),
        (modulus(256), vec![1; 9]),
        (vec![0; 256], vec![3]),
        ([modulus(255), vec![2]].concat(), vec![3]),
    ] {
        assert_eq!(
            rsa(&modulus, &exponent),
            Some(KeyError::Rsa),
            "{exponent:?}"
        );
    }
}

#[test]
fn a_point_that_is_not_on_its_curve_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384] {
        let mut written = jwk(algorithm, "a");
        written["y"] = written["x"].clone();
        let read = Key::public(written.to_string().as_bytes(), algorithm);
        assert_eq!(read.expect_err("no key"), KeyError::Point);
    }
}

#[test]
fn a_jwk_is_used_for_nothing_but_what_it_says() {
    let key = |change: &[(&str, serde_json::Value)]| {
        let mut written = jwk(Algorithm::Rs256, "a");
        for (name, value) in change {
            written[*name] = value.clone();
        }
        let allowed = [Algorithm::Rs256, Algorithm::Ps256];
        let jwk = read_jwk(written.to_string().as_bytes())?;
        jwk.key(&allowed).map(|key| key.algorithm())
    };
    assert_eq!(key(&[]), Ok(Algorithm::Rs256));
    assert_eq!(key(&[("alg", json!("PS256"))]), Ok(Algorithm::Ps256));
    assert_eq!(key(&[("use", json!("sig"))]), Ok(Algorithm::Rs256));
    assert_eq!(key(&[("key_ops", json!(["verify"]))]), Ok(Algorithm::Rs256));
    assert_eq!(key(&[("alg", json!("RS512"))]), Err(KeyError::UnknownKind));
    assert_eq!(key(&[("use", json!("enc"))]), Err(KeyError::OtherUse));
    assert_eq!(
        key(&[("key_ops", json!(["encrypt"]))]),
        Err(KeyError::OtherUse)
    );
    assert_eq!(key(&[("d", json!("AAAA"))]), Err(KeyError::Private));
    assert_eq!(key(&[("kty", json!("oct"))]), Err(KeyError::Symmetric));
    assert_eq!(key(&[("kty", json!("EC"))]), Err(KeyError::UnknownKind));
    assert_eq!(key(&[("n", json!(5))]), Err(KeyError::Unreadable));
    assert_eq!(key(&[("n", json!("a="))]), Err(KeyError::Unreadable));
}

#[test]
fn a_key_in_the_place_of_a_secret_is_noticed() {
    let pair = pair(Algorithm::Rs256);
    let public = pem("PUBLIC KEY", &pair.public);
    for text in [
        public.clone(),
        format!("  \n{public}"),
        pem("PRIVATE KEY", &pair.private),
        BASE64_STANDARD.encode(&pair.public),
        BASE64_STANDARD.encode(&pair.private),
        jwk(Algorithm::Es256, "a").to_string(),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI".to_owned(),
    ] {
        assert!(is_asymmetric(text.as_bytes()), "{text}");
    }
    assert!(is_asymmetric(&pair.public));
    assert!(!is_asymmetric(SECRET));
    assert!(!is_asymmetric(b"0123456789abcdef0123456789abcdef"));
    assert!(!is_asymmetric(BASE64_STANDARD.encode(SECRET).as_bytes()));
    assert!(!is_asymmetric(b"{\"a\": 1}"));
}

#[test]
fn nothing_of_a_key_is_shown() {
    let shown = format!("{:?}", signing(Algorithm::Hs256));
    assert_eq!(shown, "Key { algorithm: Hs256, .. }");
}
