//! What rules ask of a row: its states and the columns that they name, in one statement and by its id alone.
//!
//! It is a statement of its own: a rule needs no password, and a login that no rule is about should not miss a column.

use serde_json::Value;

use super::cell::Cell;
use super::decode::{first_state, number};
use super::error::Error;
use super::settings::{Settings, SettingsError};
use super::table_map::{LookUp, StatePlace, look_up, place, state_places};
use super::tables::Tables;
use super::watched::Many;
use crate::member::{ColumnValue, Row};

/// The columns, as a statement and places: indices into these columns and no others.
#[derive(Debug)]
pub(super) struct RuledMap {
    pub(super) columns: Vec<String>,
    pub(super) states: Vec<StatePlace>,
    /// The places of the columns that rules name.
    pub(super) values: Vec<usize>,
    pub(super) by_id: LookUp,
    /// The same columns, and behind them the login.
    pub(super) by_login: LookUp,
    /// The same columns as they are watched, and where the login is among them: nowhere where that is the id.
    pub(super) watched: Vec<String>,
    pub(super) login: Option<usize>,
    /// Many rows at once, for whoever watches them.
    pub(super) many: Many,
}

impl RuledMap {
    pub(super) fn new(
        settings: &Settings,
        tables: &Tables,
        from: &str,
    ) -> Result<Self, SettingsError> {
        let mut columns = Vec::new();
        let id = place(&mut columns, &settings.columns.id);
        let states = state_places(settings, &mut columns)?;
        let ruled = settings.ruled.iter();
        let values = ruled.map(|column| place(&mut columns, column)).collect();
        let quoted = tables.quote(&columns)?;
        let by_id = look_up(from, &quoted, &[id]);
        let mut with_login = columns.clone();
        let login = place(&mut with_login, &settings.columns.login);
        let quoted_with_login = tables.quote(&with_login)?;
        let by_login = look_up(from, &quoted_with_login, &[login]);
        let named = Some(login).filter(|login| *login != id);
        let (watched, quoted) = match named {
            Some(_) => (with_login, quoted_with_login),
            None => (columns.clone(), quoted),
        };
        let many = Many::new(from, &quoted, named);
        Ok(Self {
            columns,
            states,
            values,
            by_id,
            by_login,
            watched,
            login: named,
            many,
        })
    }
}

/// What rules ask of a row. A value that they cannot be about is theirs to judge; a state that cannot be read is not.
pub(super) fn row(map: &RuledMap, row: &[Cell]) -> Result<Row, Error> {
    let at = |place: &usize| row.get(*place).map_or(ColumnValue::Null, column_value);
    Ok(Row {
        state: first_state((&map.columns, &map.states), row)?,
        values: map.values.iter().map(at).collect(),
    })
}

fn column_value(cell: &Cell) -> ColumnValue {
    match cell {
        Cell::Null => ColumnValue::Null,
        Cell::Integer(_) | Cell::Unsigned(_) | Cell::Float(_) | Cell::Decimal(_) => {
            match number(cell) {
                Some(Value::Number(number)) => ColumnValue::Number(number),
                Some(_) | None => ColumnValue::Other("a number beyond all bounds"),
            }
        }
        Cell::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => ColumnValue::Text(text.into()),
            Err(_) => ColumnValue::Other("bytes"),
        },
        Cell::Moment(_) => ColumnValue::Other("a date"),
        Cell::Time(_) => ColumnValue::Other("a time"),
    }
}
