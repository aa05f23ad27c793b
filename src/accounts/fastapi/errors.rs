//! The refusals: one error per field, and the response that carries them.
//!
//! Promises the members, their order and the spelling of FastAPI's `detail` list. It does not decide what is wrong with a request.

use std::fmt;

use super::json::{Value, write_text, write_value};

/// A response that FastAPI gives instead of calling its endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The HTTP status: 422; 400 for a body that cannot be read at all; 500 where the monolith itself fails to write its 422.
    pub status: u16,
    /// The bytes of the body, of type [`Invalid::content_type`].
    pub body: Vec<u8>,
}

impl Invalid {
    /// The `content-type` that goes with the body.
    pub fn content_type(&self) -> &'static str {
        if self.status == 500 {
            "text/plain; charset=utf-8"
        } else {
            "application/json"
        }
    }

    pub(super) fn unreadable() -> Self {
        Self::detail(400, "There was an error parsing the body")
    }

    pub(super) fn detail(status: u16, detail: &str) -> Self {
        let mut body = String::from("{\"detail\":");
        write_text(detail, &mut body);
        body.push('}');
        Self {
            status,
            body: body.into_bytes(),
        }
    }

    /// What Starlette answers when writing the 422 raises: the echoed input holds NaN, or text that UTF-8 cannot express.
    pub(super) fn unwritable() -> Self {
        Self {
            status: 500,
            body: b"Internal Server Error".to_vec(),
        }
    }
}

impl From<&[Problem<'_>]> for Invalid {
    fn from(problems: &[Problem<'_>]) -> Self {
        let mut body = String::from("{\"detail\":[");
        for (index, problem) in problems.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            if problem.write(&mut body).is_err() {
                return Self::unwritable();
            }
        }
        body.push_str("]}");
        Self {
            status: 422,
            body: body.into_bytes(),
        }
    }
}

/// The body echoes what the client sent, a password included, so it is never printed.
impl fmt::Debug for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalid")
            .field("status", &self.status)
            .field("body", &"[redacted]")
            .finish()
    }
}

/// The part of the request that an error points to.
#[derive(Clone, Copy)]
pub(super) enum Location<'a> {
    Query(&'a str),
    Body,
    BodyField(&'a str),
    BodyPosition(usize),
}

/// What is wrong there, in pydantic's vocabulary.
pub(super) enum Fault {
    Missing,
    NotAnObject,
    NotText,
    Json(&'static str),
    Email(String),
}

/// One entry of `detail`.
pub(super) struct Problem<'a> {
    pub(super) location: Location<'a>,
    pub(super) fault: Fault,
    pub(super) input: &'a Value,
}

impl Problem<'_> {
    fn write(&self, out: &mut String) -> Result<(), super::json::Unwritable> {
        out.push_str("{\"type\":\"");
        out.push_str(self.fault.name());
        out.push_str("\",\"loc\":[");
        self.location.write(out);
        out.push_str("],\"msg\":");
        self.fault.write_message(out);
        out.push_str(",\"input\":");
        write_value(self.input, out)?;
        self.fault.write_context(out);
        out.push('}');
        Ok(())
    }
}

impl Location<'_> {
    fn write(self, out: &mut String) {
        match self {
            Self::Query(name) => {
                out.push_str("\"query\",");
                write_text(name, out);
            }
            Self::Body => out.push_str("\"body\""),
            Self::BodyField(name) => {
                out.push_str("\"body\",");
                write_text(name, out);
            }
            Self::BodyPosition(position) => {
                out.push_str("\"body\",");
                out.push_str(&position.to_string());
            }
        }
    }
}

impl Fault {
    fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotAnObject => "model_attributes_type",
            Self::NotText => "string_type",
            Self::Json(_) => "json_invalid",
            Self::Email(_) => "value_error",
        }
    }

    fn write_message(&self, out: &mut String) {
        let message = match self {
            Self::Missing => "Field required",
            Self::NotAnObject => {
                "Input should be a valid dictionary or object to extract fields from"
            }
            Self::NotText => "Input should be a valid string",
            Self::Json(_) => "JSON decode error",
            Self::Email(reason) => {
                return write_text(
                    &format!("value is not a valid email address: {reason}"),
                    out,
                );
            }
        };
        write_text(message, out);
    }

    fn write_context(&self, out: &mut String) {
        let (key, text) = match self {
            Self::Json(message) => ("error", *message),
            Self::Email(reason) => ("reason", reason.as_str()),
            Self::Missing | Self::NotAnObject | Self::NotText => return,
        };
        out.push_str(",\"ctx\":{\"");
        out.push_str(key);
        out.push_str("\":");
        write_text(text, out);
        out.push('}');
    }
}
