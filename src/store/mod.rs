//! The monolith's user table: it is read, and where the configuration lists what may be written, written.
//!
//! `Store` finds members by what they call themselves and by their id, in MySQL, MariaDB or
//! SQLite. It promises that a look-up is one prepared statement with the value as its parameter,
//! that it ends within the configured deadline, that a restarted database is found again without
//! help, and that nothing of a row reaches a log or an error. It never writes: that is the [`Writer`]'s. It never alters a
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
mod search;
mod settings;
mod sqlite;
mod stamp;
mod table_map;
mod tables;
mod url;
mod watched;
mod write;

use cell::Cell;
use mysql::MySql;
use sqlite::Sqlite;
use table_map::{LookUp, TableMap};
use tables::{Dialect, Tables};

use crate::member::{Member, Row};
use crate::secret::Secret;

pub use changed::{Changed, Changing, Newest};
pub use error::{Cause, Error};
pub(crate) use mysql::{Failure as MySqlFailure, connecting as driver_options};
pub use search::{Listed, PAGE, Page, Search};
pub use settings::{
    ColumnType, Columns, Expected, Join, PoolSettings, Settings, SettingsError, Shown, StateRule,
    TlsSettings,
};
pub use stamp::Stamp;
pub use url::{DatabaseUrl, DatabaseUrlError};
pub use watched::{CHUNK, WatchedRow, watched_text};
pub use write::{
    CellValue, Change, Inserted, Leaving, Link, Linked, NewId, NewMember, Relink, Relinked,
    Rewritten, Swapped, WriteAction, WriteError, WriteSettings, Writer, moment_of,
};

/// The longest login or id that is looked up.
const LONGEST: usize = 1024;

/// The user table.
#[derive(Debug)]
pub struct Store {
    database: Database,
    writer: Option<Writer>,
}

/// The user table in one of its databases.
#[derive(Debug)]
enum Database {
    MySql(MySql),
    Sqlite(Sqlite),
}

/// How members are found by other columns than their id and their login. Made once, out of names of the configuration.
#[derive(Debug)]
pub struct Finder(LookUp);

/// How one more column of a member is read. Made once, out of a name of the configuration.
#[derive(Debug)]
pub struct Reading {
    look_up: LookUp,
    place: usize,
}

impl Store {
    /// Prepares a store without connecting; the first look-up connects. Needs a tokio runtime.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let map = TableMap::new(settings, settings.database.dialect())?;
        let database = match &settings.database {
            DatabaseUrl::MySql(url) => Database::MySql(MySql::open(settings, url, map)?),
            DatabaseUrl::Sqlite(path) => Database::Sqlite(Sqlite::open(settings, path, map)?),
        };
        let write = settings.write.as_ref();
        let writer = write.map(|write| Writer::open(settings, write));
        Ok(Self {
            database,
            writer: writer.transpose()?,
        })
    }

    /// What writes the table, if anything may.
    pub fn writer(&self) -> Option<&Writer> {
        self.writer.as_ref()
    }

    /// How members are found by these columns.
    pub fn finder(&self, columns: &[String]) -> Result<Finder, Error> {
        Ok(Finder(self.map().by_columns(columns)?))
    }

    /// How a column is read that is a secret.
    pub fn reading(&self, column: &str) -> Result<Reading, Error> {
        let (look_up, place) = self.map().with_column(column)?;
        Ok(Reading { look_up, place })
    }

    /// How what members log in with is read.
    pub fn reading_of_login(&self) -> Result<Reading, Error> {
        let map = self.map();
        let column = map.columns.get(map.by_login.key_of(0));
        self.reading(column.map_or("", String::as_str))
    }

    /// The row whose id is `id`, and the text of the column.
    pub async fn read_by_id(
        &self,
        reading: &Reading,
        id: &str,
    ) -> Result<Option<(Member, Option<Secret<String>>)>, Error> {
        let rows = self.rows(&reading.look_up, id).await?;
        let Some(row) = self.the_one(rows, id)? else {
            return Ok(None);
        };
        let text = row.get(reading.place).and_then(Cell::text).map(Secret::new);
        Ok(Some((decode::member(self.map(), row)?, text)))
    }

    /// The rows of which these columns have these values, byte for byte; ordered by id, eight at most.
    pub async fn find_where(
        &self,
        Finder(look_up): &Finder,
        values: &[&str],
    ) -> Result<Vec<Member>, Error> {
        let odd = |value: &&str| value.len() > LONGEST || value.contains('\0');
        if values.is_empty() || values.iter().any(odd) {
            return Ok(Vec::new());
        }
        let wanted: Vec<String> = values.iter().map(ToString::to_string).collect();
        let mut rows = self.fetch(look_up, &wanted).await?;
        rows.retain(|row| {
            let mut pairs = look_up.keys.iter().zip(&wanted);
            pairs.all(|(key, wanted)| row.get(*key).and_then(Cell::text).as_ref() == Some(wanted))
        });
        let members = rows.into_iter().map(|row| decode::member(self.map(), row));
        members.collect()
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

    /// What rules ask of the row whose login column equals `login`: of several the single one that is not blocked, and
    /// none where nothing tells them apart.
    pub async fn row_by_login(&self, login: &str) -> Result<Option<Row>, Error> {
        let ruled = &self.map().ruled;
        let rows = self.rows(&ruled.by_login, login).await?;
        let rows = rows.iter().map(|row| ruled::row(ruled, row));
        let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
        let is_unblocked = |row: &Row| row.state.is_none();
        match rows.iter().filter(|row| is_unblocked(row)).count() {
            0 => Ok(rows.into_iter().next()),
            1 => Ok(rows.into_iter().find(is_unblocked)),
            _ => Ok(None),
        }
    }

    /// Whether the database answers and has the table and every configured column.
    pub async fn inspect(&self) -> Result<(), Error> {
        match &self.database {
            Database::MySql(store) => store.inspect().await,
            Database::Sqlite(store) => store.inspect().await,
        }
    }

    /// Closes the connections.
    pub async fn close(self) {
        if let Some(writer) = self.writer {
            writer.close().await;
        }
        match self.database {
            Database::MySql(store) => store.close().await,
            Database::Sqlite(store) => store.close().await,
        }
    }

    fn map(&self) -> &TableMap {
        match &self.database {
            Database::MySql(store) => store.map(),
            Database::Sqlite(store) => store.map(),
        }
    }

    async fn rows(&self, look_up: &LookUp, wanted: &str) -> Result<Vec<Vec<Cell>>, Error> {
        if wanted.len() > LONGEST || wanted.contains('\0') {
            return Ok(Vec::new());
        }
        let mut rows = self.fetch(look_up, &[wanted.to_owned()]).await?;
        rows.retain(|row| {
            row.get(look_up.key_of(0))
                .is_some_and(|cell| cell.is_meant_by(wanted))
        });
        Ok(rows)
    }

    async fn fetch(&self, look_up: &LookUp, wanted: &[String]) -> Result<Vec<Vec<Cell>>, Error> {
        match &self.database {
            Database::MySql(store) => store.rows(look_up, wanted).await,
            Database::Sqlite(store) => store.rows(look_up, wanted).await,
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
    /// The column that a name means: the place of its table, 0 for the first, and its name there.
    pub fn column(&self, name: &str) -> Option<(usize, String)> {
        let tables = Tables::new(self, self.database.dialect()).ok()?;
        let column = tables.column(name).ok()?;
        Some((column.table, column.name))
    }

    /// Whether names, states and bounds can be used at all; asks no database.
    pub fn check(&self) -> Result<(), SettingsError> {
        TableMap::new(self, self.database.dialect())?;
        if self.pool.max == 0 || self.pool.min > self.pool.max {
            return Err(SettingsError::Pool {
                min: self.pool.min,
                max: self.pool.max,
            });
        }
        Ok(())
    }
}

impl DatabaseUrl {
    fn dialect(&self) -> Dialect {
        match self {
            Self::MySql(_) => Dialect::MySql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }
}
