//! When a row was changed, as a column of its own says it: a moment by whatever clock wrote it, or seconds since 1970.
//!
//! A stamp is a number to compute with and a form to write it in again. It promises that what it writes is never later
//! than it is, so that whoever looks from there on misses nothing.

use std::time::Duration;

use super::cell::Cell;
use super::moment::Moment;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Microseconds since 1970, by the column's own clock and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    micros: i64,
    form: Form,
}

/// How a column writes stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A date and a time of day, with this between them.
    Moment(char),
    /// A whole number of so many microseconds.
    Number(i64),
}

impl Stamp {
    /// The first moment of 1970, written as a date.
    #[cfg(test)]
    pub const EPOCH: Self = Self {
        micros: 0,
        form: Form::Moment(' '),
    };

    /// The same moment, written in seconds.
    #[cfg(test)]
    #[must_use]
    pub fn as_number(self) -> Self {
        let form = Form::Number(SECOND);
        Self { form, ..self }
    }

    /// What a cell says; `None` where it is no moment and no number that could be one.
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        if let Some(number) = cell.integer() {
            return Self::of_number(i64::try_from(number).ok()?);
        }
        match cell {
            Cell::Moment(moment) => Self::of_moment(*moment, 'T'),
            Cell::Text(bytes) => {
                let text = std::str::from_utf8(bytes).ok()?;
                // A zone behind it is the same for all of them.
                let whole = text.get(..19).unwrap_or(text);
                let separator = whole.chars().nth(10).unwrap_or('T');
                Self::of_moment(Moment::parse(whole)?, separator)
            }
            Cell::Null
            | Cell::Integer(_)
            | Cell::Unsigned(_)
            | Cell::Float(_)
            | Cell::Decimal(_)
            | Cell::Time(_) => None,
        }
    }

    /// Seconds, thousandths or millionths, by how large it is: whatever is meant is of these centuries.
    fn of_number(number: i64) -> Option<Self> {
        let unit = match number {
            ..100_000_000_000 => SECOND,
            100_000_000_000..100_000_000_000_000 => 1000,
            100_000_000_000_000.. => 1,
        };
        Some(Self {
            micros: number.checked_mul(unit)?,
            form: Form::Number(unit),
        })
    }

    fn of_moment(moment: Moment, separator: char) -> Option<Self> {
        let seconds = [
            i64::from(moment.hour) * 3600,
            i64::from(moment.minute) * 60,
            i64::from(moment.second),
        ];
        let days = days(
            i64::from(moment.year),
            i64::from(moment.month),
            i64::from(moment.day),
        );
        let in_day = seconds.iter().sum::<i64>() * SECOND + i64::from(moment.micros);
        Some(Self {
            micros: days.checked_mul(DAY)?.checked_add(in_day)?,
            form: Form::Moment(separator),
        })
    }

    /// Whether it is written as a number, which is of no zone.
    pub fn is_number(self) -> bool {
        matches!(self.form, Form::Number(_))
    }

    /// Whether the column writes both in one way.
    pub fn is_like(self, other: Self) -> bool {
        self.form == other.form
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        let micros = self.micros.saturating_add(micros(time));
        Self { micros, ..self }
    }

    /// So much earlier.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        let micros = self.micros.saturating_sub(micros(time));
        Self { micros, ..self }
    }

    /// The same moment, written as another one is.
    #[must_use]
    pub fn written_as(self, other: Self) -> Self {
        let form = other.form;
        Self { form, ..self }
    }

    /// The whole second that it is in, as the column writes it.
    pub(super) fn whole_second(self) -> String {
        let second = self.micros.div_euclid(SECOND) * SECOND;
        match self.form {
            Form::Number(unit) => (second / unit).to_string(),
            Form::Moment(separator) => {
                let second = second.clamp(0, days(9999, 12, 31) * DAY);
                let (year, month, day) = date(second.div_euclid(DAY));
                let in_day = second.rem_euclid(DAY) / SECOND;
                let (hour, minute, rest) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
                format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{rest:02}")
            }
        }
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| match it.form {
            Form::Moment(separator) => (it.micros, 0, i64::from(u32::from(separator))),
            Form::Number(unit) => (it.micros, 1, unit),
        };
        key(self).cmp(&key(other))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Days since 1970, in the calendar that is in use now; years begin in March here, so that the odd day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamp(text: &str) -> Stamp {
        Stamp::of(&Cell::Text(text.into())).expect(text)
    }

    #[test]
    fn what_is_written_is_the_second_that_was_read() {
        for (text, written) in [
            ("1970-01-01 00:00:00", "1970-01-01 00:00:00"),
            ("2024-02-29 23:59:59.999", "2024-02-29 23:59:59"),
            ("2024-03-01T00:00:00.5Z", "2024-03-01T00:00:00"),
            ("2100-02-28 12:00:00+09:00", "2100-02-28 12:00:00"),
        ] {
            assert_eq!(stamp(text).whole_second(), written);
        }
        let day = Duration::from_secs(86_400);
        assert_eq!(
            stamp("2024-03-01 00:00:09").minus(day).whole_second(),
            "2024-02-29 00:00:09"
        );
        assert_eq!(
            stamp("2023-12-31 23:59:59").plus(Duration::from_secs(1)),
            stamp("2024-01-01 00:00:00")
        );
    }

    #[test]
    fn a_number_is_of_the_unit_that_its_size_says() {
        for (number, before) in [
            (1_700_000_000_i64, "1699999990"),
            (1_700_000_000_123, "1699999990000"),
            (1_700_000_000_123_456, "1699999990000000"),
        ] {
            let stamp = Stamp::of(&Cell::Integer(number)).expect("a stamp");
            assert!(stamp.is_number());
            assert_eq!(stamp.minus(Duration::from_secs(10)).whole_second(), before);
        }
    }

    #[test]
    fn anything_else_is_no_stamp() {
        for cell in [
            Cell::Null,
            Cell::Text(b"yesterday".to_vec()),
            Cell::Float(1.5),
            Cell::Time("10:00:00".to_owned()),
        ] {
            assert_eq!(Stamp::of(&cell), None);
        }
    }

    proptest! {
        #[test]
        fn every_second_is_read_as_it_is_written(second in 0..4_000_000_000_i64) {
            let micros = second * SECOND;
            let stamp = Stamp { micros, form: Form::Moment(' ') };
            let text = stamp.whole_second();
            let read = Stamp::of(&Cell::Text(text.into_bytes()));
            prop_assert_eq!(read, Some(stamp));
        }
    }
}
