//! How requests are read.

use regex::Regex;

use super::Compiler;
use crate::{
    accounts::{
        dialect::{InvalidRequest, RequestShape},
        fastapi::{Field, FieldType, Limits, Place, Presence, Trim},
    },
    config::{
        document::dialect as written,
        reading::{places::key_step, suggestion::nearest},
    },
};

/// What the fields of an action may be to it.
pub(super) struct Roles<'a> {
    /// Without these there is nothing to do.
    pub(super) needed: &'a [&'a str],
    /// These may be there as well.
    pub(super) known: &'a [&'a str],
    /// What happens to others.
    pub(super) further: Further,
}

/// What happens to fields of other roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Further {
    /// They are a mistake.
    Refused,
    /// They are taken: what they are to the action is not the dialect's business.
    Taken,
}

impl Roles<'_> {
    /// A token and nothing else.
    pub(super) const TOKEN: Roles<'static> = Roles {
        needed: &["token"],
        known: &[],
        further: Further::Refused,
    };
}

impl Compiler<'_, '_> {
    /// `None` when anything in it is a mistake.
    pub(super) fn request(
        &mut self,
        request: &written::Request,
        path: &str,
        roles: &Roles<'_>,
    ) -> Option<RequestShape> {
        self.roles(request, path, roles);
        let fields = request.fields.iter().map(|(role, field)| {
            let path = format!("{path}.fields{}", key_step(role));
            self.field(role, field, request.from, &path)
        });
        let fields: Vec<Option<Field>> = fields.collect();
        let fields: Vec<Field> = fields.into_iter().collect::<Option<_>>()?;
        self.one_body(&fields, path);
        let invalid = match &request.invalid {
            written::Invalid::Fastapi => InvalidRequest::FastApi,
            written::Invalid::Refused => InvalidRequest::Refused,
            written::Invalid::Answer(answer) => {
                let path = format!("{path}.invalid.answer");
                InvalidRequest::Answer(Box::new(self.fixed(answer, &path, "invalid")?))
            }
        };
        Some(RequestShape {
            roles: request
                .fields
                .keys()
                .map(|role| role.as_str().into())
                .collect(),
            fields,
            invalid,
        })
    }

    fn roles(&mut self, request: &written::Request, path: &str, roles: &Roles<'_>) {
        let known: Vec<&str> = roles.needed.iter().chain(roles.known).copied().collect();
        for role in request.fields.keys() {
            if roles.further == Further::Refused && !known.contains(&role.as_str()) {
                let path = format!("{path}.fields{}", key_step(role));
                let meant = nearest(role, &known);
                let meant = meant.map_or_else(String::new, |it| format!("did you mean `{it}`? "));
                let fix = format!("{meant}use {}", known.join(", "));
                let message = "this action has no use for such a field";
                self.findings.mistake(&path, message, &fix);
            }
        }
        for role in roles.needed {
            let absent = || format!("there is no field `{role}`");
            match request.fields.get(*role) {
                None => {
                    let fix = format!("add `{role}: {{ name: … }}`");
                    let path = format!("{path}.fields");
                    self.findings.mistake(&path, &absent(), &fix);
                }
                Some(field) if field.required == Some(false) || field.default.is_some() => {
                    let path = format!("{path}.fields.{role}");
                    let message = "the action can do nothing without this field";
                    let fix = "leave `required` and `default` out";
                    self.findings.mistake(&path, message, fix);
                }
                Some(_) => {}
            }
        }
    }

    fn field(
        &mut self,
        role: &str,
        field: &written::Field,
        from: written::From,
        path: &str,
    ) -> Option<Field> {
        let pattern = match field.pattern.as_deref() {
            None => None,
            Some(pattern) => Some(self.pattern(pattern, &format!("{path}.pattern"))?),
        };
        let compiled = Field {
            name: field.name.as_deref().unwrap_or(role).to_owned(),
            place: place(field.from.unwrap_or(from)),
            field_type: field_type(field.field_type),
            trim: trim(field.trim),
            presence: match (&field.default, field.required) {
                (Some(value), _) => Presence::Default(value.clone()),
                (None, Some(false)) => Presence::Optional,
                (None, Some(true) | None) => Presence::Required,
            },
            limits: Limits {
                min: field.min,
                max: field.max,
                pattern,
            },
        };
        self.consistent(field, &compiled, path);
        Some(compiled)
    }

    fn pattern(&mut self, pattern: &str, path: &str) -> Option<Regex> {
        let compiled = Regex::new(pattern).map_err(|_| "this is no regular expression");
        self.findings
            .take(compiled, path, "write one such as ^[a-z]+$")
    }

    /// What a field says that cannot be meant.
    fn consistent(&mut self, field: &written::Field, compiled: &Field, path: &str) {
        let (has_length, has_size) = match compiled.field_type {
            FieldType::Text | FieldType::Email => (true, true),
            FieldType::Integer | FieldType::Number => (false, true),
            FieldType::Boolean | FieldType::Date | FieldType::Json => (false, false),
        };
        let bounds = [("min", field.min), ("max", field.max)];
        for (key, bound) in bounds {
            if !has_size && bound.is_some() {
                let message = "a value of this type has no bounds";
                self.findings
                    .mistake(&format!("{path}.{key}"), message, "leave it out");
            }
            if has_length && bound.is_some_and(|bound| bound < 0) {
                let message = "a text has no length below 0";
                self.findings
                    .mistake(&format!("{path}.{key}"), message, "write 0 or more");
            }
        }
        if let (Some(least), Some(most)) = (field.min, field.max)
            && least > most
        {
            let message = "nothing is at least `min` and at most `max`";
            self.findings
                .mistake(&format!("{path}.max"), message, "write `min` or more");
        }
        if field.pattern.is_some() && !has_length {
            let message = "only a text can match a pattern";
            self.findings
                .mistake(&format!("{path}.pattern"), message, "leave it out");
        }
        if field.default.is_some() && field.required == Some(true) {
            let message = "what has a default is never missing";
            self.findings
                .mistake(&format!("{path}.required"), message, "leave it out");
        }
        if compiled.place == Place::Bearer && field.name.is_some() {
            let message = "the token of `Authorization` has no name";
            self.findings
                .mistake(&format!("{path}.name"), message, "leave it out");
        }
    }

    /// A request has one body.
    fn one_body(&mut self, fields: &[Field], path: &str) {
        let mut bodies = fields.iter().filter(|field| field.place.is_in_body());
        let first = bodies.next().map(|field| field.place);
        if bodies.any(|field| Some(field.place) != first) {
            let message = "a body is either JSON or a form";
            let fix = "have all fields of the body from the same place";
            self.findings
                .mistake(&format!("{path}.fields"), message, fix);
        }
    }
}

fn place(from: written::From) -> Place {
    match from {
        written::From::Query => Place::Query,
        written::From::Json => Place::Json,
        written::From::Form => Place::Form,
        written::From::Multipart => Place::Multipart,
        written::From::Bearer => Place::Bearer,
        written::From::Path => Place::Path,
    }
}

fn field_type(field_type: written::FieldType) -> FieldType {
    match field_type {
        written::FieldType::Text => FieldType::Text,
        written::FieldType::Email => FieldType::Email,
        written::FieldType::Integer => FieldType::Integer,
        written::FieldType::Number => FieldType::Number,
        written::FieldType::Boolean => FieldType::Boolean,
        written::FieldType::Date => FieldType::Date,
        written::FieldType::Json => FieldType::Json,
    }
}

fn trim(trim: written::Trim) -> Trim {
    match trim {
        written::Trim::Nothing => Trim::Nothing,
        written::Trim::Both => Trim::Both,
        written::Trim::Start => Trim::Start,
        written::Trim::End => Trim::End,
    }
}
