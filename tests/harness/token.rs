//! Tokens, good and bad.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sidegate::clock::Clock;

pub(crate) const ACCESS_SECRET: &str = "access-secret-of-the-tests-0123456789";
pub(crate) const REFRESH_SECRET: &str = "refresh-secret-of-the-tests-0123456789";

pub(crate) fn now() -> u64 {
    Clock.unix_seconds().0
}

/// A good access token about this subject, with the JSON type that it has.
pub(crate) fn access(subject: impl Into<Value>) -> String {
    signed(&claims(subject))
}

/// The claims of a token that holds for an hour.
pub(crate) fn claims(subject: impl Into<Value>) -> Value {
    json!({ "exp": now() + 3600, "sub": subject.into() })
}

/// An access token whose time is over.
pub(crate) fn expired(subject: impl Into<Value>) -> String {
    let mut claims = claims(subject);
    claims["exp"] = (now() - 3 * 60 * 60).into();
    signed(&claims)
}

/// These claims under the secret of access tokens.
pub(crate) fn signed(claims: &Value) -> String {
    with_header(
        &json!({ "alg": "HS256", "typ": "JWT" }),
        claims,
        ACCESS_SECRET,
    )
}

/// Any header and claims, signed with HMAC-SHA256 whatever the header says.
pub(crate) fn with_header(header: &Value, claims: &Value, secret: &str) -> String {
    from_text(&header.to_string(), &claims.to_string(), secret)
}

/// The same from texts, which need not be JSON.
pub(crate) fn from_text(header: &str, claims: &str, secret: &str) -> String {
    let encode = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(tag.as_ref()))
}

/// The same with another hash.
pub(crate) fn with_tag(
    header: &Value,
    claims: &Value,
    secret: &str,
    algorithm: hmac::Algorithm,
) -> String {
    let encode = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
    let (header, claims) = (header.to_string(), claims.to_string());
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    );
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(tag.as_ref()))
}
