//! Whose pages may use the token of a cookie.

use ::http::Uri;

use super::{Findings, form_tokens::FormTokensMade};
use crate::{
    config::document::csrf::{self as written, Csrf},
    policy::{
        cors::{CorsPolicy, Credentials, Origins},
        csrf::{CsrfPolicy, FormToken, Pages, Unsaid},
    },
};

/// What was written; `None` where any page may.
pub(super) fn compile(
    written: &Csrf,
    form_tokens: &FormTokensMade,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<CsrfPolicy> {
    let origins = origins(written, path, findings);
    check_token(written, form_tokens, path, findings);
    if written.any_page.is_some() {
        return None;
    }
    Some(CsrfPolicy {
        origins,
        pages: match written.pages {
            written::Pages::SameOrigin => Pages::SameOrigin,
            written::Pages::SameSite => Pages::SameSite,
        },
        unsaid: match written.without_origin {
            written::WithoutOrigin::Refuse => Unsaid::Refused,
            written::WithoutOrigin::Allow => Unsaid::Allowed,
            written::WithoutOrigin::Token => Unsaid::ByToken,
        },
        form_token: match written.form_token {
            written::FormToken::Unused => FormToken::Unused,
            written::FormToken::Required => FormToken::Required,
        },
        form_tokens: form_tokens.as_ref().ok().cloned().flatten(),
    })
}

fn check_token(
    written: &Csrf,
    form_tokens: &FormTokensMade,
    path: &str,
    findings: &mut Findings<'_>,
) {
    let needed = [
        (
            "form_token",
            written.form_token == written::FormToken::Required,
        ),
        (
            "without_origin",
            written.without_origin == written::WithoutOrigin::Token,
        ),
    ];
    for (key, _) in needed.into_iter().filter(|(_, needed)| *needed) {
        if matches!(form_tokens, Ok(None)) {
            let message = "no page is given a token for forms";
            let fix = "add `cookies: { csrf: { secret: … } }`";
            findings.mistake(&format!("{path}.{key}"), message, fix);
        }
    }
}

fn origins(written: &Csrf, path: &str, findings: &mut Findings<'_>) -> Vec<Box<str>> {
    let listed = written.origins.iter().enumerate();
    let listed = listed.filter_map(|(index, text)| {
        let path = format!("{path}.origins[{index}]");
        let fix = "write scheme, host and port only, such as https://app.example.com";
        findings.take(origin(text), &path, fix)
    });
    listed.collect()
}

/// As a browser writes it: in lower case, and without the port that its scheme has anyway.
fn origin(text: &str) -> Result<Box<str>, &'static str> {
    const NONE: &str = "this is not an origin";
    let uri: Uri = text.parse().map_err(|_| NONE)?;
    let authority = uri.authority().ok_or(NONE)?;
    let bare = text
        .split_once("://")
        .is_some_and(|(_, rest)| rest == authority.as_str());
    if !bare || authority.as_str().contains('@') {
        return Err(NONE);
    }
    let port = match uri.scheme_str() {
        Some("https") => ":443",
        Some("http") => ":80",
        Some(_) | None => return Err("this is the origin of no page"),
    };
    let text = text.to_ascii_lowercase();
    Ok(text.strip_suffix(port).unwrap_or(&text).into())
}

/// Whose pages may send cookies along may use the token in one.
pub(super) fn with_cookies(cors: Option<&CorsPolicy>) -> Vec<Box<str>> {
    match cors {
        Some(CorsPolicy {
            origins: Origins::Listed(listed),
            credentials: Credentials::Allow,
            ..
        }) => {
            let listed = listed.iter().filter_map(|origin| origin.to_str().ok());
            listed.map(Box::from).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

fn openness(without_origin: written::WithoutOrigin) -> u8 {
    match without_origin {
        written::WithoutOrigin::Refuse => 0,
        written::WithoutOrigin::Token => 1,
        written::WithoutOrigin::Allow => 2,
    }
}

/// Whether one takes what the other refuses.
pub(super) fn is_wider(one: &Csrf, other: &Csrf) -> bool {
    let foreign = |origin: &String| !other.origins.contains(origin);
    other.any_page.is_none()
        && (one.any_page.is_some()
            || one.pages != other.pages && one.pages == written::Pages::SameSite
            || openness(one.without_origin) > openness(other.without_origin)
            || one.form_token != other.form_token && one.form_token == written::FormToken::Unused
            || one.origins.iter().any(foreign))
}
