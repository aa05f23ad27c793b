//! Why a document does not fit a type, and at which node: the error type of the [deserialiser](crate::config::reading::deserialize).
//!
//! It carries positions and the words of the type, never a value that it was made with: neither `Display` nor `Debug`
//! shows what a custom type said, since such messages repeat what they were given.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

/// What does not fit.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// A key that the type does not have.
    UnknownKey {
        /// What it has.
        allowed: &'static [&'static str],
    },
    /// A word that is not one of the type's.
    UnknownVariant {
        /// What it has.
        allowed: &'static [&'static str],
    },
    /// A key that the type needs.
    MissingKey(&'static str),
    /// A key that was given under two of its names.
    RepeatedKey(&'static str),
    /// Another kind of value is wanted; in the type's words.
    Expected(String),
    /// A type's own message, which may repeat the value.
    Said(String),
    /// It has been reported already.
    Reported,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKey { .. } => "UnknownKey",
            Self::UnknownVariant { .. } => "UnknownVariant",
            Self::MissingKey(_) => "MissingKey",
            Self::RepeatedKey(_) => "RepeatedKey",
            Self::Expected(_) => "Expected",
            Self::Said(_) => "Said",
            Self::Reported => "Reported",
        })
    }
}

/// A [`Kind`] and the way to the node that it is about.
#[derive(Debug, Clone)]
pub struct ReadError {
    kind: Kind,
    /// Positions, the deepest first.
    trail: Vec<usize>,
    /// The entry whose key it is about.
    key: Option<usize>,
}

impl ReadError {
    /// An error about the node at hand.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            trail: Vec::new(),
            key: None,
        }
    }

    /// Something that the type does not expect.
    pub fn expected(expected: &dyn Expected) -> Self {
        Self::new(Kind::Expected(expected.to_string()))
    }

    /// The same error, about the child at `position` of the node at hand.
    #[must_use]
    pub fn below(mut self, position: usize) -> Self {
        self.trail.push(position);
        self
    }

    /// The same error, about the key at `position` of the node at hand.
    #[must_use]
    pub fn about_key(mut self, position: usize) -> Self {
        if self.trail.is_empty() && self.key.is_none() {
            self.key = Some(position);
        }
        self
    }

    /// What does not fit.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The way from the document to the node.
    pub fn trail(&self) -> Vec<usize> {
        self.trail.iter().rev().copied().collect()
    }

    /// The position of the key that it is about, in the node.
    pub fn key(&self) -> Option<usize> {
        self.key
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the document does not fit")
    }
}

impl std::error::Error for ReadError {}

impl Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Said(message.to_string()))
    }

    fn invalid_type(_unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_value(_unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_length(_length: usize, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn unknown_variant(_variant: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownVariant { allowed })
    }

    fn unknown_field(_field: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownKey { allowed })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::MissingKey(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Kind::RepeatedKey(field))
    }
}
