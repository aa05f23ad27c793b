//! Answers: a status, headers, cookies and a body, each with placeholders where the dialect has any.

use ::http::{HeaderName, HeaderValue, StatusCode, header};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Shape, shape::push};
use crate::{
    accounts::{AccountError, Granted},
    http::set_cookie::CookieShape,
    template::Template,
};

/// What a cookie cannot have (RFC 6265 section 4.1.1), and what says that something was encoded.
const NO_COOKIE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'\\')
    .add(b'%');

/// What stays as it is of a value in a place: the rest is percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One answer, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// `Content-Type`, of a body.
    pub content_type: Option<HeaderValue>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// What it was, for the log.
    pub outcome: &'static str,
    /// The tokens that it grants.
    pub granted: Option<Box<Granted>>,
}

/// An answer with placeholders.
#[derive(Debug, Clone)]
pub struct AnswerTemplate {
    /// The status.
    pub status: StatusCode,
    /// `Content-Type`, where it is not what the body has by itself.
    pub content_type: Option<HeaderValue>,
    /// Further headers; one that would not be a header is left out.
    pub headers: Vec<(HeaderName, Template)>,
    /// Where to go on; values are percent-encoded.
    pub location: Option<Template>,
    /// Cookies that it sets; values are percent-encoded.
    pub cookies: Vec<CookieTemplate>,
    /// The body.
    pub body: BodyTemplate,
}

/// A cookie with placeholders.
#[derive(Debug, Clone)]
pub struct CookieTemplate {
    /// Name and attributes.
    pub shape: CookieShape,
    /// The value; `None` takes the cookie away.
    pub value: Option<Template>,
    /// How long it is kept; without it, until the browser is closed.
    pub max_age: Option<std::time::Duration>,
}

/// A body with placeholders.
#[derive(Debug, Clone)]
pub enum BodyTemplate {
    /// There is none.
    None,
    /// JSON.
    Json(Shape, JsonStyle),
    /// Plain text.
    Text(Template),
    /// HTML; values are escaped.
    Html(Template),
}

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonStyle {
    /// Without spaces, in UTF-8, as FastAPI does it.
    FastApi,
    /// Without spaces, in ASCII, names in alphabetical order, a line feed behind it, as Flask does it.
    Flask,
    /// Spaces behind `,` and `:`, in ASCII, as Python's `json.dumps` and Django do it.
    Python,
}

impl Answer {
    /// Whether whoever gets it cannot tell it from another one.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.status == other.status
            && self.content_type == other.content_type
            && self.headers == other.headers
            && self.body == other.body
    }
}

type Values<'a> = &'a dyn Fn(&str) -> Option<Value>;

impl AnswerTemplate {
    /// Fills the placeholders; a name that has no value becomes null, and empty in a text.
    pub fn fill(&self, outcome: &'static str, values: Values<'_>) -> Result<Answer, AccountError> {
        let token = |name| match values(name) {
            Some(Value::String(token)) => Some(token),
            Some(_) | None => None,
        };
        let granted = token("access_token").zip(token("refresh_token"));
        let granted = granted.map(|(access_token, refresh_token)| Granted {
            access_token,
            refresh_token,
        });
        let mut headers = Vec::new();
        for (name, template) in &self.headers {
            let text = render(template, values, str::to_owned);
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.push((name.clone(), value));
            }
        }
        if let Some(location) = &self.location
            && let Ok(value) = HeaderValue::try_from(render(location, values, encoded))
        {
            headers.push((header::LOCATION, value));
        }
        for cookie in &self.cookies {
            headers.push((header::SET_COOKIE, cookie.fill(values)?));
        }
        let (body, content_type) = self.body.fill(values);
        Ok(Answer {
            status: self.status,
            content_type: self.content_type.clone().or(content_type),
            headers,
            body: body.into(),
            outcome,
            granted: granted.map(Box::new),
        })
    }
}

impl AnswerTemplate {
    /// Whether it says this value anywhere.
    pub fn names(&self, name: &str) -> bool {
        let says = |template: &Template| template.placeholders().any(|it| it == name);
        let cookies = self.cookies.iter();
        let in_cookies = cookies.filter_map(|cookie| cookie.value.as_ref()).any(says);
        let in_headers = self.headers.iter().any(|(_, template)| says(template));
        let in_body = match &self.body {
            BodyTemplate::None => false,
            BodyTemplate::Json(shape, _) => shape.names(name),
            BodyTemplate::Text(template) | BodyTemplate::Html(template) => says(template),
        };
        in_cookies || in_headers || in_body || self.location.as_ref().is_some_and(says)
    }
}

impl CookieTemplate {
    fn fill(&self, values: Values<'_>) -> Result<HeaderValue, AccountError> {
        let Some(value) = &self.value else {
            return Ok(self.shape.removal());
        };
        let text = render(value, values, str::to_owned);
        let text = utf8_percent_encode(&text, NO_COOKIE).to_string();
        Ok(self.shape.set(&text, self.max_age)?)
    }
}

impl BodyTemplate {
    fn fill(&self, values: Values<'_>) -> (Vec<u8>, Option<HeaderValue>) {
        let (body, content_type) = match self {
            Self::None => return (Vec::new(), None),
            Self::Json(shape, style) => (style.write(shape.fill(values)), "application/json"),
            Self::Text(template) => {
                let text = render(template, values, str::to_owned);
                (text.into_bytes(), "text/plain; charset=utf-8")
            }
            Self::Html(template) => {
                let text = render(template, values, escaped);
                (text.into_bytes(), "text/html; charset=utf-8")
            }
        };
        (body, Some(HeaderValue::from_static(content_type)))
    }
}

impl Answer {
    /// A JSON answer, written compactly as the Python frameworks do.
    pub fn json(status: StatusCode, body: &Value, outcome: &'static str) -> Self {
        Self {
            status,
            content_type: Some(HeaderValue::from_static("application/json")),
            headers: Vec::new(),
            // A `Value` always serialises: its maps have text keys.
            body: serde_json::to_vec(body).unwrap_or_default().into(),
            outcome,
            granted: None,
        }
    }
}

fn render(template: &Template, values: Values<'_>, written: fn(&str) -> String) -> String {
    let text = template.render(|name, text| {
        let mut value = String::new();
        match values(name) {
            None | Some(Value::Null) => {}
            Some(there) => push(&there, &mut value),
        }
        text.push_str(&written(&value));
        Some(())
    });
    text.unwrap_or_default()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
