//! Shares as operators write them: `20%`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::from_text::FromText;

/// A share from the configuration, in whole hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

/// Why a text is not a share. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PercentError {
    /// There is no number, or not a whole one, or something else than `%` behind it.
    #[error("a share; fix: write a whole number and %, such as 20%")]
    Form,
    /// It is more than everything.
    #[error("a share of at most 100%; fix: write a smaller one")]
    TooLarge,
}

impl Percent {
    /// This many hundredths, for defaults.
    pub const fn new(hundredths: u8) -> Self {
        Self(hundredths)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let number = text.strip_suffix('%').ok_or(PercentError::Form)?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PercentError::Form);
        }
        let number: Option<u8> = number.parse().ok();
        let number = number.filter(|number| *number <= 100);
        number.map(Self).ok_or(PercentError::TooLarge)
    }
}

impl From<Percent> for u32 {
    fn from(percent: Percent) -> Self {
        percent.0.into()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(PercentError::Form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shares_and_refuses_everything_else() {
        let read = |text: &str| text.parse().map(|percent: Percent| u32::from(percent));
        for (text, expected) in [
            ("0%", Ok(0)),
            ("20%", Ok(20)),
            ("100%", Ok(100)),
            ("101%", Err(PercentError::TooLarge)),
            ("9999999%", Err(PercentError::TooLarge)),
            ("", Err(PercentError::Form)),
            ("%", Err(PercentError::Form)),
            ("20", Err(PercentError::Form)),
            ("+20%", Err(PercentError::Form)),
            ("2.5%", Err(PercentError::Form)),
            ("20 %", Err(PercentError::Form)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
