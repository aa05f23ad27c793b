//! One value against what its field has to be, as pydantic reads it when it is not strict.

use serde_json::{Number, Value as Json};

use super::{
    dates, email,
    fault::{Bound, Fault},
    field::{Field, FieldType, Limits, Trim},
    json::{Text, Value},
    python,
};

/// What became of one field.
pub(super) enum Checked {
    Valid(Json),
    Faulty(Fault),
    /// Valid for pydantic, but nothing that UTF-8 or a number of ours can express.
    Inexpressible(Fault),
}

pub(super) fn checked(field: &Field, input: &Value) -> Checked {
    match field.field_type {
        FieldType::Text | FieldType::Email => match input {
            Value::Text(text) => of_text(field, text),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Array(_)
            | Value::Object(_) => Checked::Faulty(Fault::NotText),
        },
        FieldType::Integer => integer(input).limited(&field.limits, Bound::Integer),
        FieldType::Number => number(input).limited(&field.limits, Bound::Number),
        FieldType::Boolean => boolean(input),
        FieldType::Date => date(input),
        FieldType::Json => to_json(input).map_or_else(Checked::Inexpressible, Checked::Valid),
    }
}

fn of_text(field: &Field, text: &Text) -> Checked {
    let trimmed = trim(text.marked(), field.trim);
    let value = match field.field_type {
        FieldType::Email => match email::normalize(trimmed) {
            Ok(address) => address,
            Err(reason) => return Checked::Faulty(Fault::Email(reason)),
        },
        FieldType::Text
        | FieldType::Integer
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Json => trimmed.to_owned(),
    };
    let Limits { min, max, pattern } = &field.limits;
    if min.is_some() || max.is_some() {
        let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        if let Some(least) = min.filter(|least| length < *least) {
            return Checked::Faulty(Fault::TooShort(least));
        }
        if let Some(most) = max.filter(|most| length > *most) {
            return Checked::Faulty(Fault::TooLong(most));
        }
    }
    if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.is_match(&value)) {
        return Checked::Faulty(Fault::Pattern(pattern.as_str().to_owned()));
    }
    // An address may hold none of the marks that stand for a lone surrogate.
    if field.field_type == FieldType::Text && text.as_unicode().is_none() {
        return Checked::Inexpressible(Fault::Unicode);
    }
    Checked::Valid(value.into())
}

fn trim(text: &str, trim: Trim) -> &str {
    match trim {
        Trim::Nothing => text,
        Trim::Both => python::strip(text),
        Trim::Start => text.trim_start_matches(python::is_space),
        Trim::End => text.trim_end_matches(python::is_space),
    }
}

impl Checked {
    /// What pydantic finds wrong.
    pub(super) fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Faulty(fault) => Some(fault),
            Self::Valid(_) | Self::Inexpressible(_) => None,
        }
    }

    /// What pydantic finds wrong, or we.
    pub(super) fn any_fault(&self) -> Option<&Fault> {
        match self {
            Self::Faulty(fault) | Self::Inexpressible(fault) => Some(fault),
            Self::Valid(_) => None,
        }
    }

    fn limited(self, limits: &Limits, bound: impl Fn(i64) -> Bound) -> Self {
        let Self::Valid(Json::Number(number)) = &self else {
            return self;
        };
        let value = number.as_f64().unwrap_or_default();
        #[expect(
            clippy::cast_precision_loss,
            reason = "nobody writes a bound that a float cannot hold"
        )]
        let beyond = |limit: i64| (value, limit as f64);
        if let Some(most) = limits.max {
            let (value, limit) = beyond(most);
            if value > limit {
                return Self::Faulty(Fault::TooLarge(bound(most)));
            }
        }
        if let Some(least) = limits.min {
            let (value, limit) = beyond(least);
            if value < limit {
                return Self::Faulty(Fault::TooSmall(bound(least)));
            }
        }
        self
    }
}

fn integer(input: &Value) -> Checked {
    match input {
        Value::Bool(truth) => Checked::Valid(i64::from(*truth).into()),
        Value::Integer(digits) => of_digits(digits),
        Value::Float(float) => of_float(*float),
        Value::Text(text) => as_integer(text.marked())
            .map_or(Checked::Faulty(Fault::IntegerParsing), |digits| {
                of_digits(&digits)
            }),
        Value::Null | Value::Array(_) | Value::Object(_) => Checked::Faulty(Fault::NotInteger),
    }
}

/// A whole float is an integer.
fn of_float(float: f64) -> Checked {
    if !float.is_finite() {
        return Checked::Faulty(Fault::Infinite);
    }
    if float.fract() != 0.0 {
        return Checked::Faulty(Fault::Fraction);
    }
    // Without a sign of its own: `-0` is 0.
    let digits = format!("{:.0}", float + 0.0);
    let number = digits.parse::<i64>();
    number.map_or(Checked::Faulty(Fault::IntegerSize), |number| {
        Checked::Valid(number.into())
    })
}

/// Python's integers have no end and pydantic lets 4300 digits pass. No column and no number of ours has more than 64 bits,
/// so that these are too large with the error that pydantic has for its own end.
fn of_digits(digits: &str) -> Checked {
    whole(digits).map_or(Checked::Inexpressible(Fault::IntegerSize), Checked::Valid)
}

fn whole(digits: &str) -> Option<Json> {
    let signed = digits.parse::<i64>().map(Json::from);
    signed
        .or_else(|_| digits.parse::<u64>().map(Json::from))
        .ok()
}

fn is_zero(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| byte == b'0')
}

/// The digits of a text that is an integer: with a sign, with single underscores, with a fraction of zeros.
fn as_integer(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let whole = match rest.split_once('.') {
        Some((whole, zeros)) if is_zero(zeros) => whole,
        Some(_) => return None,
        None => rest,
    };
    let mut groups = whole.split('_');
    let is_digits =
        |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    groups
        .all(is_digits)
        .then(|| format!("{sign}{}", whole.replace('_', "")))
}

fn number(input: &Value) -> Checked {
    let float = match input {
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        // As many digits as there are: what is too large is infinite.
        Value::Integer(digits) => digits.parse().unwrap_or(f64::INFINITY),
        Value::Float(float) => *float,
        Value::Text(text) => match as_number(text.marked()) {
            Some(float) => float,
            None => return Checked::Faulty(Fault::NumberParsing),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Checked::Faulty(Fault::NotNumber);
        }
    };
    let number = Number::from_f64(float);
    number.map_or(Checked::Inexpressible(Fault::Infinite), |number| {
        Checked::Valid(number.into())
    })
}

/// A text that is a number, with single underscores between digits.
fn as_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let mut groups = text.split('_').peekable();
    let mut is_first = true;
    while let Some(group) = groups.next() {
        let begins = is_first || group.starts_with(|first: char| first.is_ascii_digit());
        let ends = groups.peek().is_none() || group.ends_with(|last: char| last.is_ascii_digit());
        if !begins || !ends {
            return None;
        }
        is_first = false;
    }
    text.replace('_', "").parse().ok()
}

fn boolean(input: &Value) -> Checked {
    let truth = match input {
        Value::Bool(truth) => Some(*truth),
        Value::Integer(digits) => match digits.parse() {
            Ok(number) => of_number(number),
            Err(_) => return Checked::Faulty(Fault::NotBoolean),
        },
        Value::Float(float) => match format!("{float:.0}").parse() {
            Ok(number) if float.fract() == 0.0 => of_number(number),
            Ok(_) | Err(_) => return Checked::Faulty(Fault::NotBoolean),
        },
        Value::Text(text) => match text.marked().to_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
            "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Checked::Faulty(Fault::NotBoolean);
        }
    };
    truth.map_or(Checked::Faulty(Fault::BooleanParsing), |truth| {
        Checked::Valid(truth.into())
    })
}

fn of_number(number: i64) -> Option<bool> {
    match number {
        1 => Some(true),
        0 => Some(false),
        _ => None,
    }
}

fn date(input: &Value) -> Checked {
    let date = match input {
        Value::Text(text) => dates::parse(text.marked()),
        Value::Integer(digits) => match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => dates::of_number(number),
            Ok(_) | Err(_) => return Checked::Faulty(Fault::NotDate),
        },
        Value::Float(number) => dates::of_number(*number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Checked::Faulty(Fault::NotDate);
        }
    };
    date.map_or_else(
        |why| Checked::Faulty(Fault::NoDate(why)),
        |date| Checked::Valid(date.into()),
    )
}

/// The value as it was sent, if UTF-8 and numbers of ours can express it.
fn to_json(input: &Value) -> Result<Json, Fault> {
    let unicode = |text: &Text| text.as_unicode().map(str::to_owned).ok_or(Fault::Unicode);
    Ok(match input {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(digits) => whole(digits).ok_or(Fault::IntegerSize)?,
        Value::Float(float) => Number::from_f64(*float).ok_or(Fault::Infinite)?.into(),
        Value::Text(text) => unicode(text)?.into(),
        Value::Array(items) => items.iter().map(to_json).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| Ok((unicode(name)?, to_json(value)?)));
            Json::Object(members.collect::<Result<_, Fault>>()?)
        }
    })
}
