//! Tokens that are given to browsers as cookies.

use super::{Findings, actions, form_tokens::FormTokensMade};
use crate::{
    accounts::{Cookies, EndpointCookies, Lasts, TokenCookie, TokenName},
    config::document::{
        Document,
        accounts::Account,
        cookies::{self as written, Cookie, TokenSource},
    },
    http::set_cookie::{Attributes, CookieError, CookieShape, SameSite, Scripts, Transport},
};

/// The cookies, and what each account does with them.
pub(super) fn compile(
    document: &Document,
    form_tokens: &FormTokensMade,
    findings: &mut Findings<'_>,
) -> Cookies {
    let cookies = &document.cookies;
    if let (Some(access), Some(refresh)) = (&cookies.access, &cookies.refresh)
        && access.name == refresh.name
    {
        let message = "both cookies have this name";
        findings.mistake("cookies.refresh.name", message, "give them different names");
    }
    let accounts = document.accounts.iter().enumerate();
    let endpoints = accounts
        .map(|(index, account)| endpoint(document, account, index, findings))
        .collect();
    let cookies = [&cookies.access, &cookies.refresh];
    let [access, refresh] = cookies.map(Option::as_ref);
    Cookies {
        access: access.and_then(|cookie| compiled(cookie, "cookies.access", findings)),
        refresh: refresh.and_then(|cookie| compiled(cookie, "cookies.refresh", findings)),
        form_tokens: form_tokens.as_ref().ok().cloned().flatten(),
        endpoints,
    }
}

/// The cookie that an account has its token from.
pub(super) fn read_by(account: &Account) -> Option<TokenName> {
    match account.token_from {
        TokenSource::Request => None,
        TokenSource::Cookie => actions::of(account.action).reads,
    }
}

/// How it was written, if it was.
pub(super) fn written(document: &Document, token: TokenName) -> Option<&Cookie> {
    match token {
        TokenName::Access => document.cookies.access.as_ref(),
        TokenName::Refresh => document.cookies.refresh.as_ref(),
    }
}

fn endpoint(
    document: &Document,
    account: &Account,
    index: usize,
    findings: &mut Findings<'_>,
) -> EndpointCookies {
    let path = format!("accounts[{index}]");
    let mut sets = Vec::new();
    for (index, &token) in account.cookies.iter().enumerate() {
        let path = format!("{path}.cookies[{index}]");
        let (token, key) = match token {
            written::TokenName::Access => (TokenName::Access, "access"),
            written::TokenName::Refresh => (TokenName::Refresh, "refresh"),
        };
        needs(document, token, (&path, key), findings);
        if sets.contains(&token) {
            findings.mistake(&path, "this is named twice", "name it once");
        }
        sets.push(token);
    }
    if !sets.is_empty() && actions::of(account.action).cookies == actions::Cookies::Left {
        let path = format!("{path}.cookies");
        findings.mistake(
            &path,
            "this action neither grants tokens nor ends the session that they are of",
            "take it out",
        );
    }
    let reads = read_by(account);
    let path = format!("{path}.token_from");
    if account.token_from == TokenSource::Cookie && reads.is_none() {
        findings.mistake(
            &path,
            "this action takes no token of a cookie",
            "take it out",
        );
    }
    if let Some(token) = reads {
        let key = match token {
            TokenName::Access => "access",
            TokenName::Refresh => "refresh",
        };
        needs(document, token, (&path, key), findings);
    }
    EndpointCookies { reads, sets }
}

fn needs(
    document: &Document,
    token: TokenName,
    (path, key): (&str, &str),
    findings: &mut Findings<'_>,
) {
    if written(document, token).is_none() {
        let fix = format!("add `cookies: {{ {key}: {{ name: … }} }}`");
        findings.mistake(path, "there is no such cookie", &fix);
    }
}

fn compiled(cookie: &Cookie, path: &str, findings: &mut Findings<'_>) -> Option<TokenCookie> {
    let attributes = Attributes {
        path: cookie.path.as_str().into(),
        domain: cookie.domain.as_deref().map(Box::from),
        same_site: same_site(cookie.same_site),
        transport: match cookie.clear_text {
            Some(_) => Transport::Any,
            None => Transport::Secure,
        },
        scripts: match cookie.read_by_scripts {
            Some(_) => Scripts::Admitted,
            None => Scripts::Shut,
        },
    };
    let lasts = match cookie.lasts {
        written::Lasts::Token => Lasts::Token,
        written::Lasts::Session => Lasts::Session,
    };
    match CookieShape::new(&cookie.name, &attributes) {
        Ok(shape) => Some(TokenCookie { shape, lasts }),
        Err(error) => {
            let (key, fix) = mend(error);
            findings.mistake(&format!("{path}.{key}"), &error.to_string(), fix);
            None
        }
    }
}

pub(super) fn same_site(same_site: written::SameSite) -> SameSite {
    match same_site {
        written::SameSite::Strict => SameSite::Strict,
        written::SameSite::Lax => SameSite::Lax,
        written::SameSite::None => SameSite::None,
    }
}

/// The key that a mistake is about, beside what would put it right.
pub(super) fn mend(error: CookieError) -> (&'static str, &'static str) {
    match error {
        CookieError::Path => ("path", "write one such as /, without ;"),
        CookieError::Domain => ("domain", "write a name such as example.com"),
        CookieError::NotOfHost => (
            "name",
            "leave `path` and `domain` out, or begin the name with __Secure-",
        ),
        CookieError::NotSecure => (
            "name",
            "leave `clear_text` out, or take the prefix from the name",
        ),
        CookieError::NoneNotSecure => ("same_site", "leave `clear_text` out"),
        CookieError::Name | CookieError::Value | CookieError::TooLarge { .. } => {
            ("name", "use letters, digits, - and _")
        }
    }
}

/// A route whose token is renewed.
pub(super) struct Place<'a> {
    /// The cookie that it has its token from.
    pub(super) cookie: Option<&'a str>,
    /// As written.
    pub(super) pattern: &'a str,
    /// Where it says so.
    pub(super) path: &'a str,
}

/// The name of the cookie by which the token of a route is renewed.
pub(super) fn renewing(
    document: &Document,
    place: &Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<Box<str>> {
    let path = place.path;
    let [access, refresh] = [&document.cookies.access, &document.cookies.refresh];
    let (Some(access), Some(refresh)) = (access, refresh) else {
        let fix = "add `cookies: { access: { name: … }, refresh: { name: … } }`";
        findings.mistake(path, "there are no such cookies", fix);
        return None;
    };
    if place.cookie != Some(access.name.as_str()) {
        let message = "the new token would be set as another cookie than the route reads";
        let fix = format!("write `cookie: {}` beside it", access.name);
        findings.mistake(path, message, &fix);
    }
    let below = refresh.path.trim_end_matches('/');
    let rest = place.pattern.strip_prefix(below);
    if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        let message = format!(
            "browsers send the refresh cookie below {} alone, and not to this route",
            refresh.path
        );
        findings.mistake(path, &message, "leave `cookies.refresh.path` out");
    }
    if document.users.is_none() || document.tokens.refresh.is_none() {
        let message = "without `users` and `tokens.refresh` nothing can be renewed";
        findings.mistake(path, message, "add them, or take this out");
    }
    Some(refresh.name.as_str().into())
}
