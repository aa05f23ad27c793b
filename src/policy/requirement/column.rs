//! What a rule asks of one column of the user's row. Types are the column's: `"1"` is not `1`, and NULL is `null` and
//! nothing else.

use std::cmp::Ordering;

use serde_json::Number;

use super::{Answer, claim::yes, number::compare};
use crate::member::{ColumnValue, Row};

/// A column that has to have one of these values.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRule {
    /// Its name.
    pub column: Box<str>,
    /// Which of a row's values it is.
    pub place: usize,
    /// At least one.
    pub expected: Box<[ColumnExpected]>,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnExpected {
    /// NULL.
    Null,
    /// A boolean, as databases have them: 0 is false, and every other integer is true.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A text, byte by byte.
    Text(Box<str>),
}

impl ColumnRule {
    /// What the row has there.
    pub fn value<'a>(&self, row: &'a Row) -> &'a ColumnValue {
        const UNREAD: ColumnValue = ColumnValue::Other("something that was not read");
        row.values.get(self.place).unwrap_or(&UNREAD)
    }

    /// Whether the column has one of the values. Unclear where it has a value of a type that none of them has.
    pub fn ask(&self, row: &Row) -> Answer {
        let value = self.value(row);
        let compared = self.expected.iter();
        let compared = compared.filter_map(|expected| expected.compare(value));
        // To be `null` or not says nothing of a value's type.
        let untyped = *value == ColumnValue::Null || self.expected.iter().all(is_null);
        compared
            .map(yes)
            .max()
            .unwrap_or(if untyped { Answer::No } else { Answer::Unclear })
    }
}

fn is_null(expected: &ColumnExpected) -> bool {
    *expected == ColumnExpected::Null
}

impl ColumnExpected {
    /// Whether a value is this; nothing where they cannot be compared.
    fn compare(&self, value: &ColumnValue) -> Option<bool> {
        match (self, value) {
            (Self::Null, ColumnValue::Null) => Some(true),
            (Self::Text(expected), ColumnValue::Text(text)) => Some(expected == text),
            (Self::Number(expected), ColumnValue::Number(number)) => {
                Some(compare(number, expected) == Some(Ordering::Equal))
            }
            (Self::Boolean(expected), ColumnValue::Number(number)) => {
                let is_false = number.as_i64().map(|number| number == 0);
                let truth = is_false.or_else(|| number.as_u64().map(|_| false));
                truth.map(|is_false| is_false != *expected)
            }
            (
                Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_),
                ColumnValue::Null
                | ColumnValue::Number(_)
                | ColumnValue::Text(_)
                | ColumnValue::Other(_),
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn number(number: f64) -> ColumnValue {
        ColumnValue::Number(Number::from_f64(number).expect("a number"))
    }

    fn rule(expected: &Value) -> ColumnRule {
        let one = |value: &Value| match value {
            Value::Null => ColumnExpected::Null,
            Value::Bool(boolean) => ColumnExpected::Boolean(*boolean),
            Value::Number(number) => ColumnExpected::Number(number.clone()),
            Value::String(text) => ColumnExpected::Text(text.as_str().into()),
            Value::Array(_) | Value::Object(_) => panic!("{value}"),
        };
        ColumnRule {
            column: "c".into(),
            place: 0,
            expected: expected
                .as_array()
                .expect("a list")
                .iter()
                .map(one)
                .collect(),
        }
    }

    #[test]
    fn columns_are_compared_by_type_and_value() {
        use Answer::{No, Unclear, Yes};
        let integer = |number: i64| ColumnValue::Number(number.into());
        let text = |text: &str| ColumnValue::Text(text.into());
        for (expected, value, answer) in [
            (json!(["admin", "staff"]), text("staff"), Yes),
            (json!(["admin", "staff"]), text("Staff"), No),
            (json!(["admin"]), text("admin "), No),
            (json!(["1"]), integer(1), Unclear),
            (json!([1]), text("1"), Unclear),
            (json!([1]), integer(1), Yes),
            (json!([1]), number(1.0), Yes),
            (json!([0.5]), number(0.5), Yes),
            (json!([1]), integer(2), No),
            (json!([true]), integer(1), Yes),
            (json!([true]), integer(7), Yes),
            (json!([true]), integer(-1), Yes),
            (json!([true]), integer(0), No),
            (json!([false]), integer(0), Yes),
            (json!([true]), ColumnValue::Number(u64::MAX.into()), Yes),
            (json!([true]), number(1.5), Unclear),
            (json!([true]), text("true"), Unclear),
            (json!([true]), ColumnValue::Null, No),
            (json!([false]), ColumnValue::Null, No),
            (json!([0]), ColumnValue::Null, No),
            (json!([""]), ColumnValue::Null, No),
            (json!([null]), ColumnValue::Null, Yes),
            (json!([null]), integer(0), No),
            (json!([null]), text(""), No),
            (json!([null]), ColumnValue::Other("a date"), No),
            (json!([null, "a"]), ColumnValue::Null, Yes),
            (json!([null, "a"]), text("b"), No),
            // That it is not NULL does not tell whether it is `a`.
            (json!([null, "a"]), integer(1), Unclear),
            (json!(["a", 1]), integer(1), Yes),
            (json!(["a", 1]), text("1"), No),
            (json!(["2024-02-29"]), ColumnValue::Other("a date"), Unclear),
        ] {
            let row = Row {
                state: None,
                values: Box::new([value]),
            };
            assert_eq!(rule(&expected).ask(&row), answer, "{expected} of {row:?}");
        }
    }

    #[test]
    fn a_column_that_was_not_read_is_unclear() {
        let row = Row {
            state: None,
            values: Box::new([]),
        };
        assert_eq!(rule(&json!(["a"])).ask(&row), Answer::Unclear);
    }
}
