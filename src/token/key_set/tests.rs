//! Sets as issuers publish them, and as somebody else might.

use serde_json::json;

use super::*;
use crate::token::{key::Algorithm, specimens::jwk};

const ALLOWED: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

fn names(set: &KeySet) -> Vec<&str> {
    let keys = set.keys.iter();
    keys.map(|key| key.kid.as_deref().unwrap_or("-")).collect()
}

#[test]
fn keys_that_are_not_understood_are_passed_over() {
    let set = json!({"keys": [
        jwk(Algorithm::Rs256, "a"),
        jwk(Algorithm::Hs256, "symmetric"),
        jwk(Algorithm::EdDsa, "not allowed"),
        {"kty": "EC", "crv": "secp256k1", "kid": "unknown"},
        {"kid": "of no kind"},
        5,
        jwk(Algorithm::Es256, "b"),
    ], "more": true});
    let set = read(set.to_string().as_bytes(), &ALLOWED).expect("a set");
    assert_eq!(names(&set), ["a", "b"]);
    assert_eq!(set.unusable, Some((5, KeyError::Symmetric)));
    let algorithms = set.keys.iter().map(|key| key.key.algorithm());
    assert_eq!(algorithms.collect::<Vec<_>>(), ALLOWED);
}

#[test]
fn a_set_is_bounded() {
    let set = |count: usize| {
        let keys = vec![jwk(Algorithm::Es256, "a"); count];
        let set = json!({ "keys": keys }).to_string();
        read(set.as_bytes(), &ALLOWED).map(|set| set.keys.len())
    };
    assert_eq!(set(MOST_KEYS), Ok(MOST_KEYS));
    assert_eq!(set(MOST_KEYS + 1), Err(KeySetError::TooMany));
    let large = vec![b' '; LARGEST + 1];
    assert_eq!(read(&large, &ALLOWED).err(), Some(KeySetError::TooLarge));
}

#[test]
fn what_has_no_usable_key_is_no_set() {
    for (text, error) in [
        ("", KeySetError::Unreadable),
        ("[]", KeySetError::Unreadable),
        ("<html>", KeySetError::Unreadable),
        (r#"{"keys": {}}"#, KeySetError::Unreadable),
        (r#"{"keys": []}"#, KeySetError::NoKey),
        (
            r#"{"keys": [{"kty":"oct","k":"AAAA"}]}"#,
            KeySetError::NoKey,
        ),
    ] {
        assert_eq!(read(text.as_bytes(), &ALLOWED).err(), Some(error), "{text}");
    }
}
