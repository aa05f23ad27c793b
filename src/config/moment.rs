//! Moments as operators write them: `2026-01-31T12:00:00Z`.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use thiserror::Error;
use x509_cert::der::DateTime;

use super::from_text::FromText;
use crate::clock::UnixSeconds;

/// A moment from the configuration, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(UnixSeconds);

/// Why a text is not a moment. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MomentError {
    /// It has another form, or names a day that there is not.
    #[error("a moment in UTC; fix: write it as 2026-01-31T12:00:00Z")]
    Form,
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let moment = DateTime::from_str(text).map_err(|_| MomentError::Form)?;
        Ok(Self(UnixSeconds(moment.unix_duration().as_secs())))
    }
}

impl From<Moment> for UnixSeconds {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::expecting(MomentError::Form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_moments_of_utc_to_the_second() {
        let seconds = |text: &str| text.parse::<Moment>().map(|moment| moment.0.0);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(seconds("2026-01-31T12:00:00Z"), Ok(1_769_860_800));
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+09:00",
            "2026-02-30T12:00:00Z",
            "2026-01-31 12:00:00Z",
            "1769860800",
        ] {
            assert_eq!(seconds(text), Err(MomentError::Form), "{text}");
        }
    }
}
