//! Durations as operators write them: `30d`, `15m`, `500ms`.
//!
//! A whole number and a unit, never a bare number. Only the form is checked here, not whether the length makes sense.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::from_text::FromText;

/// A duration from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// Why a text is not a duration. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SpanError {
    /// There is no number, or not a whole one.
    #[error("a duration; fix: write a whole number and a unit, such as 30d, 1h, 15m, 10s or 500ms")]
    Number,
    /// There is a number alone.
    #[error(
        "a duration with its unit; fix: add d, h, m, s or ms, such as 30d, 1h, 15m, 10s or 500ms"
    )]
    NoUnit,
    /// The unit is another one.
    #[error(
        "a duration in d, h, m, s or ms; fix: use one of these units, such as 30d, 1h, 15m, 10s or 500ms"
    )]
    Unit,
    /// It does not fit.
    #[error("a duration of at most 36500d; fix: write a shorter one")]
    TooLong,
}

/// The longest duration, a century: far enough, and safe to add to any clock.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

impl Span {
    /// A duration of this many milliseconds, for defaults.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// A duration of this many seconds, for defaults.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or(SpanError::Number)?;
        if number.is_empty() || unit.starts_with(['.', ',', '_']) {
            return Err(SpanError::Number);
        }
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "" => return Err(SpanError::NoUnit),
            _ => return Err(SpanError::Unit),
        };
        let number: u64 = number.parse().map_err(|_| SpanError::TooLong)?;
        let length = number.checked_mul(milliseconds).map(Duration::from_millis);
        length
            .filter(|length| *length <= LONGEST)
            .map(Self)
            .ok_or(SpanError::TooLong)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl fmt::Display for Span {
    /// In the largest unit that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let units = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
        ];
        let fits = |(length, _): &(u128, &str)| milliseconds.is_multiple_of(*length);
        match units.into_iter().find(fits) {
            _ if milliseconds == 0 => f.write_str("0s"),
            Some((length, unit)) => write!(f, "{}{unit}", milliseconds / length),
            None => write!(f, "{milliseconds}ms"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(SpanError::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, expected) in [
            ("500ms", Duration::from_millis(500)),
            ("10s", Duration::from_secs(10)),
            ("15m", Duration::from_secs(900)),
            ("1h", Duration::from_secs(3600)),
            ("30d", Duration::from_secs(30 * 86_400)),
            ("0s", Duration::ZERO),
            ("36500d", LONGEST),
        ] {
            assert_eq!(
                text.parse::<Span>().map(Duration::from),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn is_written_in_the_largest_unit_that_fits() {
        for text in [
            "500ms", "10s", "1500ms", "75s", "15m", "1h", "25h", "30d", "0s",
        ] {
            assert_eq!(
                text.parse::<Span>().map(|span| span.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(Span::from_secs(3600).to_string(), "1h");
    }

    #[test]
    fn refuses_everything_else() {
        for (text, expected) in [
            ("", SpanError::Number),
            ("s", SpanError::Number),
            ("-5s", SpanError::Number),
            ("1.5h", SpanError::Number),
            ("1_000s", SpanError::Number),
            ("15", SpanError::NoUnit),
            ("15 m", SpanError::Unit),
            ("15M", SpanError::Unit),
            ("2w", SpanError::Unit),
            ("1h30m", SpanError::Unit),
            ("٣s", SpanError::Number),
            ("99999999999999999999s", SpanError::TooLong),
            ("18446744073709551615d", SpanError::TooLong),
            ("36501d", SpanError::TooLong),
        ] {
            assert_eq!(text.parse::<Span>(), Err(expected), "{text}");
        }
    }
}
