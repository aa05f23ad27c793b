//! Between the driver's values and cells.
//!
//! A parameter has the type of the column that it is compared with. MySQL compares a text with an
//! integer column as floating point, where `42abc` is 42 and `9007199254740993` has neighbours;
//! MariaDB is exact for large numbers and lenient about the rest.

use mysql_async::consts::ColumnType;
use mysql_async::{Column, Row, Value};

use crate::store::cell::{Cell, canonical_integer};
use crate::store::moment::Moment;

/// The value that a look-up compares with.
pub(in crate::store) enum Parameter {
    Integer(Value),
    Text(Value),
}

impl Parameter {
    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Self::Integer(_))
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Integer(value) | Self::Text(value) => value,
        }
    }
}

/// The parameter for a column; `None` if the column cannot hold it.
pub(in crate::store) fn parameter(column: Option<&Column>, wanted: &str) -> Option<Parameter> {
    if !column.is_some_and(|column| is_integer(column.column_type())) {
        return Some(Parameter::Text(Value::from(wanted)));
    }
    let number = canonical_integer(wanted)?;
    let signed = i64::try_from(number).map(Value::Int);
    let value = signed
        .or_else(|_| u64::try_from(number).map(Value::UInt))
        .ok()?;
    Some(Parameter::Integer(value))
}

fn is_integer(column_type: ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::MYSQL_TYPE_TINY
            | ColumnType::MYSQL_TYPE_SHORT
            | ColumnType::MYSQL_TYPE_INT24
            | ColumnType::MYSQL_TYPE_LONG
            | ColumnType::MYSQL_TYPE_LONGLONG
            | ColumnType::MYSQL_TYPE_YEAR
            | ColumnType::MYSQL_TYPE_BIT
    )
}

/// The cells of a row, in the order in which they were selected.
pub(in crate::store) fn cells(row: Row) -> Vec<Cell> {
    let columns = row.columns();
    let values = row.unwrap();
    let types = columns.iter().map(Column::column_type);
    values
        .into_iter()
        .zip(types)
        .map(|(value, column_type)| cell(value, column_type))
        .collect()
}

fn cell(value: Value, column_type: ColumnType) -> Cell {
    match value {
        Value::NULL => Cell::Null,
        Value::Bytes(bytes) => from_bytes(bytes, column_type),
        Value::Int(number) => Cell::Integer(number),
        Value::UInt(number) => Cell::Unsigned(number),
        Value::Float(number) => Cell::Float(shortest(number)),
        Value::Double(number) => Cell::Float(number),
        Value::Date(year, month, day, hour, minute, second, micros) => moment(Moment {
            year,
            month,
            day,
            hour,
            minute,
            second,
            micros,
        }),
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let hours = u64::from(days) * 24 + u64::from(hours);
            let sign = if negative { "-" } else { "" };
            let fraction = if micros == 0 {
                String::new()
            } else {
                format!(".{micros:06}")
            };
            Cell::Time(format!(
                "{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"
            ))
        }
    }
}

fn from_bytes(bytes: Vec<u8>, column_type: ColumnType) -> Cell {
    if column_type == ColumnType::MYSQL_TYPE_BIT {
        let number = bytes
            .iter()
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        return Cell::Unsigned(number);
    }
    let decimal = [
        ColumnType::MYSQL_TYPE_NEWDECIMAL,
        ColumnType::MYSQL_TYPE_DECIMAL,
    ];
    if !decimal.contains(&column_type) {
        return Cell::Text(bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Cell::Decimal(text),
        Err(error) => Cell::Text(error.into_bytes()),
    }
}

/// The double that is spelt like the float: 0.1 and not 0.10000000149011612.
fn shortest(number: f32) -> f64 {
    number
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(number))
}

/// A date that the calendar does not have is a zero date, MySQL's stand-in for none.
fn moment(moment: Moment) -> Cell {
    moment.checked().map_or(Cell::Null, Cell::Moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_column_is_asked_for_an_integer() {
        for column_type in [
            ColumnType::MYSQL_TYPE_TINY,
            ColumnType::MYSQL_TYPE_LONG,
            ColumnType::MYSQL_TYPE_LONGLONG,
        ] {
            let column = Column::new(column_type);
            let asked = |wanted| parameter(Some(&column), wanted).map(Parameter::into_value);
            assert_eq!(asked("42"), Some(Value::Int(42)));
            assert_eq!(asked("18446744073709551615"), Some(Value::UInt(u64::MAX)));
            for other in ["42abc", "", "18446744073709551616", "1.0"] {
                assert_eq!(asked(other), None, "{other}");
            }
        }
        let text = Column::new(ColumnType::MYSQL_TYPE_VAR_STRING);
        let asked = parameter(Some(&text), "42").map(Parameter::into_value);
        assert_eq!(asked, Some(Value::Bytes(b"42".to_vec())));
    }

    #[test]
    fn values_become_cells() {
        let text = |value, column_type| cell(value, column_type).text();
        let bits = text(Value::Bytes(vec![8, 1]), ColumnType::MYSQL_TYPE_BIT);
        assert_eq!(bits.as_deref(), Some("2049"));
        let float = text(Value::Float(0.1), ColumnType::MYSQL_TYPE_FLOAT);
        assert_eq!(float.as_deref(), Some("0.1"));
        let time = text(
            Value::Time(true, 1, 6, 0, 1, 500),
            ColumnType::MYSQL_TYPE_TIME,
        );
        assert_eq!(time.as_deref(), Some("-30:00:01.000500"));
        let zero = Value::Date(0, 0, 0, 0, 0, 0, 0);
        assert_eq!(text(zero, ColumnType::MYSQL_TYPE_DATETIME), None);
    }
}
