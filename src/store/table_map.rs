//! Where each value of a member is in the table, and the SQL that fetches it.
//!
//! Every statement text is built at construction, so that a look-up never assembles SQL. Every column is qualified with the table's alias: SQLite would
//! otherwise read a missing `"column"` as a string of that name. Each column is selected once.

use crate::member::StateName;

use super::ruled::RuledMap;
use super::search::ListedMap;
use super::settings::{ColumnType, Expected, Settings, SettingsError};
use super::tables::{Dialect, Tables};

/// How many rows a look-up returns at most.
const ROWS: usize = 8;

/// A prepared text and the places of the columns that it looks up, as a rule one. Where there are more values than columns,
/// they are all of the last.
#[derive(Debug)]
pub(super) struct LookUp {
    pub(super) sql: String,
    pub(super) keys: Vec<usize>,
}

impl LookUp {
    /// By one column.
    pub(super) fn by(key: usize, sql: String) -> Self {
        Self::of(&[key], sql)
    }

    pub(super) fn of(keys: &[usize], sql: String) -> Self {
        let keys = keys.to_vec();
        Self { sql, keys }
    }

    /// The place of the column that a value is compared with.
    pub(super) fn key_of(&self, value: usize) -> usize {
        let key = self.keys.get(value).or(self.keys.last());
        key.copied().unwrap_or_default()
    }
}

/// A statement that fails exactly when its column is missing.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) column: String,
    pub(super) table: String,
    pub(super) sql: String,
}

/// A state and the places of the columns that it asks.
#[derive(Debug)]
pub(super) struct StatePlace {
    pub(super) name: StateName,
    pub(super) all: Vec<(usize, Expected)>,
}

/// A shown column's place, name and type.
#[derive(Debug)]
pub(super) struct ShownPlace {
    pub(super) place: usize,
    pub(super) as_name: String,
    pub(super) column_type: ColumnType,
}

/// The table, as statements and places.
#[derive(Debug)]
pub(super) struct TableMap {
    pub(super) table: String,
    /// The selected columns; a place is an index into them and into every row.
    pub(super) columns: Vec<String>,
    pub(super) id: usize,
    pub(super) password: usize,
    pub(super) salt: Option<usize>,
    pub(super) states: Vec<StatePlace>,
    pub(super) shown: Vec<ShownPlace>,
    pub(super) by_login: LookUp,
    pub(super) by_id: LookUp,
    /// What rules ask for.
    pub(super) ruled: RuledMap,
    /// What those see who look after members.
    pub(super) listed: ListedMap,
    /// Asks for every column and no row.
    pub(super) inspection: String,
    pub(super) column_probes: Vec<Probe>,
    /// What fails exactly when its table is missing, where there are several.
    pub(super) table_probes: Vec<Probe>,
    pub(super) tables: Tables,
}

impl TableMap {
    pub(super) fn new(settings: &Settings, dialect: Dialect) -> Result<Self, SettingsError> {
        let mut columns = Vec::new();
        let id = place(&mut columns, &settings.columns.id);
        let login = place(&mut columns, &settings.columns.login);
        let password = place(&mut columns, &settings.columns.password);
        let salt = settings.columns.salt.as_ref();
        let salt = salt.map(|salt| place(&mut columns, salt));
        let states = state_places(settings, &mut columns)?;
        let shown = shown_places(settings, &mut columns);
        let tables = Tables::new(settings, dialect)?;
        let from = tables.from()?;
        let quoted = tables.quote(&columns)?;
        let by = |key: usize| look_up(&from, &quoted, &[key]);
        let (by_login, by_id) = (by(login), by(id));
        let ruled = RuledMap::new(settings, &tables, &from)?;
        let listed = ListedMap::new(settings, &tables, &from)?;
        // What is inspected is everything that anybody asks for.
        let mut all = columns.clone();
        for column in &ruled.columns {
            place(&mut all, column);
        }
        let quoted = tables.quote(&all)?;
        Ok(Self {
            table: settings.table.clone(),
            by_login,
            by_id,
            ruled,
            listed,
            inspection: format!("SELECT {} FROM {from} LIMIT 0", quoted.join(", ")),
            column_probes: column_probes(&tables, &all)?,
            table_probes: table_probes(&tables),
            columns,
            id,
            password,
            salt,
            states,
            shown,
            tables,
        })
    }

    /// A statement that finds members by the values of columns, which follow those of every member.
    pub(super) fn by_columns(&self, wanted: &[String]) -> Result<LookUp, SettingsError> {
        let mut columns = self.columns.clone();
        let first = columns.len();
        columns.extend_from_slice(wanted);
        let keys: Vec<usize> = (first..columns.len()).collect();
        let quoted = self.tables.quote(&columns)?;
        Ok(look_up(&self.tables.from()?, &quoted, &keys))
    }

    /// A statement that finds a member by its id, with one more column, and the place of that.
    pub(super) fn with_column(&self, wanted: &str) -> Result<(LookUp, usize), SettingsError> {
        let mut columns = self.columns.clone();
        let place = place(&mut columns, wanted);
        let quoted = self.tables.quote(&columns)?;
        Ok((look_up(&self.tables.from()?, &quoted, &[self.id]), place))
    }

    /// The name of the column at a place.
    pub(super) fn column(&self, place: usize) -> String {
        self.columns.get(place).cloned().unwrap_or_default()
    }
}

pub(super) fn place(columns: &mut Vec<String>, column: &str) -> usize {
    columns
        .iter()
        .position(|known| known == column)
        .unwrap_or_else(|| {
            columns.push(column.to_owned());
            columns.len() - 1
        })
}

pub(super) fn state_places(
    settings: &Settings,
    columns: &mut Vec<String>,
) -> Result<Vec<StatePlace>, SettingsError> {
    settings
        .states
        .iter()
        .map(|rule| {
            if rule.all.is_empty() {
                return Err(SettingsError::EmptyState {
                    state: rule.name.clone(),
                });
            }
            let all = rule.all.iter();
            let all = all.map(|(column, expected)| (place(columns, column), expected.clone()));
            Ok(StatePlace {
                name: rule.name.clone(),
                all: all.collect(),
            })
        })
        .collect()
}

pub(super) fn shown_places(settings: &Settings, columns: &mut Vec<String>) -> Vec<ShownPlace> {
    let shown = settings.shown.iter().map(|shown| ShownPlace {
        place: place(columns, &shown.column),
        as_name: shown.as_name.clone(),
        column_type: shown.column_type,
    });
    shown.collect()
}

pub(super) fn look_up(from: &str, quoted: &[String], keys: &[usize]) -> LookUp {
    let id = quoted.first().map_or("", String::as_str);
    let wanted = keys.iter().filter_map(|key| quoted.get(*key));
    let wanted: Vec<String> = wanted.map(|column| format!("{column} = ?")).collect();
    let sql = format!(
        "SELECT {} FROM {from} WHERE {} ORDER BY {id} LIMIT {ROWS}",
        quoted.join(", "),
        wanted.join(" AND ")
    );
    LookUp::of(keys, sql)
}

fn column_probes(tables: &Tables, columns: &[String]) -> Result<Vec<Probe>, SettingsError> {
    let mut probes = Vec::new();
    for name in columns {
        let column = tables.column(name)?;
        probes.push((name.clone(), column.table, column.name));
    }
    for (place, table) in tables.all.iter().enumerate() {
        for (own, first) in &table.on {
            probes.push((own.clone(), place, own.clone()));
            probes.push((first.clone(), 0, first.clone()));
        }
    }
    let probes = probes.into_iter().filter_map(|(shown, place, column)| {
        let table = tables.all.get(place)?;
        let probe = |quoted: String| Probe {
            column: shown,
            table: table.name.clone(),
            sql: format!(
                "SELECT {quoted} FROM {} AS {} LIMIT 0",
                table.quoted, table.short
            ),
        };
        Some(tables.quote_of(place, &column).map(probe))
    });
    probes.collect()
}

fn table_probes(tables: &Tables) -> Vec<Probe> {
    let probes = tables.all.iter().map(|table| Probe {
        column: String::new(),
        table: table.name.clone(),
        sql: format!("SELECT 1 FROM {} AS {} LIMIT 0", table.quoted, table.short),
    });
    probes.filter(|_| tables.all.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::settings::{Columns, PoolSettings, Shown, StateRule};
    use crate::store::url::DatabaseUrl;

    fn settings(table: &str, login: &str) -> Settings {
        Settings {
            database: DatabaseUrl::parse("sqlite::memory:").expect("a good URL"),
            table: table.to_owned(),
            columns: Columns {
                id: "id".to_owned(),
                login: login.to_owned(),
                password: "password".to_owned(),
                salt: None,
            },
            states: vec![StateRule {
                name: StateName::new("banned"),
                all: vec![("flag".to_owned(), Expected::Boolean(true))],
            }],
            shown: vec![Shown {
                column: "flag".to_owned(),
                as_name: "flag".to_owned(),
                column_type: ColumnType::Boolean,
            }],
            ruled: vec!["kind".to_owned(), "flag".to_owned()],
            pool: PoolSettings { min: 0, max: 1 },
            connect_timeout: Duration::from_secs(1),
            deadline: Duration::from_secs(1),
            tls: None,
            joins: Vec::new(),
            write: None,
        }
    }

    #[test]
    fn one_statement_selects_each_column_once() {
        let map = TableMap::new(&settings("shop.user", "e`mail"), Dialect::MySql).expect("a map");
        assert_eq!(
            map.by_login.sql,
            "SELECT m.`id`, m.`e``mail`, m.`password`, m.`flag` FROM `shop`.`user` AS m \
             WHERE m.`e``mail` = ? ORDER BY m.`id` LIMIT 8"
        );
        let map = TableMap::new(&settings("us\"er", "id"), Dialect::Sqlite).expect("a map");
        assert_eq!(
            map.by_login.sql,
            "SELECT m.\"id\", m.\"password\", m.\"flag\" FROM \"us\"\"er\" AS m \
             WHERE m.\"id\" = ? ORDER BY m.\"id\" LIMIT 8"
        );
        assert_eq!(
            map.ruled.by_id.sql,
            "SELECT m.\"id\", m.\"flag\", m.\"kind\" FROM \"us\"\"er\" AS m \
             WHERE m.\"id\" = ? ORDER BY m.\"id\" LIMIT 8",
            "no password, and no login"
        );
        assert_eq!(map.ruled.values, [2, 1]);
        assert_eq!(
            map.inspection,
            "SELECT m.\"id\", m.\"password\", m.\"flag\", m.\"kind\" FROM \"us\"\"er\" AS m LIMIT 0"
        );
    }

    #[test]
    fn unusable_names_are_refused() {
        for table in ["", "a.", ".b", "a.b.c", "a\0b"] {
            assert!(
                TableMap::new(&settings(table, "email"), Dialect::MySql).is_err(),
                "{table:?}"
            );
        }
        assert!(TableMap::new(&settings("user", "\0"), Dialect::Sqlite).is_err());
    }

    #[test]
    fn a_state_without_a_condition_is_refused() {
        let mut settings = settings("user", "email");
        settings.states.push(StateRule {
            name: StateName::new("all"),
            all: Vec::new(),
        });
        let error = TableMap::new(&settings, Dialect::Sqlite).expect_err("an empty state");
        assert!(matches!(error, SettingsError::EmptyState { .. }));
    }
}
