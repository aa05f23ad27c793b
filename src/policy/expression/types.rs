//! The types of expressions, as far as they can be told before there is a request.

use std::fmt;

/// What an expression will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// Anything: it comes out of a claim.
    Any,
    Boolean,
    Integer,
    Unsigned,
    Float,
    Text,
    Null,
    Moment,
    Duration,
    List(Box<Self>),
    /// What an empty list has.
    Nothing,
}

impl Type {
    pub(super) fn list_of(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// Whether it is this, or may be.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any | Self::Nothing, _) | (_, Self::Any | Self::Nothing) => true,
            (Self::List(mine), Self::List(theirs)) => mine.may_be(theirs),
            (mine, theirs) => mine == theirs,
        }
    }

    /// Whether the two can be equal. Numbers are compared by value, whatever they are written as, and `null` with
    /// everything.
    pub(super) fn compares_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => true,
            (Self::List(mine), Self::List(theirs)) => mine.compares_with(theirs),
            (mine, theirs) => mine.may_be(theirs) || (mine.is_number() && theirs.is_number()),
        }
    }

    /// Whether one can be less than the other.
    pub(super) fn is_ordered_with(&self, other: &Self) -> bool {
        let ordered = |one: &Self| match one {
            Self::Any
            | Self::Nothing
            | Self::Integer
            | Self::Unsigned
            | Self::Float
            | Self::Text
            | Self::Moment
            | Self::Duration => true,
            Self::Boolean | Self::Null | Self::List(_) => false,
        };
        ordered(self) && ordered(other) && self.compares_with(other)
    }

    /// Whether nothing is known of it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Any | Self::Nothing)
    }

    /// What it is a list of, if it is or may be one.
    pub(super) fn element(&self) -> Option<Self> {
        match self {
            Self::Any | Self::Nothing => Some(Self::Any),
            Self::List(element) => Some((**element).clone()),
            Self::Boolean
            | Self::Integer
            | Self::Unsigned
            | Self::Float
            | Self::Text
            | Self::Null
            | Self::Moment
            | Self::Duration => None,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Integer | Self::Unsigned | Self::Float)
    }

    /// What is one of the two.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, known) | (known, Self::Nothing) => known,
            (Self::List(mine), Self::List(theirs)) => Self::list_of(mine.or(*theirs)),
            (mine, theirs) if mine == theirs => mine,
            _ => Self::Any,
        }
    }
}

/// As CEL calls it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any | Self::Nothing => "dyn",
            Self::Boolean => "bool",
            Self::Integer => "int",
            Self::Unsigned => "uint",
            Self::Float => "double",
            Self::Text => "string",
            Self::Null => "null",
            Self::Moment => "timestamp",
            Self::Duration => "duration",
            Self::List(element) => return write!(f, "list({element})"),
        })
    }
}
