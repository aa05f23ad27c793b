//! Dates, and why a text is none, in the words of pydantic's parser.

/// Whether a text is a date: `2024-01-31`.
pub(super) fn parse(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
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
    if bytes.len() > 10 {
        return Err("invalid datetime separator, expected `T`, `t`, `_` or space");
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

fn digits(bytes: &[u8], range: std::ops::Range<usize>) -> Option<u32> {
    let digits = bytes.get(range)?.iter();
    digits.into_iter().try_fold(0, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number * 10 + digit)
    })
}

fn separator(bytes: &[u8], at: usize) -> Result<(), &'static str> {
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
    use super::{calendar_day, parse};

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
            assert_eq!(parse(text), Ok(()), "{text}");
        }
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "2024-1-1",
            "2024/01/01",
            "20240101xx",
            "2024-01-01T00:00",
            "\u{ff12}024-01-01",
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
