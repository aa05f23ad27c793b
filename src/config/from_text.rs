//! Reading a value from a text with a form of its own, such as `30d`.
//!
//! The type's error says what is expected and how to put it right; it never repeats the text, which may be a secret
//! that was put in the wrong place.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::de::{Error, Unexpected, Visitor};

/// Parses a `T`.
pub(super) struct FromText<T: FromStr> {
    expected: T::Err,
    value: PhantomData<T>,
}

impl<T: FromStr> FromText<T> {
    /// `expected` is the error that describes the form best.
    pub(super) fn expecting(expected: T::Err) -> Self {
        Self {
            expected,
            value: PhantomData,
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.expected, f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: T::Err| {
            E::invalid_value(Unexpected::Str(text), &error.to_string().as_str())
        })
    }
}
