//! Rates as operators write them: `10/1m`, `100/1s`.
//!
//! A whole number, a slash and a duration. Whether such a rate can be kept is not checked here.

use std::{str::FromStr, time::Duration};

use serde::de::{Deserialize, Deserializer};
use thiserror::Error;

use super::{
    duration::{Span, SpanError},
    from_text::FromText,
};

/// So many in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In which time.
    pub period: Span,
}

/// Why a text is not a rate. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RateError {
    /// There are no two parts, or the first is no whole number.
    #[error("a rate; fix: write a whole number, a slash and a duration, such as 10/1m or 100/1s")]
    Form,
    /// The number does not fit.
    #[error("a rate of at most 1000000; fix: write a smaller number")]
    TooMany,
    /// The second part is not a duration.
    #[error(
        "a rate with a duration after the slash; fix: write a whole number and d, h, m, s or ms, such as 10/1m"
    )]
    Period(SpanError),
}

/// The most in one period.
const MOST: u32 = 1_000_000;

impl Rate {
    /// So many in so many seconds, for defaults.
    pub const fn per_seconds(count: u32, seconds: u64) -> Self {
        Self {
            count,
            period: Span::from_secs(seconds),
        }
    }

    /// The time as a duration.
    pub fn period(self) -> Duration {
        self.period.into()
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (count, period) = text.split_once('/').ok_or(RateError::Form)?;
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RateError::Form);
        }
        let count = count.parse().ok().filter(|count| *count <= MOST);
        Ok(Self {
            count: count.ok_or(RateError::TooMany)?,
            period: period.parse().map_err(RateError::Period)?,
        })
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(RateError::Form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_and_a_duration() {
        assert_eq!("10/1m".parse(), Ok(Rate::per_seconds(10, 60)));
        assert_eq!("1000000/1s".parse(), Ok(Rate::per_seconds(1_000_000, 1)));
        assert_eq!("0/1s".parse(), Ok(Rate::per_seconds(0, 1)));
    }

    #[test]
    fn refuses_everything_else() {
        for (text, expected) in [
            ("", RateError::Form),
            ("10", RateError::Form),
            ("10 / 1m", RateError::Form),
            ("+10/1m", RateError::Form),
            ("-1/1m", RateError::Form),
            ("1.5/1m", RateError::Form),
            ("/1m", RateError::Form),
            ("1000001/1m", RateError::TooMany),
            ("99999999999/1m", RateError::TooMany),
            ("10/m", RateError::Period(SpanError::Number)),
            ("10/60", RateError::Period(SpanError::NoUnit)),
            ("10/1m/1s", RateError::Period(SpanError::Unit)),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(expected), "{text}");
        }
    }
}
