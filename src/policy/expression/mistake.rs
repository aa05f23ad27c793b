//! What is wrong with an expression, and what comes of evaluating one.

use std::ops::Range;

use cel::ExecutionError;

/// Why an expression cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes of the text that are meant.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// A name that is none, and those that there are.
    pub unknown: Option<Unknown>,
}

/// A name that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// As it is written.
    pub name: String,
    /// One of which may have been meant.
    pub known: Vec<&'static str>,
}

impl Mistake {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>, fix: &str) -> Self {
        Self {
            at,
            message: message.into(),
            fix: fix.to_owned(),
            unknown: None,
        }
    }

    pub(super) fn unknown(
        at: Range<usize>,
        what: &str,
        name: &str,
        known: &[&'static str],
    ) -> Self {
        Self {
            at,
            message: format!("there is no {what} `{name}`"),
            fix: format!("use one of: {}", known.join(", ")),
            unknown: Some(Unknown {
                name: name.to_owned(),
                known: known.to_vec(),
            }),
        }
    }
}

/// Why an expression has no answer for a request. Nothing of what a token says is in it but names that the expression
/// itself has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// Something is not there.
    #[error("there is no `{0}`")]
    Missing(String),
    /// Something is not there, and its name is not to be shown.
    #[error("something that the expression asks for is not there")]
    MissingOther,
    /// An operator or a function that is not for such values.
    #[error("`{operator}` cannot be applied to {types}")]
    Unfit {
        /// The operator or function.
        operator: String,
        /// What it was applied to.
        types: String,
    },
    /// A value of another type than is needed.
    #[error("a value is of another type than the expression needs")]
    WrongType,
    /// A function that cannot do anything with what it was given.
    #[error("`{0}` can make nothing of what it is given")]
    Unreadable(String),
    /// A number too large, or a division by zero.
    #[error("a number is out of range, or something is divided by zero")]
    OutOfRange,
    /// A list is shorter.
    #[error("a list has fewer elements")]
    Short,
    /// It would take too long.
    #[error(
        "it would take more than {} steps with so many claims",
        super::MOST_STEPS
    )]
    TooLong,
    /// The result.
    #[error("the result is neither true nor false")]
    NoAnswer,
    /// The library has failed.
    #[error("it could not be evaluated")]
    Broken,
}

impl EvaluationError {
    /// What a library's error comes to. `text` is the expression: only what it says itself is repeated.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library adds to its errors; what is not known refuses without an explanation"
    )]
    pub(super) fn of(error: &ExecutionError, text: &str) -> Self {
        match error {
            ExecutionError::NoSuchKey(key) if text.contains(key.as_str()) => {
                Self::Missing(key.to_string())
            }
            ExecutionError::NoSuchKey(_) => Self::MissingOther,
            ExecutionError::NoSuchOverload(overload) => Self::Unfit {
                operator: written(overload.function()),
                types: overload.argument_types().join(" and "),
            },
            ExecutionError::FunctionError { function, .. } => Self::Unreadable(function.clone()),
            ExecutionError::Overflow(..)
            | ExecutionError::DivisionByZero(_)
            | ExecutionError::RemainderByZero(_) => Self::OutOfRange,
            ExecutionError::IndexOutOfBounds(_) => Self::Short,
            ExecutionError::UnexpectedType { .. }
            | ExecutionError::ValuesNotComparable(..)
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::UnsupportedIndex(..)
            | ExecutionError::UnsupportedKeyType(_)
            | ExecutionError::UnsupportedTargetType { .. }
            | ExecutionError::NotSupportedAsMethod { .. }
            | ExecutionError::InvalidArgumentCount { .. } => Self::WrongType,
            _ => Self::Broken,
        }
    }
}

/// An operator as it is written, without the places of its operands.
pub(super) fn written(function: &str) -> String {
    function.trim_matches(['_', '@']).to_owned()
}
