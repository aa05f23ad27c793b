//! Which token a request is about that ends or lists sessions, and what else it says.
//!
//! A token is the bearer of `Authorization`, or `token` in a form or a JSON object; of either kind, since a client that
//! logs out may have forgotten the other one.

use serde_json::Value;

use crate::{
    accounts::{AccountError, AccountRequest, Accounts, fastapi, refresh::Held},
    secret::Secret,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a body. One that is repeated is none: two readers would take different ones.
pub(in crate::accounts) struct Fields(Vec<(String, String)>);

/// A body repeats a field that there is one of.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::accounts) struct Repeated;

impl Fields {
    /// The fields of a form, or the texts of a JSON object; none of another body.
    pub(in crate::accounts) fn of(request: &AccountRequest) -> Self {
        if request.media_type() == FORM {
            return Self::of_form(request);
        }
        let object: Option<Value> = serde_json::from_slice(&request.body).ok();
        let members = object.as_ref().and_then(Value::as_object);
        let texts = members.into_iter().flatten();
        let texts = texts.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
        Self(texts.collect())
    }

    /// The fields of a form alone, as OAuth has it.
    pub(in crate::accounts) fn of_form(request: &AccountRequest) -> Self {
        if request.media_type() != FORM {
            return Self(Vec::new());
        }
        Self(fastapi::pairs_of_form(&request.body))
    }

    /// The value of a field; one without a value is as good as absent (RFC 6749 section 3.1).
    pub(in crate::accounts) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        let value = value.map(|(_, value)| value.as_str());
        Ok(value.filter(|value| !value.is_empty()))
    }
}

impl AccountRequest {
    fn media_type(&self) -> String {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default();
        media_type.trim().to_ascii_lowercase()
    }

    /// The token that the request shows outside of the fields of its action.
    pub(in crate::accounts) fn own_token(&self) -> Option<Secret<String>> {
        let in_cookie = || self.cookie_token.clone().map(Secret::new);
        self.credentials("bearer").or_else(in_cookie)
    }

    /// The token that the request shows.
    pub(in crate::accounts) fn shown_token(&self, fields: &Fields) -> Option<Secret<String>> {
        let in_header = self.credentials("bearer");
        in_header.or_else(|| {
            let in_body = || fields.one("token").ok().flatten();
            let token = self.cookie_token.as_deref().or_else(in_body);
            token.map(|token| Secret::new(token.to_owned()))
        })
    }

    /// What `Authorization` says in this scheme, which is written in lower case.
    pub(in crate::accounts) fn credentials(&self, scheme: &str) -> Option<Secret<String>> {
        let header = self.authorization.as_ref()?.expose();
        let (said, rest) = header.split_once(' ')?;
        let matches = said.eq_ignore_ascii_case(scheme);
        matches.then(|| Secret::new(rest.trim_matches(' ').to_owned()))
    }
}

/// Which kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindOf {
    Access,
    Refresh,
}

impl Accounts {
    /// A good token of either kind; the one that is hinted at is tried first.
    pub(super) async fn either<'a>(
        &self,
        token: &'a str,
        first: KindOf,
    ) -> Result<Option<(KindOf, Held<'a>)>, AccountError> {
        let second = match first {
            KindOf::Access => KindOf::Refresh,
            KindOf::Refresh => KindOf::Access,
        };
        for kind in [first, second] {
            let tokens = match kind {
                KindOf::Access => &self.access,
                KindOf::Refresh => &self.refresh,
            };
            if let Some(held) = self.holder(tokens, token).await? {
                return Ok(Some((kind, held)));
            }
        }
        Ok(None)
    }
}
