//! What a field of a request has to be.

use regex::Regex;
use serde_json::Value as Json;

/// A field of a request.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the request.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What its value must be.
    pub field_type: FieldType,
    /// What is cut off a text before anything is checked.
    pub trim: Trim,
    /// What happens without it.
    pub presence: Presence,
    /// What else has to hold.
    pub limits: Limits,
}

/// Where a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A parameter of the route's path.
    Path,
    /// The query.
    Query,
    /// The bearer of `Authorization`; it has no name.
    Bearer,
    /// A member of the JSON object that is the body.
    Json,
    /// A form in the body, urlencoded or in parts.
    Form,
    /// A form in parts in the body.
    Multipart,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `str`: any text, as it was sent.
    Text,
    /// pydantic's `EmailStr`: an address, normalised.
    Email,
    /// `int`, and what pydantic takes for one.
    Integer,
    /// `float`, and what pydantic takes for one.
    Number,
    /// `bool`, and what pydantic takes for one.
    Boolean,
    /// `date`: year, month and day.
    Date,
    /// Anything.
    Json,
}

/// What is cut off a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Nothing.
    Nothing,
    /// White space at both ends.
    Both,
    /// White space at its start.
    Start,
    /// White space at its end.
    End,
}

/// What happens without a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// The request is refused.
    Required,
    /// The field is null; in JSON it may be null as well.
    Optional,
    /// It has this value.
    Default(Json),
}

/// What else has to hold of a value.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The fewest characters of a text, or the least number.
    pub min: Option<i64>,
    /// The most characters of a text, or the greatest number.
    pub max: Option<i64>,
    /// What a text has to match.
    pub pattern: Option<Regex>,
}

impl Field {
    /// A text that has to be there, as it was sent.
    pub fn text(place: Place, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            place,
            field_type: FieldType::Text,
            trim: Trim::Nothing,
            presence: Presence::Required,
            limits: Limits::default(),
        }
    }

    /// The same field with another type.
    #[must_use]
    pub fn of_type(self, field_type: FieldType) -> Self {
        Self { field_type, ..self }
    }
}

impl Place {
    /// Whether it is in the body.
    pub fn is_in_body(self) -> bool {
        match self {
            Self::Path | Self::Query | Self::Bearer => false,
            Self::Json | Self::Form | Self::Multipart => true,
        }
    }
}
