//! Who may make a browser send its user's cookie: a page of the same origin, and nobody else unless he is listed.
//!
//! A browser adds a cookie to whatever any page makes it send. `Sec-Fetch-Site` says where the page is from, and no script
//! can change it; browsers that do not know it, and all of them where there is no TLS, send `Origin`, or at least
//! `Referer`. Where nobody says anything, or where that is not enough, a token for forms does. Requests with safe methods change nothing (RFC 9110 section 9.2.1) and are not asked.

mod form_token;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

pub use form_token::FormTokens;

use crate::http::header::{Occurrence, occurrence};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsrfPolicy {
    /// Besides the origin of the gateway itself; as browsers write them.
    pub origins: Vec<Box<str>>,
    /// Which others of the same site.
    pub pages: Pages,
    /// What becomes of a request that says nothing about it.
    pub unsaid: Unsaid,
    /// Whether the page has to bring a token for forms besides.
    pub form_token: FormToken,
    /// How those are known.
    pub form_tokens: Option<Arc<FormTokens>>,
}

/// Whose pages are taken without being listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pages {
    /// Those of the origin that the request is for.
    #[default]
    SameOrigin,
    /// Those of any origin of its site: `https://www.example.com` for `https://api.example.com`.
    SameSite,
}

/// What becomes of a request that does not say where it is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unsaid {
    /// It is refused.
    #[default]
    Refused,
    /// It goes on: some program has sent it, or a browser of before 2020.
    Allowed,
    /// It goes on if it brings a token for forms.
    ByToken,
}

/// Whether a page has to bring a token for forms, whatever else is known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FormToken {
    /// It need not.
    #[default]
    Unused,
    /// It has to.
    Required,
}

/// Why a request is taken for one of another page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The browser says so.
    #[error(
        "the token is a cookie's, and Sec-Fetch-Site says that a page of another site has sent it"
    )]
    Site,
    /// The browser says that it is a neighbour.
    #[error(
        "the token is a cookie's, and Sec-Fetch-Site says that a page of another origin of the same site has sent it"
    )]
    Neighbour,
    /// Its origin.
    #[error("the token is a cookie's, and Origin is another one than the request is for")]
    Origin,
    /// The page that it names.
    #[error("the token is a cookie's, and Referer is of another origin than the request is for")]
    Referer,
    /// Nothing says where it is from.
    #[error(
        "the token is a cookie's, and neither Sec-Fetch-Site nor Origin nor Referer says which page has sent it"
    )]
    Unsaid,
    /// It brings no token for forms.
    #[error(
        "the token is a cookie's, and the request brings no token for forms, in the header and in the cookie"
    )]
    NoToken,
    /// Its token for forms is another one.
    #[error("the token is a cookie's, and the token for forms is not the one of its session")]
    WrongToken,
}

/// What a request is for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its Host, in lower case; empty where there is none.
    pub host: &'a str,
    /// Whether it came over TLS: then a page without is another origin's. Without, TLS may end before the gateway.
    pub tls: bool,
    /// The cookies with the token that a token for forms belongs to: the first that there is.
    pub cookies: [Option<&'a str>; 2],
    /// The token for forms that a field of its form has, where that is read.
    pub form: Option<&'a str>,
}

impl CsrfPolicy {
    /// Whether the request may use what the browser has added by itself.
    pub fn judge(&self, target: Target<'_>, headers: &HeaderMap) -> Result<(), Foreign> {
        if is_safe(target.method) {
            return Ok(());
        }
        self.by_page(target, headers)?;
        match self.form_token {
            FormToken::Unused => Ok(()),
            FormToken::Required => self.by_token(target, headers),
        }
    }

    fn by_page(&self, target: Target<'_>, headers: &HeaderMap) -> Result<(), Foreign> {
        let origin = said(headers, &header::ORIGIN);
        let listed = || matches!(origin, Said::Once(origin) if self.lists(origin));
        let foreign = match said(headers, &SEC_FETCH_SITE) {
            Said::Once("same-origin" | "none") => return Ok(()),
            Said::Once("same-site") if self.pages == Pages::SameSite => return Ok(()),
            Said::Once("same-site") => Foreign::Neighbour,
            Said::Once(_) | Said::Unreadable => Foreign::Site,
            Said::Nothing => return self.by_origin(target, origin, headers),
        };
        if listed() { Ok(()) } else { Err(foreign) }
    }

    /// Whether this origin, as a browser writes it, is one of the further ones.
    pub fn lists(&self, origin: &str) -> bool {
        self.origins.iter().any(|listed| **listed == *origin)
    }

    fn by_origin(
        &self,
        target: Target<'_>,
        origin: Said<'_>,
        headers: &HeaderMap,
    ) -> Result<(), Foreign> {
        match origin {
            Said::Once(origin) => self.accept(target, origin).ok_or(Foreign::Origin),
            Said::Unreadable => Err(Foreign::Origin),
            Said::Nothing => match said(headers, &header::REFERER) {
                Said::Once(page) => {
                    let origin = origin_of(page);
                    let accepted = origin.and_then(|origin| self.accept(target, origin));
                    accepted.ok_or(Foreign::Referer)
                }
                Said::Unreadable => Err(Foreign::Referer),
                Said::Nothing => match self.unsaid {
                    Unsaid::Refused => Err(Foreign::Unsaid),
                    Unsaid::Allowed => Ok(()),
                    Unsaid::ByToken => self.by_token(target, headers),
                },
            },
        }
    }

    fn by_token(&self, target: Target<'_>, headers: &HeaderMap) -> Result<(), Foreign> {
        let tokens = self.form_tokens.as_ref().ok_or(Foreign::WrongToken)?;
        tokens.check(headers, target)
    }

    fn accept(&self, target: Target<'_>, origin: &str) -> Option<()> {
        (target.is(origin) || self.lists(origin)).then_some(())
    }
}

impl Target<'_> {
    /// Whether a page of this origin is of the one that the request is for.
    fn is(self, origin: &str) -> bool {
        let (authority, port) = if let Some(authority) = origin.strip_prefix("https://") {
            (authority, ":443")
        } else if let Some(authority) = origin.strip_prefix("http://").filter(|_| !self.tls) {
            (authority, ":80")
        } else {
            return false;
        };
        let bare = |text: &'_ str| text.strip_suffix(port).map_or(text.len(), str::len);
        let own = self.host.get(..bare(self.host)).unwrap_or_default();
        let page = authority.get(..bare(authority)).unwrap_or_default();
        !own.is_empty() && own.eq_ignore_ascii_case(page)
    }
}

/// RFC 9110 section 9.2.1; TRACE is answered by nobody who means well.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// What a field says that a browser sends once, or not at all.
#[derive(Debug, Clone, Copy)]
enum Said<'a> {
    Nothing,
    Once(&'a str),
    /// Twice, or beyond ASCII.
    Unreadable,
}

fn said<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Said<'a> {
    let text = |value: &'a HeaderValue| value.to_str().ok();
    match occurrence(headers, name) {
        Occurrence::Absent => Said::Nothing,
        Occurrence::Once(value) => text(value).map_or(Said::Unreadable, Said::Once),
        Occurrence::Repeated(_) => Said::Unreadable,
    }
}

/// The origin of a page's address, if it has one.
fn origin_of(page: &str) -> Option<&str> {
    let begin = page.find("://")? + 3;
    let rest = page.get(begin..)?;
    let end = rest.find(['/', '?', '#', '\\', '@']);
    let end = end.map_or(page.len(), |end| begin + end);
    // A user's name is in no Referer; what looks like one is a trick.
    if page.get(end..)?.starts_with(['@', '\\']) {
        return None;
    }
    page.get(..end)
}

#[cfg(test)]
mod tests;
