//! Rows by a column that says when they were changed: the newest stamp that there is, and the rows from a stamp on.
//!
//! Rows come in the order of their stamps, and those of one stamp in the order of their ids, by pages: a thousand rows of
//! one second are no obstacle. A row whose stamp is NULL does not come.

use super::Store;
use super::cell::Cell;
use super::error::Error;
use super::settings::{Settings, SettingsError};
use super::stamp::Stamp;
use super::table_map::{LookUp, place};
use super::tables::{Dialect, Tables};
use super::watched::{CHUNK, WatchedRow};

/// The column, as statements.
#[derive(Debug)]
pub struct Changing {
    column: String,
    /// Where it is among the columns of a row.
    place: usize,
    newest: LookUp,
    from: LookUp,
    same: LookUp,
    later: LookUp,
}

/// The newest stamp, and what the database's clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// The newest one; `None` where no row has any.
    pub stamp: Option<Stamp>,
    /// The database's clock, in UTC.
    pub universal: Stamp,
    /// The latest of what its clock says in UTC, in the session's zone and in the server's.
    pub latest: Stamp,
}

/// A page of rows.
#[derive(Debug)]
pub struct Changed {
    /// The rows.
    pub rows: Vec<WatchedRow>,
    /// Where the next page begins; `None` where there is none.
    pub next: Option<Next>,
}

/// Where a page begins.
#[derive(Debug)]
pub struct Next {
    stamp: String,
    /// The last row of this stamp that was read; `None` where none of it was.
    after: Option<String>,
}

impl Changing {
    fn new(
        columns: &[String],
        settings: &Settings,
        column: &str,
        dialect: Dialect,
    ) -> Result<Self, SettingsError> {
        let mut columns = columns.to_vec();
        let place = place(&mut columns, column);
        let tables = Tables::new(settings, dialect)?;
        let (quoted, from) = (tables.quote(&columns)?, tables.from()?);
        let (Some(id), Some(stamp)) = (quoted.first(), quoted.get(place)) else {
            let name = column.to_owned();
            return Err(SettingsError::Name { name });
        };
        let listed = quoted.join(", ");
        let page = |condition: &str| {
            format!(
                "SELECT {listed} FROM {from} WHERE {condition} ORDER BY {stamp}, {id} LIMIT {CHUNK}"
            )
        };
        let clocks = clocks(dialect);
        Ok(Self {
            column: column.to_owned(),
            place,
            newest: LookUp::by(0, format!("SELECT MAX({stamp}), {clocks} FROM {from}")),
            from: LookUp::by(place, page(&format!("{stamp} >= ?"))),
            same: LookUp::of(&[place, 0], page(&format!("{stamp} = ? AND {id} > ?"))),
            later: LookUp::by(place, page(&format!("{stamp} > ?"))),
        })
    }

    fn unreadable(&self) -> Error {
        Error::Corrupt {
            column: self.column.clone(),
            expected: "a date with a time of day, or seconds since 1970",
        }
    }
}

/// A column is written in UTC, in the zone of a session like ours, or in the server's.
fn clocks(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => {
            "UTC_TIMESTAMP(6), GREATEST(UTC_TIMESTAMP(6), CURRENT_TIMESTAMP(6), \
             COALESCE(CONVERT_TZ(UTC_TIMESTAMP(6), '+00:00', @@global.time_zone), UTC_TIMESTAMP(6)))"
        }
        Dialect::Sqlite => {
            "strftime('%Y-%m-%d %H:%M:%S', 'now'), \
             max(strftime('%Y-%m-%d %H:%M:%S', 'now'), strftime('%Y-%m-%d %H:%M:%S', 'now', 'localtime'))"
        }
    }
}

impl Store {
    /// The statements about a column that says when rows were changed.
    pub fn changing(&self, settings: &Settings, column: &str) -> Result<Changing, Error> {
        let dialect = settings.database.dialect();
        let columns = &self.map().ruled.watched;
        Ok(Changing::new(columns, settings, column, dialect)?)
    }

    /// The newest stamp.
    pub async fn newest(&self, changing: &Changing) -> Result<Newest, Error> {
        let rows = self.fetch(&changing.newest, &[]).await?;
        let cells = rows.first().map(Vec::as_slice);
        let Some([newest, universal, latest]) = cells else {
            return Err(changing.unreadable());
        };
        let clock = |cell| Stamp::of(cell).ok_or_else(|| changing.unreadable());
        let is_null = matches!(newest, Cell::Null);
        let stamp = (!is_null).then(|| clock(newest));
        Ok(Newest {
            stamp: stamp.transpose()?,
            universal: clock(universal)?,
            latest: clock(latest)?,
        })
    }

    /// The first page of the rows that were changed at this second or later.
    pub async fn changed_from(&self, changing: &Changing, from: Stamp) -> Result<Changed, Error> {
        let rows = self.fetch(&changing.from, &[from.whole_second()]).await?;
        self.changed(changing, rows)
    }

    /// The page behind another one.
    pub async fn changed_next(&self, changing: &Changing, next: Next) -> Result<Changed, Error> {
        let Next { stamp, after } = next;
        let Some(after) = after else {
            let rows = self.fetch(&changing.later, &[stamp]).await?;
            return self.changed(changing, rows);
        };
        let rows = self.fetch(&changing.same, &[stamp.clone(), after]).await?;
        let is_full = rows.len() >= CHUNK;
        let mut changed = self.changed(changing, rows)?;
        if !is_full {
            changed.next = Some(Next { stamp, after: None });
        }
        Ok(changed)
    }

    fn changed(&self, changing: &Changing, rows: Vec<Vec<Cell>>) -> Result<Changed, Error> {
        let last = rows.last().filter(|_| rows.len() >= CHUNK);
        let text = |row: &Vec<Cell>, place| row.get(place).and_then(Cell::text);
        let next = last.map(|row| {
            let stamp = text(row, changing.place);
            let stamp = stamp.ok_or_else(|| changing.unreadable())?;
            let after = text(row, 0);
            Ok::<_, Error>(Next { stamp, after })
        });
        Ok(Changed {
            next: next.transpose()?,
            rows: self.watched(rows)?,
        })
    }
}
