//! JSON numbers compared by value, whatever their spelling: `1.0` is `1`, and no integer loses a digit on the way.

use std::cmp::Ordering;

use serde_json::Number;

/// Which is the greater. `None` only for what JSON cannot hold.
pub fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        (Some(one), None) => with_fraction(one, other.as_f64()?),
        (None, Some(other)) => with_fraction(other, one.as_f64()?).map(Ordering::reverse),
        (None, None) => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn whole(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    signed.or_else(|| number.as_u64().map(i128::from))
}

/// The order of an integer of at most 64 bits and a float.
fn with_fraction(whole: i128, float: f64) -> Option<Ordering> {
    // Every integer of 64 bits lies strictly between these.
    const BEYOND: f64 = 36_893_488_147_419_103_232.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float <= -BEYOND {
        return Some(Ordering::Greater);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked just before, and the fraction is compared next"
    )]
    let floor = float.floor() as i128;
    let fraction = float.fract() != 0.0;
    Some(whole.cmp(&floor).then(if fraction {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(one: &str, other: &str) -> Ordering {
        let number = |text: &str| serde_json::from_str::<Number>(text).expect(text);
        let order = compare(&number(one), &number(other)).expect("an order");
        let back = compare(&number(other), &number(one)).expect("an order");
        assert_eq!(back, order.reverse(), "{one} {other}");
        order
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("1e2", "100", Ordering::Equal),
            ("1", "1.5", Ordering::Less),
            ("-1", "-1.5", Ordering::Greater),
            ("-2", "-1.5", Ordering::Less),
            ("0", "-0.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            (
                "18446744073709551615",
                "18446744073709551616.0",
                Ordering::Less,
            ),
            ("18446744073709551615", "-1", Ordering::Greater),
            (
                "-9223372036854775808",
                "-9223372036854775808.0",
                Ordering::Equal,
            ),
            ("1", "1e300", Ordering::Less),
            ("1", "-1e300", Ordering::Greater),
            ("0.1", "0.2", Ordering::Less),
        ] {
            assert_eq!(order(one, other), expected, "{one} {other}");
        }
    }
}
