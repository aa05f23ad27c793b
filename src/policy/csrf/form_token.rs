//! A token for forms: what a page of the origin can read out of a cookie and bring along, and no other page can.
//!
//! The signed double submit: the same text in a cookie that scripts may read and in a header, or in a field of a form where that
//! is read. It is a MAC over the session that the token in the browser's other cookie is of, so that whoever can plant cookies (a
//! neighbour of the same site) has nothing to plant. It says no more than that a page of the origin has sent the request; whose
//! the request is, the token says.

use std::fmt;

use ::http::{HeaderMap, HeaderName};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::{Foreign, Said, Target, said};
use crate::{
    http::{cookie, set_cookie::CookieShape},
    token::{id::session_of, raw::RawToken},
};

/// Makes them and knows them again.
#[derive(Clone)]
pub struct FormTokens {
    cookie: CookieShape,
    header: HeaderName,
    subject: Box<str>,
    key: hmac::Key,
    /// What tells one key from another.
    mark: [u8; 32],
}

impl FormTokens {
    /// In this cookie and this header, under this secret; `subject` is the claim that says whose a token is.
    pub fn new(cookie: CookieShape, header: HeaderName, subject: &str, secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&secret, b"tokens for forms");
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let mark = hmac::sign(&key, b"mark");
        Self {
            cookie,
            header,
            subject: subject.into(),
            mark: mark.as_ref().first_chunk().copied().unwrap_or_default(),
            key,
        }
    }

    /// The cookie that pages read it from.
    pub fn cookie(&self) -> &CookieShape {
        &self.cookie
    }

    /// What the pages of a browser bring that has this access or refresh token: the same as long as its session lasts, or
    /// for its user where tokens say nothing of sessions.
    pub fn of(&self, token: &[u8]) -> Option<String> {
        let claims = claims(token)?;
        let session = claims.get("jti").and_then(Value::as_str);
        let mut context = hmac::Context::with_key(&self.key);
        if let Some(session) = session.and_then(session_of) {
            context.update(b"session\0");
            context.update(session.as_bytes());
        } else {
            context.update(b"subject\0");
            context.update(claims.get(&*self.subject)?.to_string().as_bytes());
        }
        Some(BASE64_URL_SAFE_NO_PAD.encode(context.sign()))
    }

    /// Whether the request brings the one that belongs to the token in the first of the target's cookies that it has.
    pub(super) fn check(&self, headers: &HeaderMap, target: Target<'_>) -> Result<(), Foreign> {
        let brought = match said(headers, &self.header) {
            Said::Once(brought) => brought,
            Said::Nothing => target.form.ok_or(Foreign::NoToken)?,
            Said::Unreadable => return Err(Foreign::WrongToken),
        };
        let mut names = target.cookies.into_iter().flatten();
        let expected = names.find_map(|name| {
            let token = cookie::values(headers, name).next()?;
            self.of(token.bytes())
        });
        let expected = expected.ok_or(Foreign::WrongToken)?;
        let mut kept = cookie::values(headers, self.cookie.name());
        let kept = kept.next().ok_or(Foreign::NoToken)?;
        let same =
            brought.as_bytes().ct_eq(expected.as_bytes()) & kept.bytes().ct_eq(expected.as_bytes());
        if same.into() {
            Ok(())
        } else {
            Err(Foreign::WrongToken)
        }
    }
}

/// What a token says, whether or not that is true: of one that is forged nobody has been given the token for forms.
fn claims(token: &[u8]) -> Option<Map<String, Value>> {
    let raw = RawToken::parse(token, token.len()).ok()?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(raw.payload_part()).ok()?;
    serde_json::from_slice(&payload).ok()
}

impl PartialEq for FormTokens {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.cookie.clone(), it.header.clone(), it.subject.clone());
        of(self) == of(other) && self.mark == other.mark
    }
}

impl Eq for FormTokens {}

impl fmt::Debug for FormTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FormTokens")
            .field("cookie", &self.cookie)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::set_cookie::{Attributes, SameSite, Scripts, Transport};

    fn tokens(secret: &str) -> FormTokens {
        let attributes = Attributes {
            path: "/".into(),
            domain: None,
            same_site: SameSite::Strict,
            transport: Transport::Secure,
            scripts: Scripts::Admitted,
        };
        let cookie = CookieShape::new("__Host-csrf", &attributes).expect("a cookie");
        let header = HeaderName::from_static("x-csrf-token");
        FormTokens::new(cookie, header, "sub", secret.as_bytes())
    }

    fn token(payload: &str) -> String {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            part(r#"{"alg":"HS256"}"#),
            part(payload),
            part("tag")
        )
    }

    fn checked(pairs: &[(&str, &str)], brought: Option<&str>) -> Result<(), Foreign> {
        checked_with(pairs, brought, None)
    }

    fn checked_with(
        pairs: &[(&str, &str)],
        brought: Option<&str>,
        form: Option<&str>,
    ) -> Result<(), Foreign> {
        let mut headers = HeaderMap::new();
        let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
        headers.insert("cookie", pairs.join("; ").parse().expect("a value"));
        if let Some(brought) = brought {
            headers.insert("x-csrf-token", brought.parse().expect("a value"));
        }
        let target = Target {
            method: &::http::Method::POST,
            host: "",
            tls: false,
            cookies: [Some("access"), Some("refresh")],
            form,
        };
        tokens("one").check(&headers, target)
    }

    #[test]
    fn it_belongs_to_a_session_or_else_to_a_user() {
        let one = tokens("one");
        let of = |payload: &str| one.of(token(payload).as_bytes());
        let session = of(r#"{"sub":"7","jti":"abc.1"}"#);
        assert!(session.is_some());
        assert_eq!(session, of(r#"{"sub":"7","jti":"abc.2","exp":5}"#));
        assert_ne!(session, of(r#"{"sub":"7","jti":"abd.1"}"#));
        let user = of(r#"{"sub":"7"}"#);
        assert_eq!(user, of(r#"{"sub":"7","exp":5}"#));
        for other in [r#"{"sub":"8"}"#, r#"{"sub":7}"#, r#"{"sub":"7","jti":"7"}"#] {
            assert_ne!(user, of(other), "{other}");
        }
        assert_eq!(of(r#"{"exp":5}"#), None);
        assert_eq!(one.of(b"nothing"), None);
        assert_ne!(user, tokens("two").of(token(r#"{"sub":"7"}"#).as_bytes()));
        assert_ne!(tokens("one"), tokens("two"));
        assert_eq!(tokens("one"), tokens("one"));
    }

    #[test]
    fn header_and_cookie_have_to_be_those_of_the_session() {
        let (mine, theirs) = (token(r#"{"sub":"7"}"#), token(r#"{"sub":"8"}"#));
        let of = |token: &str| tokens("one").of(token.as_bytes()).expect("one");
        let (own, other) = (of(&mine), of(&theirs));
        let access = ("access", mine.as_str());
        let kept = ("__Host-csrf", own.as_str());
        assert_eq!(checked(&[access, kept], Some(&own)), Ok(()));
        assert_eq!(checked(&[("refresh", &mine), kept], Some(&own)), Ok(()));
        assert_eq!(checked(&[access, kept], None), Err(Foreign::NoToken));
        assert_eq!(checked(&[access], Some(&own)), Err(Foreign::NoToken));
        // A form may have it in place of the header, which counts where it is there.
        let pairs = [access, kept];
        assert_eq!(checked_with(&pairs, None, Some(&own)), Ok(()));
        assert_eq!(checked_with(&pairs, Some(&own), Some("another")), Ok(()));
        for (brought, form) in [(None, &other), (Some(&*other), &own)] {
            let checked = checked_with(&pairs, brought, Some(form));
            assert_eq!(checked, Err(Foreign::WrongToken));
        }
        // What somebody else may have planted.
        let planted = ("__Host-csrf", other.as_str());
        for (pairs, brought) in [
            (vec![access, planted], &other),
            (vec![access, planted], &own),
            (vec![access, kept], &other),
            (vec![kept], &own),
        ] {
            assert_eq!(checked(&pairs, Some(brought)), Err(Foreign::WrongToken));
        }
    }
}
