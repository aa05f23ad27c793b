//! Tokens: none holds that was not signed under the key, and none holds that breaks a rule although it was.
//!
//! The first line says what the rest is: a whole `raw` token, or a header, a newline and a payload that are signed under
//! the key (`ours`) or under another (`theirs`).

#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::{
    clock::UnixSeconds,
    secret::Secret,
    token::{
        key::{Algorithm, Key},
        verify::{Verified, Verifier},
    },
};
use sidegate_fuzz::first_line;

const SECRET: &[u8] = b"an access secret of thirty-two bytes or more";
const OTHER_SECRET: &[u8] = b"the refresh secret, which is another one!!";
const NOW: UnixSeconds = UnixSeconds(1_000_000);
const LIMIT: usize = 8192;
/// How many seconds of the future are believed.
const LEEWAY: u64 = 5;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let key = Key::new(Secret::new(SECRET.to_vec()), Algorithm::Hs256);
    Verifier::new(&key, "sub", LIMIT)
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = first_line(data) else {
        return;
    };
    let token = match kind {
        b"raw" => rest.to_vec(),
        b"ours" => signed(rest, SECRET),
        b"theirs" => signed(rest, OTHER_SECRET),
        _ => return,
    };
    if let Ok(verified) = VERIFIER.verify_at(&token, NOW) {
        check(&token, &verified);
    }
});

fn signed(parts: &[u8], secret: &[u8]) -> Vec<u8> {
    let (header, payload) = first_line(parts).unwrap_or((parts, b""));
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let message = format!("{}.{}", encode(header), encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref())).into_bytes()
}

/// A token that holds, taken apart again by other means.
fn check(token: &[u8], verified: &Verified) {
    assert!(token.len() <= LIMIT);
    let token = std::str::from_utf8(token).expect("text");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{} parts", parts.len());
    };
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let message = format!("{header}.{payload}");
    hmac::verify(&key, message.as_bytes(), &decode(signature)).expect("a token nobody signed");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(decode(signature)), signature);

    let header: Value = serde_json::from_slice(&decode(header)).expect("a header");
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("crit").is_none(), "a critical extension");
    assert!(header.get("b64").is_none(), "an unencoded payload");
    if let Some(typ) = header.get("typ") {
        let typ = typ.as_str().expect("a text").to_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        assert!(["jwt", "at+jwt"].contains(&typ), "{typ}");
    }

    let claims: Value = serde_json::from_slice(&decode(payload)).expect("claims");
    let exp = claims["exp"].as_f64().expect("a number for exp");
    assert!(exp >= NOW.0 as f64 + 1.0, "{exp}");
    for name in ["nbf", "iat"] {
        if let Some(claim) = claims.get(name) {
            assert!(claim.as_f64().is_some_and(|time| time >= 0.0), "{claim}");
        }
    }
    for name in ["nbf", "iat"] {
        if let Some(start) = claims.get(name) {
            assert!(start.as_f64().expect("a number") < (NOW.0 + LEEWAY) as f64 + 1.0);
        }
    }
    assert!(
        claims.get("aud").is_none_or(Value::is_null),
        "another audience"
    );
    let subject = match &claims["sub"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("a subject {other}"),
    };
    assert_eq!(verified.subject.to_string(), subject);
    assert!(!subject.is_empty() && !subject.chars().any(char::is_control));
}
