//! The token of a cookie, for an endpoint that the gateway answers itself.

use ::http::{HeaderMap, Method, header, uri::Scheme};

use super::{record::Record, rejection::Rejection, stage::Prepared};
use crate::{
    accounts::{
        Accounts, EndpointCookies,
        fastapi::{form_field, is_form},
    },
    http::cookie::{self, Cookie},
    listener::Peer,
    policy::csrf::{CsrfPolicy, Foreign, FormToken, Target, Unsaid},
};

/// The field of a form that a token for forms may stand in.
const FORM_FIELD: &str = "csrf_token";

/// What an endpoint has from cookies.
pub(super) struct Presented<'a> {
    /// The token, if it has one from there.
    pub(super) token: Option<String>,
    /// Its form may say yet that it may be used.
    form: Option<FormAwaited<'a>>,
}

/// A page that has to bring a token for forms, and has not brought it in the header: its form may have it.
struct FormAwaited<'a> {
    policy: CsrfPolicy,
    cookie: Option<&'a str>,
    host: String,
    tls: bool,
}

/// The token that the endpoint has from a cookie, if it has one from there. No page of another origin may use it, nor have
/// cookies set: its user would go on in the name of somebody else.
pub(super) fn read<'a, B>(
    prepared: &Prepared<'_, B>,
    endpoint: usize,
    accounts: &'a Accounts,
    from: (&Peer, &Record<'_>),
) -> Result<Presented<'a>, Rejection> {
    let Some(own) = accounts.cookies.of(endpoint) else {
        let (token, form) = (None, None);
        return Ok(Presented { token, form });
    };
    let token = own.reads.and_then(|token| accounts.cookies.name(token));
    let headers = prepared.request.headers();
    let mut values = token
        .into_iter()
        .flat_map(|name| cookie::values(headers, name));
    let first = values.next();
    if let Some(first) = &first
        && values.any(|other| other.bytes() != first.bytes())
    {
        return Err(Rejection::ConflictingTokens);
    }
    let form = check_page(prepared, own, token.filter(|_| first.is_some()), from)?;
    // What is no text is no token either: an empty one is refused as that.
    let text = |cookie: Cookie<'_>| String::from_utf8(cookie.bytes().to_vec()).unwrap_or_default();
    let token = first.map(text);
    Ok(Presented { token, form })
}

fn check_page<'a, B>(
    prepared: &Prepared<'_, B>,
    own: &EndpointCookies,
    cookie: Option<&'a str>,
    (peer, record): (&Peer, &Record<'_>),
) -> Result<Option<FormAwaited<'a>>, Rejection> {
    let Some(policy) = prepared.route.csrf() else {
        return Ok(None);
    };
    if cookie.is_none() && own.sets.is_empty() {
        return Ok(None);
    }
    let mut policy = policy.clone();
    if cookie.is_none() {
        // A program that brings its credentials along need not say which page it is.
        policy.unsaid = Unsaid::Allowed;
        policy.form_token = FormToken::Unused;
    }
    let awaited = FormAwaited {
        policy,
        cookie,
        host: record.host_text().to_owned(),
        tls: peer.scheme == Scheme::HTTPS,
    };
    let headers = prepared.request.headers();
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    match awaited.judge(headers, None) {
        Ok(()) => Ok(None),
        Err(Foreign::NoToken) if is_form(content_type) => Ok(Some(awaited)),
        Err(foreign) => Err(foreign.into()),
    }
}

impl FormAwaited<'_> {
    fn judge(&self, headers: &HeaderMap, form: Option<&str>) -> Result<(), Foreign> {
        let target = Target {
            // Whatever the method, it changes who the browser's user is.
            method: &Method::POST,
            host: &self.host,
            tls: self.tls,
            cookies: [self.cookie, None],
            form,
        };
        self.policy.judge(target, headers)
    }
}

impl Presented<'_> {
    /// Asks the form, where the page has not said everything without it.
    pub(super) fn check_form(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
        let Some(awaited) = &self.form else {
            return Ok(());
        };
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let field = form_field(content_type, body, FORM_FIELD);
        Ok(awaited.judge(headers, field.as_deref())?)
    }
}
