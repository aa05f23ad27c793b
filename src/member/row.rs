//! The columns of a member's row that rules ask for.
//!
//! A value keeps what the column's type says, so that a text never equals a number. Values are personal data: printing
//! a row shows its state and nothing else.

use std::fmt;

use serde_json::Number;

use super::StateName;

/// What rules know of a member.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The blocked state that holds; `None` means that the member may come in.
    pub state: Option<StateName>,
    /// The values, in the order in which the columns were asked for.
    pub values: Box<[ColumnValue]>,
}

/// The value of one column.
#[derive(Clone, PartialEq)]
pub enum ColumnValue {
    /// NULL.
    Null,
    /// A number, which a boolean is too: MySQL and SQLite have no other.
    Number(Number),
    /// A text.
    Text(Box<str>),
    /// Something that no rule can be about, in words: `a date`.
    Other(&'static str),
}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = formatter.debug_struct("Row");
        row.field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for ColumnValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "NULL",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Other(kind) => kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_state_and_no_value() {
        let row = Row {
            state: Some(StateName::new("banned")),
            values: Box::new([
                ColumnValue::Text("Ann".into()),
                ColumnValue::Number(42.into()),
            ]),
        };
        assert_eq!(format!("{row:?}"), r#"Row { state: Some("banned"), .. }"#);
        assert_eq!(format!("{:?}", row.values), "[a text, a number]");
    }
}
