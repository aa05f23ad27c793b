//! What a token says of itself, for explanations: names, numbers and times; never the token, and no value that could be
//! about a person.
//!
//! Nothing here decides anything. It is read again, from a token that may have been refused, after the decision.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// A longer token is not looked into: whoever sends garbage must not be worth much work.
const LONGEST: usize = 8 * 1024;

/// A longer name is cut.
const LONGEST_NAME: usize = 128;

/// What is told of a token, whether it holds or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TokenFacts {
    /// Where it was.
    pub(super) place: Option<TokenPlace>,
    pub(super) length: usize,
    pub(super) parts: usize,
    pub(super) algorithm: Option<Box<str>>,
    pub(super) key: Option<Box<str>>,
    pub(super) kind: Option<Box<str>>,
    pub(super) issuer: Option<Box<str>>,
    pub(super) expires: Option<u64>,
    pub(super) not_before: Option<u64>,
    pub(super) issued: Option<u64>,
    /// What became of it.
    pub(super) fate: Fate,
}

/// Where a token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenPlace {
    /// In `Authorization`.
    Authorization,
    /// Behind a word in `Sec-WebSocket-Protocol`.
    WebSocketProtocol,
    /// Where a browser puts it.
    Cookie,
    /// In the query of the URL.
    Query,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    /// It was refused.
    #[default]
    Refused,
    /// It holds.
    Holds,
}

impl TokenPlace {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorization => "Authorization",
            Self::WebSocketProtocol => "Sec-WebSocket-Protocol",
            Self::Query => "the query",
            Self::Cookie => "a cookie",
        }
    }
}

impl TokenFacts {
    pub(super) fn of(token: &[u8], place: Option<TokenPlace>) -> Self {
        let parts: Vec<&[u8]> = if token.len() > LONGEST {
            Vec::new()
        } else {
            token.splitn(6, |&byte| byte == b'.').collect()
        };
        let decoded = |index: usize| decode(parts.get(index)?);
        let header = decoded(0).unwrap_or_default();
        let claims = decoded(1).unwrap_or_default();
        Self {
            place,
            length: token.len(),
            parts: parts.len(),
            algorithm: name(&header, "alg"),
            key: name(&header, "kid"),
            kind: name(&header, "typ"),
            issuer: name(&claims, "iss"),
            expires: time(&claims, "exp"),
            not_before: time(&claims, "nbf"),
            issued: time(&claims, "iat"),
            fate: Fate::Refused,
        }
    }
}

fn decode(part: &[u8]) -> Option<Value> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&decoded).ok()
}

/// A name is printed to terminals: what could steer one is escaped.
fn name(object: &Value, member: &str) -> Option<Box<str>> {
    let text = object.get(member)?.as_str()?;
    let cut: String = text.chars().take(LONGEST_NAME).collect();
    let shown = cut.escape_debug().to_string();
    // An e-mail is nobody's name for a key or an issuer.
    let is_personal = shown.contains('@');
    Some(if is_personal {
        format!("a text of {} characters", text.chars().count()).into()
    } else {
        shown.into()
    })
}

fn time(claims: &Value, member: &str) -> Option<u64> {
    claims.get(member)?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> Vec<u8> {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(header), part(claims)).into_bytes()
    }

    #[test]
    fn names_and_times_are_told_and_nothing_of_a_person() {
        let token = token(
            r#"{"alg":"RS256","kid":"k\u001b[31m1","typ":"JWT"}"#,
            r#"{"iss":"me@example.com","sub":"me@example.com","exp":7,"iat":"x"}"#,
        );
        let facts = TokenFacts::of(&token, Some(TokenPlace::Cookie));
        assert_eq!(facts.algorithm.as_deref(), Some("RS256"));
        assert_eq!(facts.key.as_deref(), Some("k\\u{1b}[31m1"));
        assert_eq!(facts.issuer.as_deref(), Some("a text of 14 characters"));
        assert_eq!((facts.expires, facts.issued), (Some(7), None));
        assert!(!format!("{facts:?}").contains("example.com"));
    }

    #[test]
    fn garbage_is_only_counted() {
        for garbage in ["", "a", "a.b.c", "....", "e30.e30.", "bnVsbA.WzFd.x"] {
            let facts = TokenFacts::of(garbage.as_bytes(), None);
            assert_eq!(facts.length, garbage.len());
            assert_eq!((facts.algorithm, facts.expires), (None, None), "{garbage}");
        }
        let long = TokenFacts::of(&vec![b'a'; 10_000], None);
        assert_eq!((long.parts, long.length), (0, 10_000));
    }
}
