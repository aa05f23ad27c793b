//! How one legacy login speaks, as data: where the credentials are, what a success and each refusal look like.
//!
//! A dialect is compiled from a YAML file; a new legacy system is a new file, never new Rust. Values keep their JSON
//! type, objects their key order, nulls stay.

mod shape;

use std::collections::HashMap;

use ::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use super::{
    Granted,
    fastapi::{self, Field, Invalid},
};
use crate::member::StateName;

pub use shape::{Shape, ShapeError};

/// The dialects that ship with the binary: name and file.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("pair", include_str!("builtin/pair.yaml")),
    ("pampam", include_str!("builtin/pampam.yaml")),
];

/// One answer with a JSON body, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// What it was, for the log.
    pub outcome: &'static str,
    /// The tokens that it grants.
    pub granted: Option<Box<Granted>>,
}

/// An answer whose body has placeholders.
#[derive(Debug, Clone)]
pub struct AnswerTemplate {
    /// The status.
    pub status: StatusCode,
    /// The JSON body.
    pub body: Shape,
}

/// Where the fields of a request are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSource {
    /// In the query.
    Query,
    /// In a JSON object.
    Json,
    /// In a urlencoded form.
    Form,
}

/// What a request without usable fields gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidRequest {
    /// FastAPI's validation body.
    FastApi,
    /// The same as wrong credentials.
    Refused,
}

/// How a request is read.
#[derive(Debug, Clone)]
pub struct RequestShape {
    /// Where.
    pub source: FieldSource,
    /// Which fields, in the order in which they are validated.
    pub fields: Vec<Field>,
    /// What a request without them gets.
    pub invalid: InvalidRequest,
}

/// When a blocked user learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateCheck {
    /// Before the password is checked.
    BeforePassword,
    /// Only with the right password.
    AfterPassword,
}

/// A login.
#[derive(Debug, Clone)]
pub struct LoginDialect {
    /// How the credentials are read.
    pub request: RequestShape,
    /// Which field is the login.
    pub login_field: usize,
    /// Which field is the password.
    pub password_field: usize,
    /// When states are reported.
    pub state_check: StateCheck,
    /// Success.
    pub granted: AnswerTemplate,
    /// Wrong credentials.
    pub refused: Answer,
    /// A blocked user; a state that is not listed is refused like wrong credentials.
    pub states: HashMap<StateName, Answer>,
}

/// A refresh.
#[derive(Debug, Clone)]
pub struct RefreshDialect {
    /// How the token is read: it is the only field.
    pub request: RequestShape,
    /// Success.
    pub granted: AnswerTemplate,
    /// A bad token, or a blocked user's.
    pub refused: Answer,
}

/// A question whether a token holds.
#[derive(Debug, Clone)]
pub struct VerifyDialect {
    /// How the token is read: it is the only field.
    pub request: RequestShape,
    /// It holds.
    pub valid: Answer,
    /// It does not.
    pub invalid: Answer,
}

impl RequestShape {
    /// The values of the fields, in their order; `Err` is the answer of a request without them.
    pub(super) fn read(
        &self,
        request: &super::AccountRequest,
        refused: &Answer,
    ) -> Result<Vec<String>, Answer> {
        let content_type = request.content_type.as_deref();
        let values = match self.source {
            FieldSource::Query => fastapi::query(&self.fields, &request.query),
            FieldSource::Json => fastapi::json(&self.fields, content_type, &request.body),
            FieldSource::Form => fastapi::form(&self.fields, content_type, &request.body),
        };
        if let Some(token) = &request.cookie_token {
            return match values.as_deref() {
                // Which of the two is meant nobody knows.
                Ok([other]) if !other.is_empty() && other != token => Err(refused.clone()),
                Ok(_) | Err(_) => Ok(vec![token.clone()]),
            };
        }
        values.map_err(|invalid| match self.invalid {
            InvalidRequest::FastApi => Answer::from(invalid),
            InvalidRequest::Refused => refused.clone(),
        })
    }
}

impl AnswerTemplate {
    /// Fills the placeholders; a name that has no value becomes null.
    pub(super) fn fill(&self, values: &dyn Fn(&str) -> Option<Value>) -> Answer {
        let token = |name| match values(name) {
            Some(Value::String(token)) => Some(token),
            Some(_) | None => None,
        };
        let granted = token("access_token").zip(token("refresh_token"));
        let granted = granted.map(|(access_token, refresh_token)| Granted {
            access_token,
            refresh_token,
        });
        Answer {
            granted: granted.map(Box::new),
            ..Answer::json(self.status, &self.body.fill(values), "granted")
        }
    }
}

impl Answer {
    /// A JSON answer, written compactly as the Python frameworks do.
    pub fn json(status: StatusCode, body: &Value, outcome: &'static str) -> Self {
        Self {
            status,
            content_type: "application/json",
            headers: Vec::new(),
            // A `Value` always serialises: its maps have text keys.
            body: serde_json::to_vec(body).unwrap_or_default().into(),
            outcome,
            granted: None,
        }
    }
}

impl From<Invalid> for Answer {
    fn from(invalid: Invalid) -> Self {
        Self {
            status: StatusCode::from_u16(invalid.status)
                .unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
            content_type: invalid.content_type(),
            headers: Vec::new(),
            body: invalid.body.into(),
            outcome: "invalid",
            granted: None,
        }
    }
}
