//! The statements that write, out of identifiers that are quoted once.

use crate::store::{
    settings::{Settings, SettingsError},
    table_map::{StatePlace, place, state_places},
    tables::{Dialect, Tables},
};

/// The tables, as statements and parts of statements.
#[derive(Debug)]
pub(super) struct WriteMap {
    pub(super) dialect: Dialect,
    pub(super) tables: Tables,
    pub(super) each: Vec<TableMap>,
    /// Finds and locks the row of a member by its id, twice; the values of `keys`, the id first.
    pub(super) locate: String,
    /// Finds and locks a member by its id, twice; the columns of `taken`.
    pub(super) standing: String,
    /// The columns of the first table that others refer to, its id first.
    pub(super) keys: Vec<String>,
    pub(super) password: usize,
    /// Writes a password (the new one, the keys, the expected one).
    pub(super) replace_password: String,
    pub(super) login: String,
    pub(super) taken: Taken,
}

/// A table.
#[derive(Debug)]
pub(super) struct TableMap {
    /// What stands behind `WHERE`; each key twice.
    pub(super) whose: String,
    /// Its keys, as places in the keys of the first table.
    pub(super) keys: Vec<usize>,
    pub(super) delete: String,
}

/// Who has a login.
#[derive(Debug)]
pub(super) struct Taken {
    /// The columns of a row, the keys of the first table at the beginning.
    pub(super) columns: Vec<String>,
    pub(super) states: Vec<StatePlace>,
}

impl WriteMap {
    pub(super) fn new(settings: &Settings, dialect: Dialect) -> Result<Self, SettingsError> {
        let tables = Tables::new(settings, dialect)?;
        let id = tables.column(&settings.columns.id)?;
        if id.table != 0 {
            return Err(SettingsError::ElsewhereId {
                column: settings.columns.id.clone(),
            });
        }
        let mut keys = vec![id.name];
        for table in &tables.all {
            for (_, first) in &table.on {
                place(&mut keys, first);
            }
        }
        let mut each = Vec::new();
        for table in 0..tables.all.len() {
            each.push(table_map(&tables, table, &keys)?);
        }
        let password = tables.column(&settings.columns.password)?;
        let expected = tables.quote_of(password.table, &password.name)?;
        let expected = exact(dialect, &expected);
        let replace = [password.name.as_str()];
        let replace_password = format!(
            "{} AND {expected}",
            update(&tables, &each, (password.table, &replace))?
        );
        let mut quoted = Vec::new();
        for key in &keys {
            quoted.push(tables.quote_of(0, key)?);
        }
        let whose = each.first().map_or("", |table| table.whose.as_str());
        let locate = locking(
            dialect,
            &format!(
                "SELECT {} FROM {} WHERE {whose}",
                quoted.join(", "),
                named(&tables, 0)
            ),
        );
        let mut columns = keys.clone();
        let states = state_places(settings, &mut columns)?;
        let standing = format!(
            "SELECT {} FROM {} WHERE {whose}",
            tables.quote(&columns)?.join(", "),
            tables.all_rows()?
        );
        let standing = locking(dialect, &standing);
        Ok(Self {
            dialect,
            each,
            locate,
            standing,
            keys,
            password: password.table,
            replace_password,
            login: settings.columns.login.clone(),
            taken: Taken { columns, states },
            tables,
        })
    }

    /// Writes columns of a table (their values, the keys).
    pub(super) fn update(&self, table: usize, columns: &[&str]) -> Result<String, SettingsError> {
        update(&self.tables, &self.each, (table, columns))
    }

    /// Whether a table has a row of a member (the keys).
    pub(super) fn is_there(&self, table: usize) -> String {
        let whose = self.each.get(table).map_or("", |table| &table.whose);
        let sql = format!("SELECT 1 FROM {} WHERE {whose}", named(&self.tables, table));
        locking(self.dialect, &sql)
    }
}

/// Locks what it finds until the transaction ends. SQLite has one that writes at a time.
pub(super) fn locking(dialect: Dialect, sql: &str) -> String {
    match dialect {
        Dialect::MySql => format!("{sql} FOR UPDATE"),
        Dialect::Sqlite => sql.to_owned(),
    }
}

fn table_map(tables: &Tables, at: usize, keys: &[String]) -> Result<TableMap, SettingsError> {
    let table = tables.all.get(at);
    let on = table.map(|table| table.on.as_slice()).unwrap_or_default();
    let mut pairs: Vec<(String, usize)> = Vec::new();
    for (own, first) in on {
        let key = keys.iter().position(|key| key == first);
        pairs.push((own.clone(), key.unwrap_or_default()));
    }
    if at == 0 {
        pairs = keys.iter().take(1).map(|id| (id.clone(), 0)).collect();
    }
    let (mut whose, mut own) = (Vec::new(), Vec::new());
    let full = table.map_or("", |table| &table.quoted);
    for (column, _) in &pairs {
        whose.push(same(tables.dialect, &tables.quote_of(at, column)?));
        let column = format!("{full}.{}", tables.dialect.quote(column)?);
        own.push(same(tables.dialect, &column));
    }
    Ok(TableMap {
        whose: whose.join(" AND "),
        keys: pairs.iter().map(|(_, key)| *key).collect(),
        // An alias is not allowed here by every server.
        delete: format!("DELETE FROM {full} WHERE {}", own.join(" AND ")),
    })
}

pub(super) fn named(tables: &Tables, at: usize) -> String {
    let table = tables.all.get(at);
    table.map_or_else(String::new, |table| {
        format!("{} AS {}", table.quoted, table.short)
    })
}

fn update(
    tables: &Tables,
    each: &[TableMap],
    (table, columns): (usize, &[&str]),
) -> Result<String, SettingsError> {
    let mut set = Vec::new();
    for column in columns {
        set.push(format!("{} = ?", tables.dialect.quote(column)?));
    }
    let whose = each.get(table).map_or("", |table| &table.whose);
    let table = named(tables, table);
    Ok(format!(
        "UPDATE {table} SET {} WHERE {whose}",
        set.join(", ")
    ))
}

/// By the column's index, and then to the byte.
pub(super) fn same(dialect: Dialect, column: &str) -> String {
    format!("{column} = ? AND {}", exact(dialect, column))
}

fn exact(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::MySql => {
            format!("CAST(CAST({column} AS CHAR) AS BINARY) = CAST(CAST(? AS CHAR) AS BINARY)")
        }
        Dialect::Sqlite => format!("CAST({column} AS BLOB) = CAST(? AS BLOB)"),
    }
}
