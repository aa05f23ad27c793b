//! The refusals: one error per field, and the response that carries them.
//!
//! Promises the members, their order and the spelling of FastAPI's `detail` list. It does not decide what is wrong with a request.

use std::fmt;

use super::fault::Fault;
use super::json::{Value, write_text, write_value};

/// A response that FastAPI gives instead of calling its endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The HTTP status: 422; 400 for a body that cannot be read at all; 401 without a bearer.
    pub status: u16,
    /// The bytes of the body, which is JSON.
    pub body: Vec<u8>,
}

impl Invalid {
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
}

impl From<&[Problem<'_>]> for Invalid {
    fn from(problems: &[Problem<'_>]) -> Self {
        let mut body = String::from("{\"detail\":[");
        for (index, problem) in problems.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            problem.write(&mut body);
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
    Path(&'a str),
    Query(&'a str),
    Body,
    BodyField(&'a str),
    BodyPosition(usize),
}

/// One entry of `detail`.
pub(super) struct Problem<'a> {
    pub(super) location: Location<'a>,
    pub(super) fault: &'a Fault,
    pub(super) input: &'a Value,
}

impl Problem<'_> {
    fn write(&self, out: &mut String) {
        out.push_str("{\"type\":\"");
        out.push_str(self.fault.name());
        out.push_str("\",\"loc\":[");
        self.location.write(out);
        out.push_str("],\"msg\":");
        write_text(&self.fault.message(), out);
        out.push_str(",\"input\":");
        // What holds NaN, or text that UTF-8 cannot express, Starlette fails to write, with 500: that is no answer to copy.
        let echo = out.len();
        if write_value(self.input, out).is_err() {
            out.truncate(echo);
            out.push_str("null");
        }
        if let Some((name, context)) = self.fault.context() {
            out.push_str(",\"ctx\":{\"");
            out.push_str(name);
            out.push_str("\":");
            out.push_str(&context);
            out.push('}');
        }
        out.push('}');
    }
}

impl Location<'_> {
    fn write(self, out: &mut String) {
        match self {
            Self::Path(name) => {
                out.push_str("\"path\",");
                write_text(name, out);
            }
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
