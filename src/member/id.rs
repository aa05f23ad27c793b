//! The identity of a member, in the type its column has.
//!
//! One identity has one value: an integer that fits `i64` is always `Integer`, whatever the
//! signedness of its column, so that equal ids compare equal. It does not decide whether a text
//! that looks like a number is one; the column does.

use std::fmt;

use serde_json::Value;

/// A member's id. Its `Display` is the canonical text: what goes into a claim or a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemberId {
    /// Any integer that fits.
    Integer(i64),
    /// An unsigned integer above `i64::MAX`; `MemberId::from(u64)` keeps it so.
    Unsigned(u64),
    /// A UUID, a login name, an e-mail.
    Text(String),
}

impl MemberId {
    /// The id with its JSON type: a number for an integer column, a string otherwise.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Integer(number) => Value::from(*number),
            Self::Unsigned(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl From<i64> for MemberId {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u64> for MemberId {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Unsigned(number), Self::Integer)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(formatter),
            Self::Unsigned(number) => number.fmt(formatter),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_id() {
        assert_eq!(MemberId::from(42_u64), MemberId::from(42_i64));
        assert_eq!(MemberId::from(u64::MAX).to_string(), "18446744073709551615");
        assert_eq!(MemberId::from(-3_i64).to_string(), "-3");
        assert_eq!(MemberId::from(u64::MAX).to_json(), Value::from(u64::MAX));
    }
}
