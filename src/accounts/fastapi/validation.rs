//! The three request shapes: where the fields are, and what each must be.
//!
//! Promises FastAPI's order of checks: the body as a whole, then every field in the order of its declaration, all errors at once.

use super::email;
use super::errors::{Fault, Invalid, Location, Problem};
use super::json::{self, Value};
use super::{media, pairs};

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `str`: any text, as it was sent.
    Text,
    /// pydantic's `EmailStr`: an address, normalised.
    Email,
}

/// A required field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the request.
    pub name: String,
    /// What its value must be.
    pub field_type: FieldType,
}

/// Reads the fields from a query string (without its `?`); the last of several values counts.
pub fn query(fields: &[Field], raw_query: &str) -> Result<Vec<String>, Invalid> {
    let pairs = pairs::query(raw_query.as_bytes());
    let given = |name: &str| last(&pairs, name).cloned();
    named(fields, given, |name| Location::Query(name))
}

/// Reads the fields from a body that is one pydantic model.
pub fn json(
    fields: &[Field],
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Vec<String>, Invalid> {
    if body.is_empty() {
        return Err(refusal(Location::Body, Fault::Missing, &Value::Null));
    }
    if !media::is_json(content_type) {
        // FastAPI hands the bytes to the model, which wants an object and echoes them as text.
        let text = std::str::from_utf8(body).map_err(|_| Invalid::unwritable())?;
        return Err(refusal(
            Location::Body,
            Fault::NotAnObject,
            &Value::text(text),
        ));
    }
    match json::parse(body) {
        Ok(document) => model(fields, &document),
        Err(json::ParseError::Unreadable) => Err(Invalid::unreadable()),
        Err(json::ParseError::Malformed { position, message }) => Err(refusal(
            Location::BodyPosition(position),
            Fault::Json(message),
            &Value::empty_object(),
        )),
    }
}

/// Reads the fields from an urlencoded form; the last of several values counts, and an empty one is a missing one.
pub fn form(
    fields: &[Field],
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Vec<String>, Invalid> {
    let pairs = if media::is_urlencoded(content_type) {
        pairs::form(body)?
    } else {
        Vec::new()
    };
    let given = |name: &str| {
        last(&pairs, name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    named(fields, given, |name| Location::BodyField(name))
}

fn last<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a String> {
    pairs
        .iter()
        .rev()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

fn refusal(location: Location<'_>, fault: Fault, input: &Value) -> Invalid {
    Invalid::from(
        [Problem {
            location,
            fault,
            input,
        }]
        .as_slice(),
    )
}

/// Fields that FastAPI looks up one by one: a missing one has nothing to echo.
fn named(
    fields: &[Field],
    given: impl Fn(&str) -> Option<String>,
    location: impl for<'a> Fn(&'a str) -> Location<'a>,
) -> Result<Vec<String>, Invalid> {
    let inputs: Vec<Value> = fields
        .iter()
        .map(|field| given(&field.name).map_or(Value::Null, |text| Value::text(&text)))
        .collect();
    let mut report = Report::default();
    for (field, input) in fields.iter().zip(&inputs) {
        let outcome = match input {
            Value::Text(_) => checked(field.field_type, input),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Array(_)
            | Value::Object(_) => Checked::Faulty(Fault::Missing),
        };
        report.add(location(&field.name), outcome, input);
    }
    report.outcome()
}

/// Fields that pydantic takes out of one object: a missing one echoes the object.
fn model(fields: &[Field], document: &Value) -> Result<Vec<String>, Invalid> {
    let Value::Object(members) = document else {
        return Err(refusal(Location::Body, Fault::NotAnObject, document));
    };
    let mut report = Report::default();
    for field in fields {
        let location = Location::BodyField(&field.name);
        match members.get(&json::Text::from(field.name.as_str())) {
            Some(input) => report.add(location, checked(field.field_type, input), input),
            None => report.add(location, Checked::Faulty(Fault::Missing), document),
        }
    }
    report.outcome()
}

/// What became of one field.
enum Checked {
    Valid(String),
    Faulty(Fault),
    /// Valid for pydantic, but no text that Rust or UTF-8 can express.
    Inexpressible,
}

fn checked(field_type: FieldType, input: &Value) -> Checked {
    let Value::Text(text) = input else {
        return Checked::Faulty(Fault::NotText);
    };
    match field_type {
        FieldType::Text => text.as_unicode().map_or(Checked::Inexpressible, |text| {
            Checked::Valid(text.to_owned())
        }),
        FieldType::Email => email::normalize(text.marked()).map_or_else(
            |reason| Checked::Faulty(Fault::Email(reason)),
            Checked::Valid,
        ),
    }
}

/// The values and the errors of all fields so far.
#[derive(Default)]
struct Report<'a> {
    values: Vec<String>,
    problems: Vec<Problem<'a>>,
    inexpressible: usize,
}

impl<'a> Report<'a> {
    fn add(&mut self, location: Location<'a>, outcome: Checked, input: &'a Value) {
        match outcome {
            Checked::Valid(value) => self.values.push(value),
            Checked::Faulty(fault) => self.problems.push(Problem {
                location,
                fault,
                input,
            }),
            Checked::Inexpressible => self.inexpressible += 1,
        }
    }

    fn outcome(self) -> Result<Vec<String>, Invalid> {
        if !self.problems.is_empty() {
            Err(Invalid::from(self.problems.as_slice()))
        } else if self.inexpressible > 0 {
            // The endpoint would be called, and fail on encoding the text before it could compare or sign anything.
            Err(Invalid::unwritable())
        } else {
            Ok(self.values)
        }
    }
}
