//! A route's headers with the values of one request.

use std::ops::Range;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::{
    HeaderLimits,
    changes::{Changes, FieldValue, RouteHeaders},
    facts::Facts,
    template::{Unwritable, Written},
};
use crate::token::verify::InvalidToken;

/// The values, in one text.
#[derive(Debug)]
pub struct Rendered<'a> {
    headers: &'a RouteHeaders,
    text: String,
    request: Values<'a>,
    response: Values<'a>,
}

type Values<'a> = SmallVec<[Value<'a>; 4]>;

#[derive(Debug)]
enum Value<'a> {
    Fixed(&'a HeaderValue),
    Made(Range<usize>),
    Absent,
}

/// Why a request does not get its headers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheaded {
    /// By what its token says.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// By what the request is.
    #[error("the headers that are made of the request are larger than their limit")]
    Request,
}

impl<'a> Rendered<'a> {
    /// Makes the values. `taken` bytes are in headers of the gateway already.
    pub fn new(
        headers: &'a RouteHeaders,
        facts: &Facts<'_>,
        limits: HeaderLimits,
        taken: usize,
    ) -> Result<Self, Unheaded> {
        let mut text = String::new();
        let request = values(&headers.request, facts, limits, &mut text)?;
        let response = values(&headers.response, facts, limits, &mut text)?;
        if taken.saturating_add(text.len()) > limits.all {
            return Err(Unheaded::Request);
        }
        Ok(Self {
            headers,
            text,
            request,
            response,
        })
    }

    /// Whether a header that is sent on every route is not sent here.
    pub fn replaces(&self, name: &HeaderName) -> bool {
        self.headers.replaces(name)
    }

    /// Sends the headers of the request.
    pub fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        for (field, value) in self.headers.request.fields.iter().zip(&self.request) {
            if let Some(value) = self.bytes(value) {
                send(&field.name, value);
            }
        }
    }

    /// Changes the headers of the answer.
    pub fn change_response(&self, headers: &mut HeaderMap) {
        self.headers.clean_response(headers);
        for (field, value) in self.headers.response.fields.iter().zip(&self.response) {
            let value = match value {
                Value::Fixed(value) => Some((*value).clone()),
                Value::Made(_) | Value::Absent => {
                    let value = self.bytes(value).map(HeaderValue::from_bytes);
                    value.and_then(Result::ok)
                }
            };
            if let Some(value) = value {
                headers.append(field.name.clone(), value);
            }
        }
    }

    /// The names of the headers that the request gets, for explanations.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let fields = self.headers.request.fields.iter().zip(&self.request);
        let sent = fields.filter(|(_, value)| self.bytes(value).is_some());
        sent.map(|(field, _)| &field.name)
    }

    fn bytes<'v>(&'v self, value: &'v Value<'_>) -> Option<&'v [u8]> {
        match value {
            Value::Fixed(value) => Some(value.as_bytes()),
            Value::Made(range) => self.text.get(range.clone()).map(str::as_bytes),
            Value::Absent => None,
        }
    }
}

fn values<'a>(
    changes: &'a Changes,
    facts: &Facts<'_>,
    limits: HeaderLimits,
    text: &mut String,
) -> Result<Values<'a>, Unheaded> {
    let mut values = Values::with_capacity(changes.fields.len());
    for field in &changes.fields {
        values.push(match &field.value {
            FieldValue::Fixed(value) => Value::Fixed(value),
            FieldValue::Made(template) => {
                let start = text.len();
                match template.render(facts, limits.one, text) {
                    Ok(Written::Present) => Value::Made(start..text.len()),
                    Ok(Written::Absent) => Value::Absent,
                    // What a path or a Host says is long, and nothing else.
                    Err(Unwritable::Large) if !template.reads_token() => {
                        return Err(Unheaded::Request);
                    }
                    Err(unwritable) => return Err(InvalidToken::from(unwritable).into()),
                }
            }
        });
    }
    Ok(values)
}
