//! What a page needs of a request besides what account routes need.

use ::http::Method;

use super::Pages;
use crate::{pages::Language, policy::csrf::Foreign, secret::Secret};

/// What a page needs of a request.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The method.
    pub method: Method,
    /// The path, canonical.
    pub path: String,
    /// The refresh token of the cookie, if there is one.
    pub refresh: Option<Secret<String>>,
    /// Whether one of our pages has sent it, if it is a form.
    pub sent: Result<(), Foreign>,
    /// The language that was chosen before.
    pub language: Option<String>,
    /// `If-None-Match`, as sent.
    pub known: Option<String>,
}

impl Pages {
    /// The language of an answer to whoever has chosen one, or accepts some.
    pub fn speaks(&self, chosen: Option<&str>, accepted: Option<&str>) -> Language {
        Language::choose(chosen, accepted, &self.languages)
    }

    /// A path without the root: of as many segments as that has, however they are spelled.
    pub(super) fn below_root<'a>(&self, path: &'a str) -> &'a str {
        let segments = self.root.matches('/').count();
        let mut slashes = path.match_indices('/').map(|(at, _)| at);
        let rest = slashes.nth(segments).and_then(|at| path.get(at..));
        rest.unwrap_or_default().trim_end_matches('/')
    }
}
