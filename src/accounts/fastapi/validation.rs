//! The fields of a request: where they are, and what each must be.
//!
//! Promises FastAPI's order of checks: a body that cannot be read, then the fields of the path, of the query and of the body, each in
//! the order of their declaration, all errors at once.

use serde_json::Value as Json;

use super::checked::{Checked, checked};
use super::errors::{Invalid, Location, Problem};
use super::fault::Fault;
use super::field::{Field, Place, Presence};
use super::json::{self, Value};
use super::{media, multipart, pairs};

/// What a request holds.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The parameters of its path.
    pub parameters: &'a [(Box<str>, String)],
    /// Its raw query, without `?`.
    pub query: &'a str,
    /// The token of `Authorization`.
    pub bearer: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
}

/// They hold passwords.
impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Given").finish_non_exhaustive()
    }
}

/// The order of FastAPI's errors.
const ORDER: [Place; 5] = [
    Place::Path,
    Place::Query,
    Place::Json,
    Place::Form,
    Place::Multipart,
];

/// The body as far as the fields need it.
enum Body {
    Unread,
    Pairs(Vec<(String, String)>),
    /// An object.
    Document(Value),
    /// Something else.
    Unusable(Fault, Value),
}

/// A field's value.
enum Found<'a> {
    Own(Value),
    Of(&'a Value),
    Absent,
}

/// Reads the fields; the values are in their order, null where there is none.
pub fn read(fields: &[Field], given: &Given<'_>) -> Result<Vec<Json>, Invalid> {
    let body = Body::read(fields, given)?;
    if given.bearer.is_none() && fields.iter().any(is_needed_bearer) {
        return Err(Invalid::detail(401, "Not authenticated"));
    }
    let query = pairs::query(given.query.as_bytes());
    let find = |field: &Field| match field.place {
        Place::Path => {
            let mut parameters = given.parameters.iter();
            let found = parameters.find(|(name, _)| **name == *field.name);
            own(found.map(|(_, value)| value.as_str()))
        }
        Place::Query => own(last(&query, &field.name)),
        Place::Bearer => own(given.bearer),
        Place::Json | Place::Form | Place::Multipart => body.find(&field.name),
    };
    let found: Vec<Found<'_>> = fields.iter().map(find).collect();
    let judged = fields.iter().zip(&found);
    let judged: Vec<Checked> = judged.map(|(field, found)| judge(field, found)).collect();
    // What pydantic takes and we cannot is told of where nothing else is wrong, so that its own answers stay its own.
    for is_told in [Checked::fault as FaultOf, Checked::any_fault] {
        let problems = problems(fields, &found, (&judged, is_told), &body);
        if !problems.is_empty() {
            return Err(Invalid::from(problems.as_slice()));
        }
    }
    let values = judged.into_iter().map(|checked| match checked {
        Checked::Valid(value) => value,
        // Nothing is faulty where there are no problems.
        Checked::Faulty(_) | Checked::Inexpressible(_) => Json::Null,
    });
    Ok(values.collect())
}

/// What one text means to a field, for those whose form it stood in.
pub(in crate::accounts) fn typed(field: &Field, text: Option<&str>) -> Result<Json, Fault> {
    match judge(field, &own(text)) {
        Checked::Valid(value) => Ok(value),
        Checked::Faulty(fault) | Checked::Inexpressible(fault) => Err(fault),
    }
}

/// Which fields of the body are there, whatever their values; of a request that was read.
pub fn said(fields: &[Field], given: &Given<'_>) -> Vec<bool> {
    let Ok(body) = Body::read(fields, given) else {
        return vec![false; fields.len()];
    };
    let is_there = |field: &Field| !matches!(body.find(&field.name), Found::Absent);
    let fields = fields.iter();
    fields
        .map(|field| field.place.is_in_body() && is_there(field))
        .collect()
}

/// Which faults are told of.
type FaultOf = fn(&Checked) -> Option<&Fault>;

fn problems<'a>(
    fields: &'a [Field],
    found: &'a [Found<'a>],
    (judged, fault_of): (&'a [Checked], FaultOf),
    body: &'a Body,
) -> Vec<Problem<'a>> {
    let mut problems = Vec::new();
    for place in ORDER {
        let all = fields.iter().zip(found).zip(judged);
        let mut here = all
            .filter(|((field, _), _)| field.place == place)
            .peekable();
        if let Body::Unusable(fault, input) = body
            && place.is_in_body()
            && here.peek().is_some()
        {
            let location = Location::Body;
            problems.push(Problem {
                location,
                fault,
                input,
            });
            continue;
        }
        for ((field, found), checked) in here {
            if let Some(fault) = fault_of(checked) {
                problems.push(Problem {
                    location: location(field),
                    fault,
                    input: found.echo(body),
                });
            }
        }
    }
    problems
}

fn judge(field: &Field, found: &Found<'_>) -> Checked {
    let input = match found {
        Found::Own(value) => value,
        Found::Of(value) => value,
        Found::Absent => {
            return match &field.presence {
                Presence::Required => Checked::Faulty(Fault::Missing),
                Presence::Optional => Checked::Valid(Json::Null),
                Presence::Default(value) => Checked::Valid(value.clone()),
            };
        }
    };
    if matches!(input, Value::Null) && field.presence == Presence::Optional {
        return Checked::Valid(Json::Null);
    }
    checked(field, input)
}

fn location(field: &Field) -> Location<'_> {
    match field.place {
        Place::Path => Location::Path(&field.name),
        Place::Query => Location::Query(&field.name),
        // The only fault that a bearer has is to be absent, and that is no error in a list.
        Place::Bearer | Place::Json | Place::Form | Place::Multipart => {
            Location::BodyField(&field.name)
        }
    }
}

fn is_needed_bearer(field: &Field) -> bool {
    field.place == Place::Bearer && field.presence == Presence::Required
}

fn own<'a>(text: Option<&str>) -> Found<'a> {
    text.map_or(Found::Absent, |text| Found::Own(Value::text(text)))
}

/// The last of several values counts.
fn last<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut pairs = pairs.iter().rev();
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

impl<'a> Found<'a> {
    /// What an error shows: of a member that a document has not, the document.
    fn echo(&'a self, body: &'a Body) -> &'a Value {
        match (self, body) {
            (Self::Own(value), _) => value,
            (Self::Of(value), _) => value,
            (Self::Absent, Body::Document(document)) => document,
            (Self::Absent, Body::Unread | Body::Pairs(_) | Body::Unusable(..)) => &Value::Null,
        }
    }
}

impl Body {
    fn read(fields: &[Field], given: &Given<'_>) -> Result<Self, Invalid> {
        let in_body = |field: &&Field| field.place.is_in_body();
        let place = fields.iter().find(in_body).map(|field| field.place);
        match place {
            Some(Place::Json) => Self::document(given),
            Some(Place::Form) if media::is_urlencoded(given.content_type) => {
                pairs::form(given.body).map(Self::Pairs)
            }
            Some(Place::Form | Place::Multipart) => {
                let parts = given
                    .content_type
                    .filter(|content_type| multipart::is_multipart(Some(content_type)));
                let pairs = parts.map(|content_type| multipart::pairs(content_type, given.body));
                Ok(Self::Pairs(pairs.transpose()?.unwrap_or_default()))
            }
            Some(Place::Path | Place::Query | Place::Bearer) | None => Ok(Self::Unread),
        }
    }

    /// A body that is one pydantic model.
    fn document(given: &Given<'_>) -> Result<Self, Invalid> {
        if given.body.is_empty() {
            return Ok(Self::Unusable(Fault::Missing, Value::Null));
        }
        if !media::is_json(given.content_type) {
            // FastAPI hands the bytes to the model, which wants an object and echoes them as text.
            let text = std::str::from_utf8(given.body);
            let input = text.map_or(Value::Null, Value::text);
            return Ok(Self::Unusable(Fault::NotAnObject, input));
        }
        match json::parse(given.body) {
            Ok(document @ Value::Object(_)) => Ok(Self::Document(document)),
            Ok(other) => Ok(Self::Unusable(Fault::NotAnObject, other)),
            Err(json::ParseError::Unreadable) => Err(Invalid::unreadable()),
            Err(json::ParseError::Malformed { position, message }) => {
                let problem = Problem {
                    location: Location::BodyPosition(position),
                    fault: &Fault::Json(message),
                    input: &Value::empty_object(),
                };
                Err(Invalid::from([problem].as_slice()))
            }
        }
    }

    fn find(&self, name: &str) -> Found<'_> {
        match self {
            // An empty field of a form is a missing one.
            Self::Pairs(pairs) => own(last(pairs, name).filter(|value| !value.is_empty())),
            Self::Document(Value::Object(members)) => members
                .get(&json::Text::from(name))
                .map_or(Found::Absent, Found::Of),
            Self::Document(_) | Self::Unread | Self::Unusable(..) => Found::Absent,
        }
    }
}
