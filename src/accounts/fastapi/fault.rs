//! What can be wrong with a value, in pydantic's vocabulary: the type, the message and the context of an error.

use std::borrow::Cow;

use super::{dates::NoDate, json::write_text};

/// What is wrong with a value.
pub(in crate::accounts) enum Fault {
    Missing,
    NotAnObject,
    NotText,
    /// A lone surrogate.
    Unicode,
    Json(&'static str),
    Email(String),
    TooShort(i64),
    TooLong(i64),
    Pattern(String),
    NotInteger,
    IntegerParsing,
    Fraction,
    /// More than 64 bits.
    IntegerSize,
    /// Infinite, or no number at all.
    Infinite,
    NotNumber,
    NumberParsing,
    NotBoolean,
    BooleanParsing,
    NotDate,
    NoDate(NoDate),
    /// The bound, as the context writes it.
    TooSmall(Bound),
    TooLarge(Bound),
}

/// The bound of a number.
#[derive(Clone, Copy)]
pub(in crate::accounts) enum Bound {
    Integer(i64),
    /// Of a `float`, which is written as one.
    Number(i64),
}

impl Fault {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotAnObject => "model_attributes_type",
            Self::NotText => "string_type",
            Self::Unicode => "string_unicode",
            Self::Json(_) => "json_invalid",
            Self::Email(_) => "value_error",
            Self::TooShort(_) => "string_too_short",
            Self::TooLong(_) => "string_too_long",
            Self::Pattern(_) => "string_pattern_mismatch",
            Self::NotInteger => "int_type",
            Self::IntegerParsing => "int_parsing",
            Self::Fraction => "int_from_float",
            Self::IntegerSize => "int_parsing_size",
            Self::Infinite => "finite_number",
            Self::NotNumber => "float_type",
            Self::NumberParsing => "float_parsing",
            Self::NotBoolean => "bool_type",
            Self::BooleanParsing => "bool_parsing",
            Self::NotDate => "date_type",
            Self::NoDate(NoDate::Unreadable(_)) => "date_from_datetime_parsing",
            Self::NoDate(NoDate::Inexact) => "date_from_datetime_inexact",
            Self::NoDate(NoDate::Year) => "date_parsing",
            Self::TooSmall(_) => "greater_than_equal",
            Self::TooLarge(_) => "less_than_equal",
        }
    }

    pub(super) fn message(&self) -> Cow<'static, str> {
        let fixed = match self {
            Self::Missing => "Field required",
            Self::NotAnObject => {
                "Input should be a valid dictionary or object to extract fields from"
            }
            Self::NotText => "Input should be a valid string",
            Self::Unicode => {
                "Input should be a valid string, unable to parse raw data as a unicode string"
            }
            Self::Json(_) => "JSON decode error",
            Self::NotInteger => "Input should be a valid integer",
            Self::IntegerParsing => {
                "Input should be a valid integer, unable to parse string as an integer"
            }
            Self::Fraction => {
                "Input should be a valid integer, got a number with a fractional part"
            }
            Self::IntegerSize => {
                "Unable to parse input string as an integer, exceeded maximum size"
            }
            Self::Infinite => "Input should be a finite number",
            Self::NotNumber => "Input should be a valid number",
            Self::NumberParsing => {
                "Input should be a valid number, unable to parse string as a number"
            }
            Self::NotBoolean => "Input should be a valid boolean",
            Self::BooleanParsing => "Input should be a valid boolean, unable to interpret input",
            Self::NotDate => "Input should be a valid date",
            Self::NoDate(NoDate::Inexact) => {
                "Datetimes provided to dates should have zero time - e.g. be exact dates"
            }
            Self::NoDate(NoDate::Year) => {
                "Input should be a valid date in the format YYYY-MM-DD, year 0 is out of range"
            }
            Self::Email(reason) => {
                return format!("value is not a valid email address: {reason}").into();
            }
            Self::TooShort(least) => {
                let s = plural(*least);
                return format!("String should have at least {least} character{s}").into();
            }
            Self::TooLong(most) => {
                let s = plural(*most);
                return format!("String should have at most {most} character{s}").into();
            }
            Self::Pattern(pattern) => {
                return format!("String should match pattern '{pattern}'").into();
            }
            Self::NoDate(NoDate::Unreadable(reason)) => {
                return format!("Input should be a valid date or datetime, {reason}").into();
            }
            Self::TooSmall(Bound::Integer(bound) | Bound::Number(bound)) => {
                return format!("Input should be greater than or equal to {bound}").into();
            }
            Self::TooLarge(Bound::Integer(bound) | Bound::Number(bound)) => {
                return format!("Input should be less than or equal to {bound}").into();
            }
        };
        fixed.into()
    }

    /// The name and the JSON of what the message is made of.
    pub(super) fn context(&self) -> Option<(&'static str, String)> {
        let context = match self {
            Self::Json(message) => ("error", text(message)),
            Self::Email(reason) => ("reason", text(reason)),
            Self::TooShort(least) => ("min_length", least.to_string()),
            Self::TooLong(most) => ("max_length", most.to_string()),
            Self::Pattern(pattern) => ("pattern", text(pattern)),
            Self::NoDate(NoDate::Unreadable(reason)) => ("error", text(reason)),
            Self::NoDate(NoDate::Year) => ("error", text("year 0 is out of range")),
            Self::TooSmall(bound) => ("ge", bound.written()),
            Self::TooLarge(bound) => ("le", bound.written()),
            Self::Missing
            | Self::NotAnObject
            | Self::NotText
            | Self::Unicode
            | Self::NotInteger
            | Self::IntegerParsing
            | Self::Fraction
            | Self::IntegerSize
            | Self::Infinite
            | Self::NotNumber
            | Self::NumberParsing
            | Self::NotBoolean
            | Self::BooleanParsing
            | Self::NotDate
            | Self::NoDate(NoDate::Inexact) => return None,
        };
        Some(context)
    }
}

impl Bound {
    fn written(self) -> String {
        match self {
            Self::Integer(bound) => bound.to_string(),
            Self::Number(bound) => format!("{bound}.0"),
        }
    }
}

fn plural(count: i64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn text(text: &str) -> String {
    let mut out = String::new();
    write_text(text, &mut out);
    out
}
