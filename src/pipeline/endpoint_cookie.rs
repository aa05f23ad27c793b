//! The token of a cookie, for an endpoint that the gateway answers itself.

use ::http::{Method, uri::Scheme};

use super::{record::Record, rejection::Rejection, stage::Prepared};
use crate::{
    accounts::{Accounts, EndpointCookies},
    http::cookie::{self, Cookie},
    listener::Peer,
    policy::csrf::{FormToken, Target, Unsaid},
};

/// The token that the endpoint has from a cookie, if it has one from there. No page of another origin may use it, nor have
/// cookies set: its user would go on in the name of somebody else.
pub(super) fn read<B>(
    prepared: &Prepared<'_, B>,
    endpoint: usize,
    accounts: &Accounts,
    from: (&Peer, &Record<'_>),
) -> Result<Option<String>, Rejection> {
    let Some(own) = accounts.cookies.of(endpoint) else {
        return Ok(None);
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
    check_page(prepared, own, token.filter(|_| first.is_some()), from)?;
    // What is no text is no token either: an empty one is refused as that.
    let text = |cookie: Cookie<'_>| String::from_utf8(cookie.bytes().to_vec()).unwrap_or_default();
    Ok(first.map(text))
}

fn check_page<B>(
    prepared: &Prepared<'_, B>,
    own: &EndpointCookies,
    token: Option<&str>,
    (peer, record): (&Peer, &Record<'_>),
) -> Result<(), Rejection> {
    let Some(policy) = prepared.route.csrf() else {
        return Ok(());
    };
    if token.is_none() && own.sets.is_empty() {
        return Ok(());
    }
    let mut policy = policy.clone();
    if token.is_none() {
        // A program that brings its credentials along need not say which page it is.
        policy.unsaid = Unsaid::Allowed;
        policy.form_token = FormToken::Unused;
    }
    let target = Target {
        // Whatever the method, it changes who the browser's user is.
        method: &Method::POST,
        host: record.host_text(),
        tls: peer.scheme == Scheme::HTTPS,
        cookies: [token, None],
    };
    Ok(policy.judge(target, prepared.request.headers())?)
}
