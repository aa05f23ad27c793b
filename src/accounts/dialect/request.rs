//! How a request is read: roles, the fields that they stand in, and what a request without usable fields gets.

use std::fmt;

use ::http::StatusCode;
use serde_json::Value;

use super::Answer;
use crate::{
    accounts::{
        AccountRequest,
        fastapi::{self, Field, Given},
    },
    secret::Secret,
};

/// The role of the field whose value a cookie may stand for.
const TOKEN: &str = "token";

/// How a request is read.
#[derive(Debug, Clone)]
pub struct RequestShape {
    /// What each field is to the action.
    pub roles: Vec<Box<str>>,
    /// The fields, by role, in the order in which they are validated.
    pub fields: Vec<Field>,
    /// What a request without usable fields gets.
    pub invalid: InvalidRequest,
}

/// What a request without usable fields gets.
#[derive(Debug, Clone)]
pub enum InvalidRequest {
    /// What FastAPI answers.
    FastApi,
    /// The same as the action's refusal.
    Refused,
    /// This.
    Answer(Box<Answer>),
}

/// What a request says, by role. A role that the dialect does not have, or that the request leaves out, is null.
pub struct Fields(Vec<(Box<str>, Value)>);

impl RequestShape {
    /// The values of the fields; `Err` is the answer of a request without them.
    pub fn read(&self, request: &AccountRequest, refused: &Answer) -> Result<Fields, Box<Answer>> {
        let bearer = request.credentials("bearer");
        let bearer = bearer.as_ref().map(|token| token.expose().as_str());
        let given = given(request, bearer);
        let read = fastapi::read(&self.fields, &given);
        let fields = read.map(|values| Fields(self.roles.iter().cloned().zip(values).collect()));
        if let Some(token) = &request.cookie_token
            && self.roles.len() == 1
            && self.roles.iter().all(|role| **role == *TOKEN)
        {
            return match fields.as_ref().map(|fields| fields.text(TOKEN)) {
                // Which of the two is meant nobody knows.
                Ok(Some(other)) if !other.is_empty() && other != token => {
                    Err(Box::new(refused.clone()))
                }
                Ok(_) | Err(_) => Ok(Fields(vec![(TOKEN.into(), token.as_str().into())])),
            };
        }
        fields.map_err(|invalid| match &self.invalid {
            InvalidRequest::FastApi => Box::new(Answer::from(invalid)),
            InvalidRequest::Refused => Box::new(refused.clone()),
            InvalidRequest::Answer(answer) => answer.clone(),
        })
    }

    /// The field of a role.
    pub fn field(&self, role: &str) -> Option<&Field> {
        let mut fields = self.roles.iter().zip(&self.fields);
        let found = fields.find(|(known, _)| ***known == *role);
        found.map(|(_, field)| field)
    }

    /// The roles that the body of a request speaks of, also where it says null.
    pub fn said(&self, request: &AccountRequest) -> Vec<&str> {
        let said = fastapi::said(&self.fields, &given(request, None));
        let roles = self.roles.iter().zip(said);
        roles
            .filter_map(|(role, is_said)| is_said.then_some(&**role))
            .collect()
    }
}

fn given<'a>(request: &'a AccountRequest, bearer: Option<&'a str>) -> Given<'a> {
    Given {
        parameters: &request.parameters,
        query: &request.query,
        bearer,
        content_type: request.content_type.as_deref(),
        body: &request.body,
    }
}

impl Fields {
    /// The value of a role.
    pub fn value(&self, role: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        let found = fields.find(|(known, _)| **known == *role);
        found
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// The text of a role, if it is one.
    pub fn text(&self, role: &str) -> Option<&str> {
        self.value(role)?.as_str()
    }

    /// Takes the text of a role out, to be kept as a secret.
    pub fn take_secret(&mut self, role: &str) -> Option<Secret<String>> {
        let mut fields = self.0.iter_mut();
        let (_, value) = fields.find(|(known, _)| **known == *role)?;
        match value.take() {
            Value::String(text) => Some(Secret::new(text)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// Roles and values, in the order of the dialect.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(role, value)| (&**role, value))
    }
}

/// They hold passwords.
impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles = self.0.iter().map(|(role, _)| role);
        formatter.debug_set().entries(roles).finish()
    }
}

impl From<fastapi::Invalid> for Answer {
    fn from(invalid: fastapi::Invalid) -> Self {
        use ::http::{HeaderValue, header};
        let status =
            StatusCode::from_u16(invalid.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        let challenge = (status == StatusCode::UNAUTHORIZED).then_some(challenge);
        Self {
            status,
            content_type: Some(HeaderValue::from_static("application/json")),
            headers: challenge.into_iter().collect(),
            body: invalid.body.into(),
            outcome: "invalid",
            granted: None,
        }
    }
}
