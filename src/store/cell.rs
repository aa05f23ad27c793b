//! One value of a row, the same for both databases.
//!
//! A cell keeps what the column's type says and nothing of the driver. It promises that its text
//! is canonical: one value has one spelling. It is not `Debug`, because it is a value of a row.

use super::moment::Moment;

/// A fetched value.
#[derive(Clone)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    /// A decimal number in the server's own spelling.
    Decimal(String),
    /// Text, or bytes that may be text.
    Text(Vec<u8>),
    Moment(Moment),
    /// A time of day or an interval, spelt as SQL spells it.
    Time(String),
}

impl Cell {
    /// The canonical text; `None` for NULL and for bytes that are not UTF-8.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Integer(number) => Some(number.to_string()),
            Self::Unsigned(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Decimal(text) | Self::Time(text) => Some(text.clone()),
            Self::Text(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Moment(moment) => Some(moment.to_string()),
        }
    }

    /// Whether the row was meant by `wanted`. A text column was compared by its own collation;
    /// anything else was compared after a conversion that makes `42abc` equal 42, so its
    /// canonical text has to be the one that was asked for.
    pub(super) fn is_meant_by(&self, wanted: &str) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Null => false,
            Self::Integer(_)
            | Self::Unsigned(_)
            | Self::Float(_)
            | Self::Decimal(_)
            | Self::Moment(_)
            | Self::Time(_) => self.text().as_deref() == Some(wanted),
        }
    }

    /// The value as a whole number, where it is one without any rounding.
    pub(super) fn integer(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(i128::from(*number)),
            Self::Unsigned(number) => Some(i128::from(*number)),
            Self::Decimal(text) => canonical_integer(text),
            Self::Text(bytes) => canonical_integer(std::str::from_utf8(bytes).ok()?),
            Self::Null | Self::Float(_) | Self::Moment(_) | Self::Time(_) => None,
        }
    }
}

/// The integer that a text spells canonically: no sign but `-`, no leading zero, no space.
pub(super) fn canonical_integer(text: &str) -> Option<i128> {
    let number: i128 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_means_an_integer() {
        for text in [
            "42 ", " 42", "+42", "042", "42.0", "42abc", "4.2e1", "0x2a", "", "-0", "٤٢",
        ] {
            assert!(!Cell::Integer(42).is_meant_by(text), "{text:?}");
            assert_eq!(canonical_integer(text), None, "{text:?}");
        }
        assert!(Cell::Integer(42).is_meant_by("42"));
        assert!(Cell::Unsigned(u64::MAX).is_meant_by("18446744073709551615"));
        assert!(!Cell::Null.is_meant_by(""));
    }
}
