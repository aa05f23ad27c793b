//! Styles of pages: the same for everybody, so that browsers keep them.

use ::http::{HeaderName, HeaderValue, header};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;

/// How long a browser need not ask whether there is another one: not long, so that a new theme is seen.
const KEPT: &str = "public, max-age=300";

/// A style.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub(super) text: Bytes,
    tag: Box<str>,
}

impl Sheet {
    /// This text.
    pub fn new(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &text));
        let tag = format!("\"{hash}\"").into();
        Self { text, tag }
    }

    /// Whether a list of tags has its own (RFC 9110 section 13.1.2).
    pub(super) fn is(&self, known: &str) -> bool {
        let mut tags = known.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || *tag.strip_prefix("W/").unwrap_or(tag) == *self.tag)
    }

    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (header::CACHE_CONTROL, HeaderValue::from_static(KEPT)),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
        ];
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.push((header::ETAG, tag));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_known_by_what_it_says() {
        let sheet = Sheet::new("a { }");
        let tag = sheet.tag.to_string();
        for known in [&tag, "*", &format!("W/{tag}"), &format!("\"b\", {tag}")] {
            assert!(sheet.is(known), "{known}");
        }
        for other in ["", "\"b\"", &*Sheet::new("b { }").tag] {
            assert!(!sheet.is(other), "{other}");
        }
    }
}
