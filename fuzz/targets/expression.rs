//! Expressions of rules: whatever is written, and whatever a token says, there is a mistake, an answer or a reason why
//! there is none, and it does not take long.
//!
//! The first line is the expression, the rest the claims.

#![no_main]

use std::{
    net::SocketAddr,
    sync::LazyLock,
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::{
    certificate::Identity,
    clock::UnixSeconds,
    http::client_address::{PeerAddress, TrustedProxies},
    policy::{
        expression::{EvaluationError, Expression},
        pattern::Pattern,
        requirement::{Client, Facts, Head},
    },
    secret::Secret,
    token::{
        key::{Algorithm, Key},
        verify::{Verified, Verifier},
    },
};
use sidegate_fuzz::first_line;

const SECRET: &[u8] = b"an access secret of thirty-two bytes or more";
const NOW: UnixSeconds = UnixSeconds(1_700_000_000);
/// Longer than tokens may be, so that more is gone through than a gateway ever has to.
const LIMIT: usize = 16_384;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let key = Key::new(Secret::new(SECRET.to_vec()), Algorithm::Hs256);
    Verifier::new(&key, "sub", LIMIT)
});

/// Ten times what the most steps take, with the fuzzer's counters.
const LONGEST: Duration = Duration::from_millis(500);

fuzz_target!(|data: &[u8]| {
    let (text, claims) = first_line(data).unwrap_or((data, b"{\"sub\":\"7\"}"));
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let text = text.replace('\r', "\n");
    let expression = match Expression::compile(&text) {
        Ok(expression) => expression,
        Err(mistake) => {
            assert!(text.get(mistake.at.clone()).is_some(), "{mistake:?}");
            assert_ne!(mistake.message, "this expression cannot be read");
            return;
        }
    };
    assert_eq!(expression.to_string(), text);
    evaluate(&expression, verified(claims).as_ref());
});

/// The claims, if they are any, as a token proves them.
fn verified(claims: &[u8]) -> Option<Verified> {
    let mut claims: serde_json::Map<String, Value> = serde_json::from_slice(claims).ok()?;
    claims.insert("sub".to_owned(), "7".into());
    for name in ["nbf", "iat", "aud"] {
        claims.remove(name);
    }
    claims.insert("exp".to_owned(), (NOW.0 + 100).into());
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let payload = serde_json::to_vec(&claims).expect("claims");
    let message = format!("{}.{}", encode(b"{\"alg\":\"HS256\"}"), encode(&payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", encode(signature.as_ref()));
    VERIFIER.verify_at(token.as_bytes(), NOW).ok()
}

fn evaluate(expression: &Expression, token: Option<&Verified>) {
    let peer: SocketAddr = "10.0.0.1:1".parse().expect("an address");
    let certificate = Identity {
        subject: "CN=billing".into(),
        names: vec!["DNS:billing.test".into()],
        fingerprint: "ab".into(),
    };
    let host = HeaderValue::from_static("api.example.com");
    let facts = Facts {
        token,
        row: None,
        certificate: Some(&certificate),
        client: Client {
            peer: PeerAddress::Ip(peer),
            proxies: &TrustedProxies::default(),
            headers: &HeaderMap::new(),
        },
        pattern: &Pattern::parse("/users/{id}").expect("a pattern"),
        path: "/users/7",
        request: Head {
            method: &Method::GET,
            host: Some(&host),
        },
        now: NOW,
    };
    let begun = Instant::now();
    let answer = expression.holds(&facts);
    assert!(begun.elapsed() < LONGEST, "{expression}");
    assert_ne!(answer, Some(Err(EvaluationError::Broken)), "{expression}");
    assert_eq!(
        answer.is_none(),
        expression.reads_token() && token.is_none()
    );
    assert_eq!(answer, expression.holds(&facts), "{expression}");
}
