//! Dates, and why something is none, in the words of pydantic's parser.
//!
//! A date is also what a moment at midnight says, whatever its zone, and a number of seconds since 1970 that is such a moment;
//! of milliseconds, where it is far from it.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is further from 1970 counts milliseconds.
const MOST_SECONDS: f64 = 2e10;

/// The seconds of the years 0 to 9999.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

/// Why something is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) enum NoDate {
    /// It is neither a date nor a moment: why.
    Unreadable(&'static str),
    /// It is a moment within a day.
    Inexact,
    /// Of the year 0, of which there is no day.
    Year,
}

type Read<T> = Result<T, &'static str>;

/// The date that a text says, as `2024-01-31`.
pub(super) fn parse(text: &str) -> Result<String, NoDate> {
    match moment(text.as_bytes()) {
        Ok(false) => Err(NoDate::Inexact),
        Ok(true) if text.starts_with("0000") => Err(NoDate::Year),
        Ok(true) => Ok(text.chars().take(10).collect()),
        // A text of digits is a number, whatever is wrong with it as a date.
        Err(reason) => match number(text) {
            Some(number) => of_number(number),
            None => Err(NoDate::Unreadable(reason)),
        },
    }
}

/// The date that a number of seconds, or of milliseconds, says.
pub(super) fn of_number(number: f64) -> Result<String, NoDate> {
    if number.is_nan() {
        return Err(NoDate::Unreadable("NaN values not permitted"));
    }
    let seconds = if number.abs() > MOST_SECONDS {
        number / 1000.0
    } else {
        number
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is beyond the years is refused, and a cast of what is too large saturates"
    )]
    let (whole, micros) = {
        let whole = seconds.floor();
        (whole as i64, ((seconds - whole) * 1e6).round() as i64)
    };
    let whole = whole + micros / 1_000_000;
    if whole > LAST {
        let reason = "dates after 9999 are not supported as unix timestamps";
        return Err(NoDate::Unreadable(reason));
    }
    if whole < FIRST {
        let reason = "dates before 0000 are not supported as unix timestamps";
        return Err(NoDate::Unreadable(reason));
    }
    if whole.rem_euclid(DAY) != 0 || micros % 1_000_000 != 0 {
        return Err(NoDate::Inexact);
    }
    let (year, month, day) = civil(whole.div_euclid(DAY));
    if year == 0 {
        return Err(NoDate::Year);
    }
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// The day of the Gregorian calendar that is so many days after 1970-01-01, counted in its periods of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (period, of_period) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_period - of_period / 1460 + of_period / 36_524 - of_period / 146_096) / 365;
    let of_year = of_period - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (period * 400 + year + later, month, day)
}

/// The number that a text is: digits that fit 64 bits, or some with a fraction.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let begins = digits.starts_with(|it: char| it.is_ascii_digit() || it == '.');
    let is_number = begins && (digits.contains('.') || text.parse::<i64>().is_ok());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Whether a date, or a date and a time, is at midnight.
fn moment(bytes: &[u8]) -> Read<bool> {
    date(bytes)?;
    let mut rest = match bytes.get(10..) {
        None | Some([]) => return Ok(true),
        Some([b'T' | b't' | b'_' | b' ', rest @ ..]) => rest,
        Some(_) => return Err("invalid datetime separator, expected `T`, `t`, `_` or space"),
    };
    let is_midnight = time(&mut rest)?;
    zone(&mut rest)?;
    match rest {
        [] => Ok(is_midnight),
        _ => Err("unexpected extra characters at the end of the input"),
    }
}

fn date(bytes: &[u8]) -> Read<()> {
    if bytes.len() < 10 {
        return Err("input is too short");
    }
    let year = digits(bytes, 0..4).ok_or("invalid character in year")?;
    separator(bytes, 4)?;
    let month = digits(bytes, 5..7).ok_or("invalid character in month")?;
    separator(bytes, 7)?;
    let day = digits(bytes, 8..10).ok_or("invalid character in day")?;
    if !(1..=12).contains(&month) {
        return Err("month value is outside expected range of 1-12");
    }
    if day < 1 || day > days(year, month) {
        return Err("day value is outside expected range");
    }
    Ok(())
}

/// Whether all of it is zero.
fn time(rest: &mut &[u8]) -> Read<bool> {
    if rest.len() < 5 {
        return Err("input is too short");
    }
    let hour = two(rest).ok_or("invalid character in hour")?;
    if !next_is(rest, b":") {
        return Err("invalid time separator, expected `:`");
    }
    let minute = two(rest).ok_or("invalid character in minute")?;
    if hour > 23 {
        return Err("hour value is outside expected range of 0-23");
    }
    if minute > 59 {
        return Err("minute value is outside expected range of 0-59");
    }
    if !next_is(rest, b":") {
        return Ok(hour + minute == 0);
    }
    let second = two(rest).ok_or("invalid character in second")?;
    if second > 59 {
        return Err("second value is outside expected range of 0-59");
    }
    Ok(fraction(rest)? + hour + minute + second == 0)
}

/// Microseconds; what is smaller does not count.
fn fraction(rest: &mut &[u8]) -> Read<u32> {
    if !next_is(rest, b".,") {
        return Ok(0);
    }
    let count = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    if count == 0 {
        return Err("second fraction digits missing after `.`");
    }
    let (fraction, after) = rest.split_at_checked(count).unwrap_or_default();
    *rest = after;
    Ok(digits(fraction, 0..count.min(6)).unwrap_or_default())
}

fn zone(rest: &mut &[u8]) -> Read<()> {
    const MINUS: &[u8] = "\u{2212}".as_bytes();
    if rest.is_empty() || next_is(rest, b"Zz") {
        return Ok(());
    }
    if let Some(after) = rest.strip_prefix(MINUS) {
        *rest = after;
    } else if !next_is(rest, b"+-") {
        return Err("invalid timezone sign");
    }
    let hour = two(rest).ok_or("invalid timezone hour")?;
    next_is(rest, b":");
    let minute = two(rest).ok_or("invalid timezone minute")?;
    if minute > 59 {
        return Err("timezone minute value is outside expected range of 0-59");
    }
    if hour > 23 {
        return Err("timezone offset must be less than 24 hours");
    }
    Ok(())
}

/// A date as databases write it: `2024-1-5` is `2024-01-05`. There is no year 0.
pub(in crate::accounts) fn calendar_day(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let mut number = |least: usize, most: usize| {
        let part = parts.next()?;
        // Before they are added up: more of them would be no number.
        let fits = (least..=most).contains(&part.len());
        fits.then(|| digits(part.as_bytes(), 0..part.len()))?
    };
    let (year, month, day) = (number(4, 4)?, number(1, 2)?, number(1, 2)?);
    let is_there = parts.next().is_none()
        && year > 0
        && (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day);
    is_there.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Two digits at the start, taken off.
fn two(rest: &mut &[u8]) -> Option<u32> {
    let number = digits(rest, 0..2)?;
    *rest = rest.get(2..).unwrap_or_default();
    Some(number)
}

/// Whether one of these bytes comes next; it is taken off then.
fn next_is(rest: &mut &[u8], any: &[u8]) -> bool {
    match rest {
        [first, after @ ..] if any.contains(first) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn digits(bytes: &[u8], range: std::ops::Range<usize>) -> Option<u32> {
    let digits = bytes.get(range)?.iter();
    digits.into_iter().try_fold(0, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number * 10 + digit)
    })
}

fn separator(bytes: &[u8], at: usize) -> Read<()> {
    match bytes.get(at) {
        Some(b'-') => Ok(()),
        _ => Err("invalid date separator, expected `-`"),
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NoDate, calendar_day, of_number, parse};

    #[test]
    fn days_are_written_out_and_what_no_calendar_has_is_none() {
        for (text, written) in [
            ("2024-2-29", "2024-02-29"),
            ("1999-12-31", "1999-12-31"),
            ("0001-1-01", "0001-01-01"),
        ] {
            assert_eq!(calendar_day(text).as_deref(), Some(written), "{text}");
        }
        for text in [
            "2023-2-29",
            "1900-02-29",
            "99-12-31",
            "0000-01-01",
            "2024-0-1",
            "2024-1-0",
            "2024-13-1",
            "2024-001-1",
            "2024-1",
            "2024-1-",
            "2024-1-1-1",
            "2024--1-1",
            "2024-1-+1",
            "2024-1-1 ",
            "\u{ff12}024-1-1",
            "12024-1-1",
            "99999999999999999999-1-1",
            "",
        ] {
            assert_eq!(calendar_day(text), None, "{text}");
        }
    }

    #[test]
    fn days_of_the_calendar_are_dates() {
        for text in ["2024-02-29", "2000-02-29", "1999-12-31"] {
            assert_eq!(parse(text), Ok(text.to_owned()), "{text}");
        }
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-1-1",
            "20240101xx",
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn midnights_are_dates_and_other_moments_are_not() {
        assert_eq!(
            parse("2024-01-31T00:00:00+09:00").as_deref(),
            Ok("2024-01-31")
        );
        assert_eq!(parse("2024-01-31T00:00:01"), Err(NoDate::Inexact));
        assert_eq!(parse("0000-01-01"), Err(NoDate::Year));
        assert_eq!(of_number(1_706_659_200.0).as_deref(), Ok("2024-01-31"));
        assert_eq!(of_number(1_706_659_200_000.0).as_deref(), Ok("2024-01-31"));
        assert_eq!(of_number(-86_400.0).as_deref(), Ok("1969-12-31"));
        assert!(of_number(f64::INFINITY).is_err() && of_number(f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn a_day_that_is_written_out_is_the_same_day(text in "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9-]{0,12}|\\PC{0,12}") {
            if let Some(day) = calendar_day(&text) {
                prop_assert_eq!(calendar_day(&day), Some(day.clone()));
                prop_assert_eq!(parse(&day), Ok(day));
            }
        }
    }
}
