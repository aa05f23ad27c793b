//! From a row to a member.
//!
//! The states are evaluated here and not in SQL, on exactly the row that was fetched. A value
//! whose type does not fit what the configuration says is an error, never "does not match": a
//! state that cannot be read must not let anybody in. Errors name the column and never the value.

use serde_json::{Map, Number, Value};
use zeroize::Zeroize;

use super::cell::Cell;
use super::error::Error;
use super::moment::Moment;
use super::settings::{ColumnType, Expected};
use super::table_map::{ShownPlace, StatePlace, TableMap};
use crate::member::{Member, MemberId, StateName};
use crate::secret::Secret;

/// A value is not what was expected.
pub(super) type Mismatch = &'static str;

/// Makes a member of a row and wipes the row's password.
pub(super) fn member(map: &TableMap, mut row: Vec<Cell>) -> Result<Member, Error> {
    let member = assemble(map, &row);
    if let Some(Cell::Text(bytes)) = row.get_mut(map.password) {
        bytes.zeroize();
    }
    member
}

fn assemble(map: &TableMap, row: &[Cell]) -> Result<Member, Error> {
    let at = |place: usize| row.get(place).unwrap_or(&Cell::Null);
    let corrupt = |place: usize| {
        move |expected: Mismatch| Error::Corrupt {
            column: map.column(place),
            expected,
        }
    };
    let shown = shown(&map.shown, row).map_err(|(place, expected)| corrupt(place)(expected))?;
    Ok(Member {
        id: id(at(map.id)).map_err(corrupt(map.id))?,
        state: first_state((&map.columns, &map.states), row)?,
        shown,
        password: password(at(map.password)).map_err(corrupt(map.password))?,
        salt: map
            .salt
            .map_or(Ok(None), |place| salt(at(place)).map_err(corrupt(place)))?,
    })
}

/// The values of the columns that are handed on, or the place of one that is not what was expected.
pub(super) fn shown(
    places: &[ShownPlace],
    row: &[Cell],
) -> Result<Map<String, Value>, (usize, Mismatch)> {
    let mut shown = Map::new();
    for part in places {
        let cell = row.get(part.place).unwrap_or(&Cell::Null);
        let value = json(cell, part.column_type).map_err(|expected| (part.place, expected))?;
        shown.insert(part.as_name.clone(), value);
    }
    Ok(shown)
}

pub(super) fn id(cell: &Cell) -> Result<MemberId, Mismatch> {
    match cell {
        Cell::Integer(number) => Ok(MemberId::from(*number)),
        Cell::Unsigned(number) => Ok(MemberId::from(*number)),
        Cell::Decimal(text) => Ok(of_decimal(cell, text)),
        Cell::Null | Cell::Float(_) | Cell::Text(_) | Cell::Moment(_) | Cell::Time(_) => cell
            .text()
            .map(MemberId::Text)
            .ok_or("an integer or UTF-8 text"),
    }
}

/// A number as long as it is one in 64 bits, so that tokens have it as one.
fn of_decimal(cell: &Cell, text: &str) -> MemberId {
    let whole = cell.integer();
    let signed = whole.and_then(|it| i64::try_from(it).ok());
    let unsigned = whole.and_then(|it| u64::try_from(it).ok());
    let number = signed.map(MemberId::from).or(unsigned.map(MemberId::from));
    number.unwrap_or_else(|| MemberId::Text(text.to_owned()))
}

fn password(cell: &Cell) -> Result<Option<Secret<String>>, Mismatch> {
    match cell {
        Cell::Null => Ok(None),
        // What stands in a column that takes no NULL where there is none.
        Cell::Text(bytes) if bytes.is_empty() => Ok(None),
        Cell::Text(_) => {
            let text = cell.text().map(Secret::new).map(Some);
            text.ok_or("a password hash in UTF-8")
        }
        Cell::Integer(_)
        | Cell::Unsigned(_)
        | Cell::Float(_)
        | Cell::Decimal(_)
        | Cell::Moment(_)
        | Cell::Time(_) => Err("a password hash in a text or binary column"),
    }
}

/// Its bytes as the database has them: what hashes a salt does not ask whether it is UTF-8.
fn salt(cell: &Cell) -> Result<Option<Secret<Vec<u8>>>, Mismatch> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(bytes) => Ok(Some(Secret::new(bytes.clone()))),
        Cell::Integer(_) | Cell::Unsigned(_) => {
            let digits = cell.text().map(String::into_bytes);
            Ok(digits.map(Secret::new))
        }
        Cell::Float(_) | Cell::Decimal(_) | Cell::Moment(_) | Cell::Time(_) => {
            Err("a salt in a text, binary or integer column")
        }
    }
}

pub(super) fn first_state(
    (columns, states): (&[String], &[StatePlace]),
    row: &[Cell],
) -> Result<Option<StateName>, Error> {
    for state in states {
        if holds(columns, state, row)? {
            return Ok(Some(state.name.clone()));
        }
    }
    Ok(None)
}

fn holds(columns: &[String], state: &StatePlace, row: &[Cell]) -> Result<bool, Error> {
    for (place, expected) in &state.all {
        let cell = row.get(*place).unwrap_or(&Cell::Null);
        let corrupt = |expected| Error::Corrupt {
            column: columns.get(*place).cloned().unwrap_or_default(),
            expected,
        };
        if !matches(cell, expected).map_err(corrupt)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn matches(cell: &Cell, expected: &Expected) -> Result<bool, Mismatch> {
    match (cell, expected) {
        (Cell::Null, expected) => Ok(*expected == Expected::Null),
        (_, Expected::Null) => Ok(false),
        (_, Expected::Boolean(wanted)) => truth(cell)
            .map(|truth| truth == *wanted)
            .ok_or("a boolean; for a text column, write the value in quotes"),
        (_, Expected::Integer(wanted)) => cell
            .integer()
            .map(|number| number == i128::from(*wanted))
            .ok_or("an integer; for a text column, write the value in quotes"),
        (_, Expected::Text(wanted)) => text_matches(cell, wanted),
    }
}

fn truth(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Integer(number) => Some(*number != 0),
        Cell::Unsigned(number) => Some(*number != 0),
        Cell::Null
        | Cell::Float(_)
        | Cell::Decimal(_)
        | Cell::Text(_)
        | Cell::Moment(_)
        | Cell::Time(_) => None,
    }
}

fn text_matches(cell: &Cell, wanted: &str) -> Result<bool, Mismatch> {
    match cell {
        Cell::Text(bytes) => Ok(bytes == wanted.as_bytes()),
        Cell::Null
        | Cell::Integer(_)
        | Cell::Unsigned(_)
        | Cell::Float(_)
        | Cell::Decimal(_)
        | Cell::Moment(_)
        | Cell::Time(_) => Err("text; write the value without quotes"),
    }
}

fn json(cell: &Cell, column_type: ColumnType) -> Result<Value, Mismatch> {
    if matches!(cell, Cell::Null) {
        return Ok(Value::Null);
    }
    match column_type {
        ColumnType::Integer => {
            integer(cell).ok_or("an integer of 64 bits; show a larger one as `text`")
        }
        ColumnType::Number => number(cell).ok_or("a finite number"),
        ColumnType::Boolean => boolean(cell).ok_or("0 or 1"),
        ColumnType::Text => cell.text().map(Value::from).ok_or("UTF-8 text"),
        ColumnType::DateTime => moment(cell, ToString::to_string).ok_or("a date and time"),
        ColumnType::Date => moment(cell, Moment::date).ok_or("a date"),
        ColumnType::Json => parsed(cell).ok_or("JSON"),
    }
}

fn integer(cell: &Cell) -> Option<Value> {
    Number::from_i128(cell.integer()?).map(Value::Number)
}

pub(super) fn number(cell: &Cell) -> Option<Value> {
    if let Some(whole) = integer(cell) {
        return Some(whole);
    }
    let number = match cell {
        Cell::Float(number) => *number,
        Cell::Decimal(text) => text.parse().ok()?,
        Cell::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok()?,
        Cell::Null | Cell::Integer(_) | Cell::Unsigned(_) | Cell::Moment(_) | Cell::Time(_) => {
            return None;
        }
    };
    Number::from_f64(number).map(Value::Number)
}

fn boolean(cell: &Cell) -> Option<Value> {
    match cell.integer()? {
        0 => Some(Value::Bool(false)),
        1 => Some(Value::Bool(true)),
        _ => None,
    }
}

fn moment(cell: &Cell, written: impl Fn(&Moment) -> String) -> Option<Value> {
    match cell {
        Cell::Moment(moment) => Some(Value::from(written(moment))),
        Cell::Text(bytes) => {
            let moment = Moment::parse(std::str::from_utf8(bytes).ok()?)?;
            Some(Value::from(written(&moment)))
        }
        Cell::Null
        | Cell::Integer(_)
        | Cell::Unsigned(_)
        | Cell::Float(_)
        | Cell::Decimal(_)
        | Cell::Time(_) => None,
    }
}

fn parsed(cell: &Cell) -> Option<Value> {
    match cell {
        Cell::Text(bytes) => serde_json::from_slice(bytes).ok(),
        // SQLite stores the text of a JSON number as a number.
        Cell::Integer(_) | Cell::Unsigned(_) | Cell::Float(_) | Cell::Decimal(_) => number(cell),
        Cell::Null | Cell::Moment(_) | Cell::Time(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn null_matches_null_only() {
        for expected in [
            Expected::Boolean(false),
            Expected::Boolean(true),
            Expected::Integer(0),
            Expected::Text(String::new()),
        ] {
            assert_eq!(matches(&Cell::Null, &expected), Ok(false));
        }
        assert_eq!(matches(&Cell::Null, &Expected::Null), Ok(true));
        assert_eq!(matches(&Cell::Integer(0), &Expected::Null), Ok(false));
    }

    #[test]
    fn an_unreadable_state_is_an_error() {
        assert!(matches(&text("yes"), &Expected::Boolean(true)).is_err());
        assert!(matches(&text("A"), &Expected::Integer(1)).is_err());
        assert!(matches(&Cell::Integer(1), &Expected::Text("banned".to_owned())).is_err());
        assert_eq!(
            matches(&Cell::Integer(2), &Expected::Boolean(true)),
            Ok(true)
        );
        assert_eq!(
            matches(&text("banned"), &Expected::Text("banned".to_owned())),
            Ok(true)
        );
        assert_eq!(
            matches(&text("Banned"), &Expected::Text("banned".to_owned())),
            Ok(false)
        );
    }

    #[test]
    fn json_types_are_the_declared_ones() {
        use ColumnType as T;
        for (cell, column_type, value) in [
            (
                Cell::Unsigned(u64::MAX),
                T::Integer,
                json!(18_446_744_073_709_551_615_u64),
            ),
            (Cell::Decimal("12.50".to_owned()), T::Number, json!(12.5)),
            (Cell::Decimal("12".to_owned()), T::Number, json!(12)),
            (Cell::Integer(1), T::Boolean, json!(true)),
            (Cell::Integer(5), T::Text, json!("5")),
            (text("2024-01-02 03:04:05"), T::Date, json!("2024-01-02")),
            (
                text(r#"{"b":1,"a":[null]}"#),
                T::Json,
                json!({"b": 1, "a": [null]}),
            ),
            (Cell::Null, T::Json, Value::Null),
        ] {
            assert_eq!(json(&cell, column_type), Ok(value));
        }
    }

    #[test]
    fn json_refuses_what_does_not_fit() {
        use ColumnType as T;
        for (cell, column_type) in [
            (Cell::Float(1.5), T::Integer),
            (Cell::Float(f64::NAN), T::Number),
            (Cell::Integer(2), T::Boolean),
            (Cell::Text(vec![0xff]), T::Text),
            (Cell::Integer(1), T::DateTime),
            (text("{"), T::Json),
        ] {
            assert!(json(&cell, column_type).is_err());
        }
    }
}
