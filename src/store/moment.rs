//! A date with a time of day, without a time zone: what a DATETIME column holds.
//!
//! It promises the ISO form that pydantic writes. A zero date, MySQL's stand-in for "none", is not
//! a moment; whoever reads one makes it NULL. It does not compute with dates.

use std::fmt;

/// A point in time as a column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) micros: u32,
}

impl Moment {
    /// Reads `2024-01-02`, optionally with `T` or a space and `03:04`, `03:04:05` or
    /// `03:04:05.123456`: the forms in which SQLite tables keep dates.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, time),
            None => (text, "00:00"),
        };
        let mut date = date.splitn(3, '-');
        let (year, month, day) = (date.next()?, date.next()?, date.next()?);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut clock = clock.splitn(3, ':');
        let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next().unwrap_or("00"));
        Self {
            year: digits(year, 4)?,
            month: digits(month, 2)?,
            day: digits(day, 2)?,
            hour: digits(hour, 2)?,
            minute: digits(minute, 2)?,
            second: digits(second, 2)?,
            micros: micros(fraction)?,
        }
        .checked()
    }

    /// The moment itself if it is one that the calendar could have.
    pub(super) fn checked(self) -> Option<Self> {
        let in_calendar = (1..=12).contains(&self.month) && (1..=31).contains(&self.day);
        let in_day = self.hour < 24 && self.minute < 60 && self.second < 60;
        (self.year > 0 && in_calendar && in_day && self.micros < 1_000_000).then_some(self)
    }

    /// The date alone.
    pub(super) fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, hour) = (self.date(), self.hour);
        write!(
            formatter,
            "{date}T{hour:02}:{:02}:{:02}",
            self.minute, self.second
        )?;
        if self.micros == 0 {
            return Ok(());
        }
        write!(formatter, ".{:06}", self.micros)
    }
}

fn digits<T: std::str::FromStr>(text: &str, length: usize) -> Option<T> {
    let proper = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    proper.then(|| text.parse().ok()).flatten()
}

fn micros(fraction: &str) -> Option<u32> {
    let proper = (1..=6).contains(&fraction.len());
    let padded = format!("{fraction:0<6}");
    proper.then(|| digits(&padded, 6)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_iso_form_has_microseconds_only_where_there_are_some() {
        for (text, iso) in [
            ("2024-01-02 03:04:05", "2024-01-02T03:04:05"),
            ("2024-01-02T03:04", "2024-01-02T03:04:00"),
            ("2024-01-02 03:04:05.000000", "2024-01-02T03:04:05"),
            ("2024-01-02 03:04:05.25", "2024-01-02T03:04:05.250000"),
            ("2024-01-02", "2024-01-02T00:00:00"),
        ] {
            assert_eq!(Moment::parse(text).expect(text).to_string(), iso);
        }
    }

    #[test]
    fn anything_else_is_not_a_moment() {
        for text in [
            "",
            "now",
            "0000-00-00",
            "2024-1-2",
            "2024-13-01",
            "2024-01-02 24:00",
            "2024-01-02 03:04:05.1234567",
            "2024-01-02 03:04:05Z",
            "20240102",
            "2024-01-02 +3:04",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
