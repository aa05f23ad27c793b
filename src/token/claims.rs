//! Claims with the types that RFC 7519 gives them; a claim of another type makes the token invalid.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::id::session_of;
use crate::clock::UnixSeconds;

/// The claims of a token, in their order. Repeated names are an error: two parsers would pick different ones.
///
/// They are kept with the proof as long as the token is remembered, so they take no room that they do not fill; there are
/// few of them, and going through their names is faster than hashing one.
#[derive(Clone)]
pub struct Claims(Box<[(Box<str>, Value)]>);

/// Who a token is about, with the JSON type that the issuer chose.
#[derive(Clone, PartialEq, Eq)]
pub enum Subject {
    /// A JSON string (RFC 7519 section 4.1.2).
    Text(String),
    /// A JSON integer, as some frameworks issue it.
    Integer(i64),
}

impl Claims {
    /// The claim as it stands.
    pub fn value(&self, name: &str) -> Option<&Value> {
        let mut claims = self.0.iter();
        claims
            .find(|(known, _)| **known == *name)
            .map(|(_, value)| value)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// About how many bytes they take.
    pub fn weight(&self) -> usize {
        let claims = self.0.iter();
        let weights = claims
            .map(|(name, value)| size_of::<(Box<str>, Value)>() + heap(name.len()) + within(value));
        heap(weights.sum())
    }

    /// A `NumericDate`: seconds since the epoch, a fraction cut off. `Err` when it is there with another type.
    pub fn time(&self, name: &'static str) -> Result<Option<UnixSeconds>, ClaimError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let seconds = value.as_u64().or_else(|| value.as_f64().and_then(whole));
        seconds
            .map(|seconds| Some(UnixSeconds(seconds)))
            .ok_or(ClaimError::WrongType(name))
    }

    /// What `jti` says, where it is a text.
    pub fn token_id(&self) -> Option<&str> {
        self.value("jti")?.as_str()
    }

    /// The session that the token is of, as its `jti` says.
    pub fn session(&self) -> Option<&str> {
        session_of(self.token_id()?)
    }

    /// The subject: a non-empty text without control characters, or an integer.
    pub fn subject(&self, name: &str) -> Result<Subject, ClaimError> {
        match self.value(name) {
            None => Err(ClaimError::NoSubject),
            Some(Value::String(text)) if is_subject(text) => Ok(Subject::Text(text.clone())),
            Some(Value::Number(number)) => {
                let unsigned = || {
                    number
                        .as_u64()
                        .map(|large| Subject::Text(large.to_string()))
                };
                let signed = number.as_i64().map(Subject::Integer);
                signed.or_else(unsigned).ok_or(ClaimError::Subject)
            }
            Some(_) => Err(ClaimError::Subject),
        }
    }
}

/// About how many bytes an allocation of this size takes.
const fn heap(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes + 16 }
}

/// About how many bytes a value takes besides itself.
fn within(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => heap(text.capacity()),
        Value::Array(values) => {
            let within = values.iter().map(within).sum::<usize>();
            heap(values.capacity() * size_of::<Value>()) + within
        }
        Value::Object(map) => {
            let entries = map.iter();
            let within = entries
                .map(|(name, value)| heap(name.capacity()) + within(value))
                .sum::<usize>();
            // Each has its hash and a place in the table of hashes, of which an eighth is free at least.
            let entry = size_of::<(usize, String, Value)>() + 2 * size_of::<usize>();
            heap(map.len().next_power_of_two() * entry) + within
        }
    }
}

/// Without what was kept free for more.
fn fitted(mut value: Value) -> Value {
    match &mut value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => text.shrink_to_fit(),
        Value::Array(values) => *values = std::mem::take(values).into_iter().map(fitted).collect(),
        Value::Object(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(name, value)| (name, fitted(value)))
                .collect();
        }
    }
    value
}

/// A fraction of a second is cut off; what is not a moment between 1970 and the end of 64-bit floats is no time.
fn whole(seconds: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked just before"
    )]
    (0.0..EXACT).contains(&seconds).then_some(seconds as u64)
}

fn is_subject(text: &str) -> bool {
    // An upstream would trim a header's value, and so read another subject.
    let trimmed = text.trim() == text;
    !text.is_empty() && trimmed && text.len() <= 512 && !text.chars().any(char::is_control)
}

/// A claim that is not what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A time that is not a number, or not a moment.
    #[error("the claim {0} is not a time")]
    WrongType(&'static str),
    /// The subject claim is missing.
    #[error("the subject claim is missing")]
    NoSubject,
    /// The subject is neither a usable text nor an integer.
    #[error("the subject claim is neither a text nor an integer")]
    Subject,
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Integer(integer) => integer.fmt(formatter),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Subject([redacted])")
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be e-mails; names are enough to see what is there.
        formatter.debug_set().entries(self.names()).finish()
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = Claims;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Claims, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim is repeated"));
                    }
                }
                let claims = map.into_iter();
                let claims = claims.map(|(name, value)| (name.into(), fitted(value)));
                Ok(Claims(claims.collect()))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        serde_json::from_str(json).expect("claims")
    }

    #[test]
    fn times_are_numbers() {
        assert_eq!(claims(r#"{"exp":5}"#).time("exp"), Ok(Some(UnixSeconds(5))));
        assert_eq!(
            claims(r#"{"exp":5.9}"#).time("exp"),
            Ok(Some(UnixSeconds(5)))
        );
        assert_eq!(claims("{}").time("exp"), Ok(None));
        for wrong in ["\"5\"", "-1", "1e300", "null", "true", "[5]", "{}"] {
            let json = format!(r#"{{"exp":{wrong}}}"#);
            assert_eq!(claims(&json).time("exp"), Err(ClaimError::WrongType("exp")));
        }
    }

    #[test]
    fn subjects_keep_their_json_type() {
        let subject = |json: &str| claims(json).subject("sub");
        assert_eq!(subject(r#"{"sub":"7"}"#), Ok(Subject::Text("7".to_owned())));
        assert_eq!(subject(r#"{"sub":7}"#), Ok(Subject::Integer(7)));
        let large = Ok(Subject::Text(u64::MAX.to_string()));
        assert_eq!(subject(&format!("{{\"sub\":{}}}", u64::MAX)), large);
        let larger = format!("{{\"sub\":{}0}}", u64::MAX);
        assert_eq!(subject(&larger), Err(ClaimError::Subject));
        assert_eq!(subject("{}"), Err(ClaimError::NoSubject));
        for wrong in [
            "\"\"",
            "\" 7\"",
            "null",
            "1.5",
            "true",
            "[]",
            "\"a\\r\\nX: y\"",
            "\"a\\u0000\"",
        ] {
            let json = format!(r#"{{"sub":{wrong}}}"#);
            assert_eq!(subject(&json), Err(ClaimError::Subject), "{wrong}");
        }
    }

    #[test]
    fn a_repeated_claim_is_an_error() {
        assert!(serde_json::from_str::<Claims>(r#"{"sub":"1","sub":"2"}"#).is_err());
    }
}
