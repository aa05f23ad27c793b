//! Times for people: `2026-11-21T12:00:00Z (3 h ago)`.

/// A moment, and how far it is from `now`. Both in seconds since 1970.
pub(super) fn moment(seconds: u64, now: u64) -> String {
    format!("{} ({})", date(seconds), distance(seconds, now))
}

/// `3 h ago`, `in 29 d`, `now`.
pub(super) fn distance(seconds: u64, now: u64) -> String {
    if seconds > now {
        format!("in {}", length(seconds - now))
    } else if seconds < now {
        format!("{} ago", length(now - seconds))
    } else {
        "now".to_owned()
    }
}

/// The largest unit that fits: nobody needs the seconds of a day.
pub(super) fn length(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = UNITS.into_iter().find(|(size, _)| seconds >= *size);
    let (size, name) = unit.unwrap_or((1, "s"));
    format!("{} {name}", seconds / size)
}

/// RFC 3339, by the algorithm of Howard Hinnant's `civil_from_days`.
pub(super) fn date(seconds: u64) -> String {
    /// The year 9999 ends here; a token may say any number.
    const LAST: u64 = 253_402_300_799;
    if seconds > LAST {
        return format!("{seconds} s after 1970");
    }
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (u64::MAX, "18446744073709551615 s after 1970"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn a_distance_is_told_in_its_largest_unit() {
        let now = 10_000_000;
        assert_eq!(distance(now, now), "now");
        assert_eq!(distance(now - 3 * 3_600 - 5, now), "3 h ago");
        assert_eq!(distance(now + 29 * 86_400, now), "in 29 d");
        assert_eq!(distance(now + 59, now), "in 59 s");
        assert_eq!(distance(now - 61, now), "1 min ago");
    }
}
