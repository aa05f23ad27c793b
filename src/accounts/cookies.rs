//! Tokens that browsers keep as cookies: set with the answer that grants them, taken away with a logout.
//!
//! The body of an answer stays what its dialect says; a dialect that names no token in it gives tokens to browsers alone,
//! out of the reach of scripts.

use std::{fmt, sync::Arc, time::Duration};

use ::http::{HeaderName, HeaderValue, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{AccountError, Answer};
use crate::{
    clock::UnixSeconds, http::set_cookie::CookieShape, policy::csrf::FormTokens,
    token::raw::RawToken,
};

/// The cookies of tokens, and what each endpoint does with them.
#[derive(Debug, Default)]
pub struct Cookies {
    /// Of access tokens.
    pub access: Option<TokenCookie>,
    /// Of refresh tokens.
    pub refresh: Option<TokenCookie>,
    /// What pages bring to prove that they are of the origin, if they are given any.
    pub form_tokens: Option<Arc<FormTokens>>,
    /// By [`crate::accounts::Accounts::endpoints`].
    pub endpoints: Vec<EndpointCookies>,
}

/// One cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCookie {
    /// How it is written.
    pub shape: CookieShape,
    /// How long browsers keep it.
    pub lasts: Lasts,
}

/// How long browsers keep a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// As long as its token holds.
    Token,
    /// Until they are closed.
    Session,
}

/// Which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenName {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
}

/// What an endpoint does with cookies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointCookies {
    /// The one that it has its token from.
    pub reads: Option<TokenName>,
    /// Those that it sets.
    pub sets: Vec<TokenName>,
}

/// The tokens that an answer grants.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    /// For guarded routes.
    pub access_token: String,
    /// For further access tokens.
    pub refresh_token: String,
}

impl Cookies {
    /// What an endpoint does with them.
    pub fn of(&self, endpoint: usize) -> Option<&EndpointCookies> {
        self.endpoints.get(endpoint)
    }

    /// The name of one that exists.
    pub fn name(&self, token: TokenName) -> Option<&str> {
        Some(self.cookie(token)?.shape.name())
    }

    /// The cookies of granted tokens.
    pub fn set(
        &self,
        tokens: &[TokenName],
        granted: &Granted,
        now: UnixSeconds,
    ) -> Result<Vec<HeaderValue>, AccountError> {
        let mut fields = Vec::new();
        let mut longest = None;
        for &name in tokens {
            if let Some(cookie) = self.cookie(name) {
                let token = granted.token(name);
                let max_age = match cookie.lasts {
                    Lasts::Token => remaining(token, now),
                    Lasts::Session => None,
                };
                fields.push(cookie.shape.set(token, max_age)?);
                longest = longest.max(max_age);
            }
        }
        if !fields.is_empty() {
            fields.extend(self.form_token(granted, longest)?);
        }
        Ok(fields)
    }

    /// As long as the longest of them: a page may have to bring it for a renewal, too.
    fn form_token(
        &self,
        granted: &Granted,
        max_age: Option<Duration>,
    ) -> Result<Option<HeaderValue>, AccountError> {
        let Some(tokens) = &self.form_tokens else {
            return Ok(None);
        };
        let token = tokens.of(granted.access_token.as_bytes());
        let field = token.map(|token| tokens.cookie().set(&token, max_age));
        Ok(field.transpose()?)
    }

    /// What takes them away, for the answer to a logout.
    pub fn removals(&self, tokens: &[TokenName]) -> Vec<HeaderValue> {
        let cookies = tokens.iter().filter_map(|&name| self.cookie(name));
        let removals = cookies.map(|cookie| cookie.shape.removal());
        let form_token = self.form_tokens.as_ref().filter(|_| !tokens.is_empty());
        let form_token = form_token.map(|tokens| tokens.cookie().removal());
        removals.chain(form_token).collect()
    }

    /// Adds to the answer of an endpoint the cookies that it sets, if it grants anything.
    pub(super) fn deliver(
        &self,
        endpoint: usize,
        answer: &mut Answer,
        now: UnixSeconds,
    ) -> Result<(), AccountError> {
        let Some((granted, own)) = answer.granted.take().zip(self.of(endpoint)) else {
            return Ok(());
        };
        let fields = self.set(&own.sets, &granted, now)?;
        if !fields.is_empty() {
            let no_store = HeaderValue::from_static("no-store");
            answer.headers.push((header::CACHE_CONTROL, no_store));
        }
        let named = |field| -> (HeaderName, HeaderValue) { (header::SET_COOKIE, field) };
        answer.headers.extend(fields.into_iter().map(named));
        Ok(())
    }

    fn cookie(&self, token: TokenName) -> Option<&TokenCookie> {
        match token {
            TokenName::Access => self.access.as_ref(),
            TokenName::Refresh => self.refresh.as_ref(),
        }
    }
}

impl Granted {
    fn token(&self, name: TokenName) -> &str {
        match name {
            TokenName::Access => &self.access_token,
            TokenName::Refresh => &self.refresh_token,
        }
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Granted([redacted])")
    }
}

/// How long a token holds that the gateway has made or verified.
fn remaining(token: &str, now: UnixSeconds) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Ends {
        exp: u64,
    }
    let raw = RawToken::parse(token.as_bytes(), token.len()).ok()?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(raw.payload_part()).ok()?;
    let Ends { exp } = serde_json::from_slice(&payload).ok()?;
    Some(Duration::from_secs(exp.saturating_sub(now.0)))
}
