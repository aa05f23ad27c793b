//! Sizes as operators write them: `10MiB`, `64KiB`, `512B`.
//!
//! A whole number and a unit, powers of 1024 only, since `MB` means two things. Never a bare number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::from_text::FromText;

/// A number of bytes from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// Why a text is not a size. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SizeError {
    /// There is no number, or not a whole one.
    #[error("a size; fix: write a whole number and a unit, such as 10MiB, 64KiB or 512B")]
    Number,
    /// There is a number alone.
    #[error("a size with its unit; fix: add B, KiB, MiB or GiB, such as 10MiB, 64KiB or 512B")]
    NoUnit,
    /// The unit is another one.
    #[error(
        "a size in B, KiB, MiB or GiB; fix: use one of these units, such as 10MiB, 64KiB or 512B"
    )]
    Unit,
    /// It does not fit.
    #[error("a size of at most 1048576GiB; fix: write a smaller one")]
    TooLarge,
}

/// The largest size, a pebibyte: it fits every integer that counts bytes on the machines this runs on.
const LARGEST: u64 = 1 << 50;

impl Size {
    /// A size of this many bytes, for defaults.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }
}

/// A size, or the word `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit(Option<Size>);

/// Why a text is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}, or `unlimited`")]
pub struct SizeLimitError(SizeError);

impl SizeLimit {
    /// This size, for defaults.
    pub const fn of(size: Size) -> Self {
        Self(Some(size))
    }
}

impl FromStr for SizeLimit {
    type Err = SizeLimitError;

    fn from_str(text: &str) -> Result<Self, SizeLimitError> {
        match text {
            "unlimited" => Ok(Self(None)),
            size => size.parse().map(Self::of).map_err(SizeLimitError),
        }
    }
}

impl From<SizeLimit> for u64 {
    fn from(limit: SizeLimit) -> Self {
        limit.0.map_or(Self::MAX, Self::from)
    }
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(size) => size.fmt(f),
            None => f.write_str("unlimited"),
        }
    }
}

impl Serialize for SizeLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SizeLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(SizeLimitError(SizeError::Number)))
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or(SizeError::Number)?;
        if number.is_empty() || unit.starts_with(['.', ',', '_']) {
            return Err(SizeError::Number);
        }
        let bytes: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "" => return Err(SizeError::NoUnit),
            _ => return Err(SizeError::Unit),
        };
        let number: u64 = number.parse().map_err(|_| SizeError::TooLarge)?;
        number
            .checked_mul(bytes)
            .filter(|size| *size <= LARGEST)
            .map(Self)
            .ok_or(SizeError::TooLarge)
    }
}

impl From<Size> for u64 {
    fn from(size: Size) -> Self {
        size.0
    }
}

impl From<Size> for usize {
    fn from(size: Size) -> Self {
        Self::try_from(size.0).unwrap_or(Self::MAX)
    }
}

impl fmt::Display for Size {
    /// In the largest unit that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let fits = |(length, _): &(u64, &str)| self.0 > 0 && self.0.is_multiple_of(*length);
        let (length, unit) = units.into_iter().find(fits).unwrap_or((1, "B"));
        write!(f, "{}{unit}", self.0 / length)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(SizeError::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, expected) in [
            ("512B", 512),
            ("64KiB", 65_536),
            ("10MiB", 10_485_760),
            ("1GiB", 1 << 30),
            ("0B", 0),
            ("1048576GiB", LARGEST),
        ] {
            assert_eq!(text.parse::<Size>().map(u64::from), Ok(expected), "{text}");
        }
    }

    #[test]
    fn is_written_in_the_largest_unit_that_fits() {
        for text in ["512B", "1025B", "64KiB", "10MiB", "1GiB", "0B"] {
            assert_eq!(
                text.parse::<Size>().map(|size| size.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(Size::from_bytes(1 << 20).to_string(), "1MiB");
    }

    #[test]
    fn a_limit_may_be_none() {
        let limit = |text: &str| text.parse::<SizeLimit>().map(u64::from);
        assert_eq!(
            (limit("unlimited"), limit("1KiB")),
            (Ok(u64::MAX), Ok(1024))
        );
        assert_eq!(limit("none"), Err(SizeLimitError(SizeError::Number)));
    }

    #[test]
    fn refuses_everything_else() {
        for (text, expected) in [
            ("", SizeError::Number),
            ("MiB", SizeError::Number),
            ("-1B", SizeError::Number),
            ("1.5MiB", SizeError::Number),
            ("10", SizeError::NoUnit),
            ("10MB", SizeError::Unit),
            ("10mib", SizeError::Unit),
            ("10 MiB", SizeError::Unit),
            ("99999999999999999999B", SizeError::TooLarge),
            ("18446744073709551615GiB", SizeError::TooLarge),
        ] {
            assert_eq!(text.parse::<Size>(), Err(expected), "{text}");
        }
    }
}
