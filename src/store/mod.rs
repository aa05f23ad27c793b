//! The monolith's user table, read-only.
//!
//! `Store` finds members by what they call themselves and by their id, in MySQL, MariaDB or
//! SQLite. It promises that a look-up is one prepared statement with the value as its parameter,
//! that it ends within the configured deadline, that a restarted database is found again without
//! help, and that nothing of a row reaches a log or an error. It never writes, never alters a
//! schema, opens no transaction, does not check passwords and does not cache.
//!
//! Text compares by the collation of its column; an integer column equals its canonical spelling
//! and nothing else. Zero dates are NULL.

mod cell;
mod changed;
#[cfg(test)]
pub(crate) mod contract;
mod decode;
mod error;
mod moment;
mod mysql;
mod ruled;
mod settings;
mod sqlite;
mod stamp;
mod table_map;
mod url;
mod watched;

use cell::Cell;
use mysql::MySql;
use sqlite::Sqlite;
use table_map::{Dialect, LookUp, TableMap};

use crate::member::{Member, Row};

pub use changed::{Changed, Changing, Newest};
pub use error::{Cause, Error};
pub(crate) use mysql::{Failure as MySqlFailure, connecting as driver_options};
pub use settings::{
    ColumnType, Columns, Expected, PoolSettings, Settings, SettingsError, Shown, StateRule,
    TlsSettings,
};
pub use stamp::Stamp;
pub use url::{DatabaseUrl, DatabaseUrlError};
pub use watched::{CHUNK, WatchedRow};

/// The longest login or id that is looked up.
const LONGEST: usize = 1024;

/// The user table in one of its databases.
#[derive(Debug)]
pub enum Store {
    /// MySQL or MariaDB.
    MySql(MySql),
    /// SQLite.
    Sqlite(Sqlite),
}

impl Store {
    /// Prepares a store without connecting; the first look-up connects. Needs a tokio runtime.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        match &settings.database {
            DatabaseUrl::MySql(url) => {
                let map = TableMap::new(settings, Dialect::MySql)?;
                Ok(Self::MySql(MySql::open(settings, url, map)?))
            }
            DatabaseUrl::Sqlite(path) => {
                let map = TableMap::new(settings, Dialect::Sqlite)?;
                Ok(Self::Sqlite(Sqlite::open(settings, path, map)?))
            }
        }
    }

    /// The rows whose login column equals `login`, ordered by id, eight at most.
    pub async fn members_by_login(&self, login: &str) -> Result<Vec<Member>, Error> {
        let rows = self.rows(&self.map().by_login, login).await?;
        rows.into_iter()
            .map(|row| decode::member(self.map(), row))
            .collect()
    }

    /// The row whose id is `id`. Where a collation makes several ids equal, the one that is spelt
    /// exactly so.
    pub async fn member_by_id(&self, id: &str) -> Result<Option<Member>, Error> {
        let rows = self.rows(&self.map().by_id, id).await?;
        let row = self.the_one(rows, id)?;
        row.map(|row| decode::member(self.map(), row)).transpose()
    }

    /// What rules ask of the row whose id is `id`, found as [`Self::member_by_id`] finds it.
    pub async fn row_by_id(&self, id: &str) -> Result<Option<Row>, Error> {
        let ruled = &self.map().ruled;
        let rows = self.rows(&ruled.by_id, id).await?;
        let row = self.the_one(rows, id)?;
        row.map(|row| ruled::row(ruled, &row)).transpose()
    }

    /// Whether the database answers and has the table and every configured column.
    pub async fn inspect(&self) -> Result<(), Error> {
        match self {
            Self::MySql(store) => store.inspect().await,
            Self::Sqlite(store) => store.inspect().await,
        }
    }

    /// Closes the connections.
    pub async fn close(self) {
        match self {
            Self::MySql(store) => store.close().await,
            Self::Sqlite(store) => store.close().await,
        }
    }

    fn map(&self) -> &TableMap {
        match self {
            Self::MySql(store) => store.map(),
            Self::Sqlite(store) => store.map(),
        }
    }

    async fn rows(&self, look_up: &LookUp, wanted: &str) -> Result<Vec<Vec<Cell>>, Error> {
        if wanted.len() > LONGEST || wanted.contains('\0') {
            return Ok(Vec::new());
        }
        let mut rows = self.fetch(look_up, &[wanted.to_owned()]).await?;
        rows.retain(|row| {
            row.get(look_up.key)
                .is_some_and(|cell| cell.is_meant_by(wanted))
        });
        Ok(rows)
    }

    async fn fetch(&self, look_up: &LookUp, wanted: &[String]) -> Result<Vec<Vec<Cell>>, Error> {
        match self {
            Self::MySql(store) => store.rows(look_up, wanted).await,
            Self::Sqlite(store) => store.rows(look_up, wanted).await,
        }
    }

    fn the_one(&self, mut rows: Vec<Vec<Cell>>, id: &str) -> Result<Option<Vec<Cell>>, Error> {
        let map = self.map();
        if rows.len() > 1 {
            let exact =
                |row: &Vec<Cell>| row.get(map.id).and_then(Cell::text).as_deref() == Some(id);
            rows.retain(exact);
            if rows.len() != 1 {
                return Err(Error::Ambiguous {
                    column: map.column(map.id),
                    table: map.table.clone(),
                });
            }
        }
        Ok(rows.pop())
    }
}

impl Settings {
    /// Whether names, states and bounds can be used at all; asks no database.
    pub fn check(&self) -> Result<(), SettingsError> {
        let dialect = match &self.database {
            DatabaseUrl::MySql(_) => Dialect::MySql,
            DatabaseUrl::Sqlite(_) => Dialect::Sqlite,
        };
        TableMap::new(self, dialect)?;
        if self.pool.max == 0 || self.pool.min > self.pool.max {
            return Err(SettingsError::Pool {
                min: self.pool.min,
                max: self.pool.max,
            });
        }
        Ok(())
    }
}
