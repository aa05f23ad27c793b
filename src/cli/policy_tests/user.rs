//! The row of a case's user, as if it had been looked up.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::member::{ColumnValue, Row};

/// What a case says of the row.
#[derive(Debug)]
pub(super) enum User {
    /// There is none.
    Absent,
    /// The columns that it has besides those that are NULL.
    Present(IndexMap<String, ColumnValue>),
}

impl User {
    /// What is written: nothing, `none`, or columns with their values.
    pub(super) fn read(written: Value) -> Result<Option<Self>, &'static str> {
        match written {
            Value::Null => Ok(None),
            Value::String(word) if word == "none" => Ok(Some(Self::Absent)),
            Value::Object(columns) => {
                let columns = columns.into_iter();
                let columns = columns.map(|(column, value)| Ok((column, column_value(value)?)));
                columns
                    .collect::<Result<_, _>>()
                    .map(|columns| Some(Self::Present(columns)))
            }
            Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err("this is no user")
            }
        }
    }

    /// A column that no rule asks for.
    pub(super) fn unasked(&self, asked: &[String]) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Present(columns) => {
                let mut names = columns.keys();
                let unasked = names.find(|column| !asked.contains(column));
                unasked.map(String::as_str)
            }
        }
    }

    /// The row with the columns that rules ask for.
    pub(super) fn row(&self, asked: &[String]) -> Option<Arc<Row>> {
        let columns = match self {
            Self::Absent => return None,
            Self::Present(columns) => columns,
        };
        let value = |column: &String| columns.get(column).cloned();
        let values = asked
            .iter()
            .map(|column| value(column).unwrap_or(ColumnValue::Null));
        Some(Arc::new(Row {
            state: None,
            values: values.collect(),
        }))
    }
}

fn column_value(value: Value) -> Result<ColumnValue, &'static str> {
    match value {
        Value::Null => Ok(ColumnValue::Null),
        // As databases have it.
        Value::Bool(boolean) => Ok(ColumnValue::Number(u8::from(boolean).into())),
        Value::Number(number) => Ok(ColumnValue::Number(number)),
        Value::String(text) => Ok(ColumnValue::Text(text.into())),
        Value::Array(_) | Value::Object(_) => Err("a column has one value"),
    }
}
