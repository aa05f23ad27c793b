//! How pages are answered: with a page, with another address, with a style.

use std::time::Duration;

use ::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Does, Sheet, Visit, login::is_of_this_origin};
use crate::{
    accounts::Answer,
    pages::{HEADERS, Message, Page},
};

/// How long a browser remembers the language that was chosen.
const REMEMBERED: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What stays as it is of a path in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

impl Visit<'_> {
    /// A page, with this word for the log.
    pub(super) fn page(
        &self,
        status: StatusCode,
        page: &Page<'_>,
        outcome: &'static str,
    ) -> Answer {
        let token = self.form_token();
        let html = page.render(&self.frame(token.as_deref()));
        self.with_body(status, html.into(), outcome)
    }

    /// Something that is said, with the status that says the same.
    pub(super) fn message(&self, message: Message) -> Answer {
        let (status, outcome) = match message {
            Message::LoggedOut
            | Message::Sent
            | Message::Proven
            | Message::PasswordChosen
            | Message::Left => (StatusCode::OK, "page"),
            Message::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Message::Expired => (StatusCode::FORBIDDEN, "expired_form"),
            Message::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Message::Refused => (StatusCode::BAD_REQUEST, "refused"),
            Message::Later => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Message::Failed => (StatusCode::SERVICE_UNAVAILABLE, "failed"),
        };
        self.page(status, &Page::Message(message), outcome)
    }

    /// To another page, which is looked at: behind a form, so that nobody sends it twice (RFC 9110 section 15.4.4).
    pub(super) fn go(&self, path: &str) -> Answer {
        let root = &self.pages.root;
        self.go_to(&format!("{root}{path}"))
    }

    /// To another path of this origin.
    pub(super) fn go_to(&self, path: &str) -> Answer {
        let mut answer = self.with_body(StatusCode::SEE_OTHER, Bytes::new(), "redirected");
        answer.content_type = None;
        // Whatever is not a path of ours leads to one that is.
        let location = HeaderValue::try_from(path);
        let location = location.unwrap_or(HeaderValue::from_static("/"));
        answer.headers.push((header::LOCATION, location));
        answer
    }

    /// To the login, and from there back: to the same page, with what was asked of it.
    pub(super) fn go_to_login(&self) -> Answer {
        let here = format!("{}{}", self.pages.root, self.path());
        let asked = self.request.query.as_str();
        let asked = Some(asked).filter(|asked| self.does() == Does::Looks && !asked.is_empty());
        let whole = asked.map(|asked| format!("{here}?{asked}"));
        let here = whole
            .filter(|whole| is_of_this_origin(whole))
            .unwrap_or(here);
        let here = utf8_percent_encode(&here, PLAIN);
        self.go(&format!("/login?next={here}"))
    }

    /// A style, or that the browser has it already.
    pub(super) fn sheet(&self, sheet: &Sheet) -> Answer {
        let is_known = self.page.known.as_deref().is_some_and(|it| sheet.is(it));
        let (status, body) = if is_known {
            (StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            (StatusCode::OK, sheet.text.clone())
        };
        let mut answer = Answer {
            status,
            content_type: (!is_known).then(|| HeaderValue::from_static("text/css; charset=utf-8")),
            headers: sheet.headers(),
            body: Bytes::new(),
            outcome: "style",
            granted: None,
        };
        self.put_body(&mut answer, body);
        answer
    }

    /// The answer, with a cookie that keeps the language if it was chosen just now.
    pub(super) fn remembering_language(&self, mut answer: Answer) -> Answer {
        if let Some(language) = self.chosen_language()
            && let Ok(field) = self.pages.language.set(language.tag(), Some(REMEMBERED))
        {
            answer.headers.push((header::SET_COOKIE, field));
        }
        answer
    }

    fn with_body(&self, status: StatusCode, body: Bytes, outcome: &'static str) -> Answer {
        let mut answer = Answer {
            status,
            content_type: Some(HeaderValue::from_static("text/html; charset=utf-8")),
            headers: headers(),
            body: Bytes::new(),
            outcome,
            granted: None,
        };
        self.put_body(&mut answer, body);
        answer
    }

    /// The body, or how long it would be (RFC 9110 section 9.3.2).
    fn put_body(&self, answer: &mut Answer, body: Bytes) {
        if self.page.method == Method::HEAD {
            let length = HeaderValue::from(body.len());
            answer.headers.push((header::CONTENT_LENGTH, length));
        } else {
            answer.body = body;
        }
    }
}

/// What every page is sent with, besides its type.
pub fn headers() -> Vec<(HeaderName, HeaderValue)> {
    let fields = HEADERS
        .into_iter()
        .filter(|(name, _)| *name != "content-type");
    fields
        .map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        })
        .collect()
}
