//! The way to a provider.

use ::http::{HeaderValue, StatusCode, header};
use bytes::Bytes;

use super::{Social, cookie_of};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer},
    clock::UnixSeconds,
    entropy::Entropy,
    http::query,
    social::{LIFETIME, Provider, Start},
};

impl Accounts {
    pub(super) async fn social_start(
        &self,
        (social, provider): (&Social, &Provider),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let wanted = (return_to(social, &request.query)?, None);
        let (place, cookie) = leave((social, provider), wanted, self.now()).await?;
        let mut answer = redirect(&place, "redirected");
        answer.headers.push((header::SET_COOKIE, cookie));
        Ok(answer)
    }
}

/// Where to go, and the cookie to go with. What is wanted is where to go in the end, and the member to link.
pub(super) async fn leave(
    (social, provider): (&Social, &Provider),
    wanted: (Option<String>, Option<String>),
    now: UnixSeconds,
) -> Result<(String, HeaderValue), AccountError> {
    let mut entropy = Entropy::from_os();
    let settings = provider.settings();
    let start = Start::new(&settings.name, wanted, now, &mut entropy);
    let place = provider.authorization_url(&start).await?;
    let sealed = social.seal.seal(&start, entropy.bytes());
    let sealed = sealed.ok_or(AccountError::Unsealed)?;
    let cookie = cookie_of(&start.state, settings.response_mode)?;
    Ok((place, cookie.set(&sealed, Some(LIFETIME))?))
}

/// Where the browser wants to go in the end.
pub(super) fn return_to(social: &Social, raw: &str) -> Result<Option<String>, AccountError> {
    let mut wanted = query::values(raw, "return_to");
    let Some(first) = wanted.next() else {
        return Ok(None);
    };
    let text = String::from_utf8(first).ok();
    let text = text.filter(|_| wanted.next().is_none());
    let place = text
        .as_deref()
        .and_then(|text| social.returns.checked(text));
    let place = place.ok_or(AccountError::ReturnTo)?;
    Ok(Some(place.to_owned()))
}

/// Sends a browser on; nobody keeps the answer, and no other site is told where it comes from.
pub(super) fn redirect(place: &str, outcome: &'static str) -> Answer {
    let mut headers = vec![
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    // Places are ASCII: they were checked, or are percent-encoded.
    headers.extend(HeaderValue::try_from(place).map(|place| (header::LOCATION, place)));
    Answer {
        status: StatusCode::FOUND,
        content_type: None,
        headers,
        body: Bytes::new(),
        outcome,
        granted: None,
    }
}
