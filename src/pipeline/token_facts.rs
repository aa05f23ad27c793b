//! What a token says of itself, for explanations: names, numbers and times; never the token, and no value that could be
//! about a person.
//!
//! Nothing here decides anything. It is read again, from a token that may have been refused, after the decision.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    policy::explanation::describe,
    token::{
        claims::Claims,
        issuer::{Audience, Checks},
        raw::RawToken,
        verify::Verifier,
    },
};

/// A longer name is cut.
const LONGEST_NAME: usize = 128;

/// What is told of a token, whether it holds or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TokenFacts {
    /// Where it was.
    pub(super) place: Option<TokenPlace>,
    pub(super) length: usize,
    /// The longest that is looked at.
    pub(super) limit: usize,
    pub(super) parts: usize,
    pub(super) algorithm: Option<Box<str>>,
    pub(super) key: Option<Box<str>>,
    pub(super) kind: Option<Box<str>>,
    /// Whether it has a critical extension.
    pub(super) is_critical: bool,
    /// What is expected of it, where it is known whose it is.
    pub(super) checks: Option<Arc<Checks>>,
    /// `None` where its claims cannot be read.
    pub(super) claims: Option<ClaimFacts>,
}

/// What is told of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClaimFacts {
    pub(super) issuer: Option<Box<str>>,
    /// `None` where there is none.
    pub(super) audience: Option<Box<str>>,
    pub(super) subject: Box<str>,
    /// Those that have to be there and are not.
    pub(super) missing: Vec<Arc<str>>,
    pub(super) expires: Time,
    pub(super) not_before: Time,
    pub(super) issued: Time,
}

/// A claim that is a time, or should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Absent,
    /// It is there and no time.
    Unreadable,
    /// In seconds since 1970.
    At(u64),
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
    /// A token that `verifier` has judged. What that would not look into is only counted: whoever sends garbage must not
    /// be worth much work.
    pub(super) fn of(token: &[u8], place: Option<TokenPlace>, verifier: &Verifier) -> Self {
        let facts = Self {
            place,
            length: token.len(),
            limit: verifier.limit(),
            ..Self::default()
        };
        if token.len() > verifier.limit() {
            return facts;
        }
        let parts = token.split(|&byte| byte == b'.').count();
        match verifier.parse(token) {
            Ok(token) => Self {
                parts,
                ..facts.looked_into(token, verifier)
            },
            Err(_) => Self { parts, ..facts },
        }
    }

    fn looked_into(self, token: RawToken<'_>, verifier: &Verifier) -> Self {
        let header: Value = decode(token.header_part()).unwrap_or_default();
        let whose = verifier.whose(token);
        let issuer = whose.and_then(|whose| verifier.issuers().get(whose.0));
        let checks = issuer.map(|issuer| Arc::clone(issuer.checks()));
        let claims: Option<Claims> = decode(token.payload_part());
        Self {
            algorithm: name(&header, "alg"),
            key: name(&header, "kid"),
            kind: name(&header, "typ"),
            is_critical: header.get("crit").or(header.get("b64")).is_some(),
            claims: claims.map(|claims| ClaimFacts::of(&claims, checks.as_deref())),
            checks,
            ..self
        }
    }
}

impl ClaimFacts {
    fn of(claims: &Claims, checks: Option<&Checks>) -> Self {
        let expected: Vec<&str> = match checks.map(|checks| &checks.audience) {
            Some(Audience::OneOf(expected)) => expected.iter().map(|name| &**name).collect(),
            Some(Audience::Unnamed | Audience::Any) | None => Vec::new(),
        };
        let shown = |value: &Value| describe(value, &expected).into();
        let subject = checks.map_or("sub", |checks| &checks.subject);
        let subject = claims.value(subject);
        let is_missing = |name: &&Arc<str>| claims.value(name).is_none_or(Value::is_null);
        let required = checks.map_or(&[][..], |checks| &checks.required).iter();
        Self {
            issuer: claims.value("iss").map(|value| issuer(value, checks)),
            audience: claims.value("aud").map(shown),
            subject: subject
                .map_or_else(|| "nothing".to_owned(), |value| describe(value, &[]))
                .into(),
            missing: required.filter(is_missing).cloned().collect(),
            expires: Time::of(claims, "exp"),
            not_before: Time::of(claims, "nbf"),
            issued: Time::of(claims, "iat"),
        }
    }
}

impl Time {
    fn of(claims: &Claims, name: &'static str) -> Self {
        match claims.time(name) {
            Ok(None) => Self::Absent,
            Ok(Some(time)) => Self::At(time.0),
            Err(_) => Self::Unreadable,
        }
    }
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&decoded).ok()
}

fn name(object: &Value, member: &str) -> Option<Box<str>> {
    let text = object.get(member)?.as_str()?;
    // An e-mail is nobody's name for a key.
    Some(if text.contains('@') {
        describe(&Value::from(text), &[]).into()
    } else {
        cut(text)
    })
}

/// A name is printed to terminals: what could steer one is escaped.
fn cut(text: &str) -> Box<str> {
    let cut: String = text.chars().take(LONGEST_NAME).collect();
    cut.escape_debug().to_string().into()
}

/// One that is known is called by its name. Others are called by URLs, or their names could be anything.
fn issuer(value: &Value, checks: Option<&Checks>) -> Box<str> {
    let known = checks.and_then(|checks| checks.name.as_deref());
    let is_url = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
        let has_scheme = text.starts_with("https://") || text.starts_with("http://");
        has_scheme && text.chars().all(plain)
    };
    match value.as_str() {
        Some(text) if Some(text) == known || is_url(text) => cut(text),
        Some(_) | None => describe(value, &[]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        secret::Secret,
        token::{
            issuer::Issuer,
            key::{Algorithm, Key},
            keyring::ListedKey,
        },
    };

    fn verifier() -> Verifier {
        let issuer = |name: Option<&str>, audience| {
            let mut checks = Checks::usual("sub");
            checks.name = name.map(Box::from);
            checks.audience = audience;
            checks.required = vec!["email".into(), "tenant".into()];
            let key = Key::new(Secret::new(vec![b'x'; 32]), Algorithm::Hs256);
            Issuer::new(checks, vec![ListedKey::lasting(key, None)], None)
        };
        let audience = Audience::OneOf(vec!["sidegate".into()]);
        let idp = issuer(Some("idp"), audience);
        Verifier::with_issuers(vec![issuer(None, Audience::Unnamed), idp], 4096)
    }

    fn facts(header: &str, claims: &str) -> TokenFacts {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.c2ln", part(header), part(claims));
        TokenFacts::of(token.as_bytes(), Some(TokenPlace::Cookie), &verifier())
    }

    #[test]
    fn names_and_times_are_told_and_nothing_of_a_person() {
        let facts = facts(
            r#"{"alg":"RS256","kid":"k\u001b[31m1","typ":"JWT"}"#,
            r#"{"iss":"me@example.com","sub":"me@example.com","exp":7,"iat":"x"}"#,
        );
        assert_eq!(facts.algorithm.as_deref(), Some("RS256"));
        assert_eq!(facts.key.as_deref(), Some("k\\u{1b}[31m1"));
        assert_eq!(facts.checks, None);
        let claims = facts.claims.as_ref().unwrap();
        assert_eq!(claims.issuer.as_deref(), Some("a text of 14 characters"));
        assert_eq!(&*claims.subject, "a text of 14 characters");
        assert_eq!(
            (claims.expires, claims.issued),
            (Time::At(7), Time::Unreadable)
        );
        assert!(!format!("{facts:?}").contains("example.com"));
    }

    #[test]
    fn what_is_expected_is_what_the_issuer_of_the_token_has_to_say() {
        let facts = facts(
            r#"{"alg":"HS256","crit":["x"]}"#,
            r#"{"iss":"idp","aud":["sidegate","me"],"email":"me","tenant":null,"sub":5}"#,
        );
        assert!(facts.is_critical);
        let name = facts.checks.as_ref().unwrap().name.as_deref();
        assert_eq!(name, Some("idp"));
        let claims = facts.claims.unwrap();
        assert_eq!(claims.issuer.as_deref(), Some("idp"));
        let audience = claims.audience.as_deref();
        assert_eq!(audience, Some("a list of 2 with \"sidegate\""));
        assert_eq!(*claims.missing, [std::sync::Arc::<str>::from("tenant")]);
        assert_eq!(&*claims.subject, "a number");
    }

    #[test]
    fn garbage_is_only_counted() {
        for (garbage, parts) in [
            ("", 1),
            ("a", 1),
            ("a.b.c", 3),
            ("....", 5),
            ("e30.e30.", 3),
        ] {
            let facts = TokenFacts::of(garbage.as_bytes(), None, &verifier());
            assert_eq!((facts.length, facts.parts), (garbage.len(), parts));
            assert_eq!((facts.algorithm, facts.claims), (None, None), "{garbage}");
        }
        let long = TokenFacts::of(&vec![b'a'; 10_000], None, &verifier());
        assert_eq!((long.parts, long.length, long.limit), (0, 10_000, 4096));
    }
}
