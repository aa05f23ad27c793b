//! Times for people: `2026-11-21T12:00:00Z (3 h ago)`.

use std::cmp::Ordering;

/// `3 h ago`, `in 29 d`, `now`.
pub(super) fn distance(seconds: u64, now: u64) -> String {
    match seconds.cmp(&now) {
        Ordering::Greater => format!("in {}", length(seconds - now)),
        Ordering::Less => format!("{} ago", length(now - seconds)),
        Ordering::Equal => "now".to_owned(),
    }
}

/// The largest unit that fits: nobody needs the seconds of a day.
pub(super) fn length(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = UNITS.into_iter().find(|(size, _)| seconds >= *size);
    let (size, name) = unit.unwrap_or((1, "s"));
    format!("{} {name}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

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
