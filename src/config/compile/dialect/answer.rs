//! Answers: what they may say, and what they are made of.

use ::http::{HeaderName, HeaderValue, StatusCode, header};

use super::Compiler;
use crate::{
    accounts::{
        Answer,
        dialect::{AnswerTemplate, BodyTemplate, CookieTemplate, Shape, checked_text},
    },
    config::{
        compile::cookies::{mend, same_site},
        document::dialect as written,
        reading::places::key_step,
    },
    http::set_cookie::{Attributes, CookieShape, Scripts, Transport},
    template::Template,
};

const KNOWN: &str = "use only the values that there are";

/// Headers that frame the message, or that have a key of their own.
const TAKEN: [(HeaderName, &str); 7] = [
    (header::CONTENT_LENGTH, "leave it out"),
    (header::TRANSFER_ENCODING, "leave it out"),
    (header::CONNECTION, "leave it out"),
    (header::UPGRADE, "leave it out"),
    (header::TRAILER, "leave it out"),
    (header::SET_COOKIE, "use `cookies`"),
    (header::LOCATION, "use `location`"),
];

/// What an answer says in headers besides its type.
type OtherHeaders = Vec<(HeaderName, Template)>;

impl Compiler<'_, '_> {
    /// An answer that may use these values.
    pub(super) fn template(
        &mut self,
        answer: &written::Answer,
        path: &str,
        values: &[&str],
    ) -> Option<AnswerTemplate> {
        let status = self.status(answer, path);
        let body = self.body(answer, path, values);
        let (content_type, headers) = self.headers(answer, path, values)?;
        let cookies = answer.cookies.iter().map(|(name, cookie)| {
            let path = format!("{path}.cookies{}", key_step(name));
            self.cookie((name, cookie), &path, values)
        });
        let cookies: Vec<Option<CookieTemplate>> = cookies.collect();
        let location = match &answer.location {
            None => None,
            Some(text) => Some(self.text(text, &format!("{path}.location"), values)?),
        };
        Some(AnswerTemplate {
            status: status?,
            content_type,
            headers,
            location,
            cookies: cookies.into_iter().collect::<Option<_>>()?,
            body: body?,
        })
    }

    /// An answer without placeholders.
    pub(super) fn fixed(
        &mut self,
        answer: &written::Answer,
        path: &str,
        outcome: &'static str,
    ) -> Option<Answer> {
        let template = self.template(answer, path, &[])?;
        let filled = template.fill(outcome, &|_| None);
        let fix = "write a shorter value";
        self.findings.take(filled, &format!("{path}.cookies"), fix)
    }

    fn status(&mut self, answer: &written::Answer, path: &str) -> Option<StatusCode> {
        let status = Some(answer.status).filter(|status| (200..600).contains(status));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or("no final answer has this status");
        let path = format!("{path}.status");
        self.findings
            .take(status, &path, "write a status from 200 to 599")
    }

    fn body(
        &mut self,
        answer: &written::Answer,
        path: &str,
        values: &[&str],
    ) -> Option<BodyTemplate> {
        match (&answer.body, &answer.text, &answer.html) {
            (None, None, None) => Some(BodyTemplate::None),
            (Some(body), None, None) => {
                let shape = Shape::compile(body, values);
                let shape = self.findings.take(shape, &format!("{path}.body"), KNOWN)?;
                Some(BodyTemplate::Json(shape, self.json))
            }
            (None, Some(text), None) => {
                let text = self.text(text, &format!("{path}.text"), values)?;
                Some(BodyTemplate::Text(text))
            }
            (None, None, Some(html)) => {
                let html = self.text(html, &format!("{path}.html"), values)?;
                Some(BodyTemplate::Html(html))
            }
            (Some(_), _, _) | (_, Some(_), Some(_)) => {
                let fix = "keep one of `body`, `text` and `html`";
                self.findings.mistake(path, "an answer has one body", fix);
                None
            }
        }
    }

    /// A text with placeholders.
    fn text(&mut self, text: &str, path: &str, values: &[&str]) -> Option<Template> {
        self.findings.take(checked_text(text, values), path, KNOWN)
    }

    /// `Content-Type`, and the others.
    fn headers(
        &mut self,
        answer: &written::Answer,
        path: &str,
        values: &[&str],
    ) -> Option<(Option<HeaderValue>, OtherHeaders)> {
        let mut content_type = None;
        let mut headers = Vec::new();
        for (name, text) in &answer.headers {
            let path = format!("{path}.headers{}", key_step(name));
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = self
                .findings
                .take(name, &path, "use letters, digits and -")?;
            if let Some((_, fix)) = TAKEN.iter().find(|(taken, _)| *taken == name) {
                let message = "an answer cannot say this in a header of its own";
                self.findings.mistake(&path, message, fix);
            } else if name == header::CONTENT_TYPE {
                let value = HeaderValue::from_str(text);
                let fix = "write one such as text/html; charset=utf-8";
                content_type = Some(self.findings.take(value, &path, fix)?);
            } else {
                let template = self.text(text, &path, values)?;
                let value = HeaderValue::from_str(text);
                self.findings
                    .take(value, &path, "use printable characters")?;
                headers.push((name, template));
            }
        }
        Some((content_type, headers))
    }

    fn cookie(
        &mut self,
        (name, cookie): (&str, &written::Cookie),
        path: &str,
        values: &[&str],
    ) -> Option<CookieTemplate> {
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
        let shape = CookieShape::new(name, &attributes).map_err(|error| (error, mend(error)));
        let shape = match shape {
            Ok(shape) => shape,
            Err((error, (key, fix))) => {
                let path = match key {
                    "name" => path.to_owned(),
                    key => format!("{path}.{key}"),
                };
                self.findings.mistake(&path, &error.to_string(), fix);
                return None;
            }
        };
        let value = match &cookie.value {
            None => None,
            Some(text) => Some(self.text(text, &format!("{path}.value"), values)?),
        };
        Some(CookieTemplate {
            shape,
            value,
            max_age: cookie.max_age.map(Into::into),
        })
    }
}
