//! The user table in MySQL or MariaDB.
//!
//! One pool of connections, each set up once for read-only statements of bounded length. Every
//! wait is bounded: for a place in the pool and for the whole look-up by the deadline, for a
//! connection by its own time-out. A connection that broke under a look-up is replaced and the
//! look-up, being a read, is tried once more. Prepared statements survive in the connection that
//! made them, so a warm look-up is one round trip.

mod failure;
mod options;
#[cfg(test)]
mod tests;
pub(super) mod value;

use std::fmt;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Pool, Row, Value};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::cell::Cell;
use super::error::{Cause, Error};
use super::settings::Settings;
use super::table_map::{LookUp, TableMap};
use crate::secret::Secret;
pub(crate) use failure::Failure;
pub(crate) use options::connecting;

/// A pool of connections to one server, and the table that it reads.
pub(super) struct MySql {
    pool: Pool,
    /// A place in the pool. The pool's own queue cannot be told apart from a slow connection.
    places: Semaphore,
    connect_timeout: Duration,
    deadline: Duration,
    map: Box<TableMap>,
}

impl fmt::Debug for MySql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MySql")
            .field("table", &self.map.table)
            .finish_non_exhaustive()
    }
}

impl MySql {
    pub(super) fn open(
        settings: &Settings,
        url: &Secret<String>,
        map: TableMap,
    ) -> Result<Self, Error> {
        Ok(Self {
            pool: Pool::new(options::driver(settings, url)?),
            places: Semaphore::new(settings.pool.max),
            connect_timeout: settings.connect_timeout,
            deadline: settings.deadline,
            map: Box::new(map),
        })
    }

    pub(super) fn map(&self) -> &TableMap {
        &self.map
    }

    pub(super) async fn rows(
        &self,
        look_up: &LookUp,
        wanted: &[String],
    ) -> Result<Vec<Vec<Cell>>, Error> {
        self.within_deadline(async {
            match self.rows_once(look_up, wanted).await {
                Err(Failure::Lost(_)) => self.rows_once(look_up, wanted).await,
                settled => settled,
            }
        })
        .await
    }

    pub(super) async fn inspect(&self) -> Result<(), Error> {
        self.within_deadline(async {
            match self.inspect_once().await {
                Err(Failure::Lost(_)) => self.inspect_once().await,
                settled => settled,
            }
        })
        .await
    }

    pub(super) async fn close(self) {
        self.places.close();
        // A server that does not answer the farewell must not hold up a shutdown, and there is
        // nobody left to tell that it failed.
        drop(timeout(self.deadline, self.pool.disconnect()).await);
    }

    async fn within_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Error> {
        match timeout(self.deadline, work).await {
            Ok(outcome) => outcome.map_err(|failure| failure.into_error(&self.map, self.deadline)),
            Err(_) => Err(Error::Deadline {
                limit: self.deadline,
            }),
        }
    }

    async fn rows_once(
        &self,
        look_up: &LookUp,
        wanted: &[String],
    ) -> Result<Vec<Vec<Cell>>, Failure> {
        let _place = self.place().await?;
        let mut conn = self.connection().await?;
        match fetch(&mut conn, look_up, wanted).await {
            Err(Failure::ColumnMissing) => Err(self.missing_column(&mut conn).await),
            Err(Failure::NoTable) => Err(self.missing_table(&mut conn).await),
            // ASCII can be written in every character set, so there it is the table that is at odds.
            Err(Failure::Incomparable) if !wanted.iter().all(|it| it.is_ascii()) => Ok(Vec::new()),
            settled => settled,
        }
    }

    async fn inspect_once(&self) -> Result<(), Failure> {
        let _place = self.place().await?;
        let mut conn = self.connection().await?;
        // Not prepared: a cached statement would not see that the table has changed.
        match conn
            .query_drop(&self.map.inspection)
            .await
            .map_err(Failure::from)
        {
            Err(Failure::ColumnMissing) => Err(self.missing_column(&mut conn).await),
            Err(Failure::NoTable) => Err(self.missing_table(&mut conn).await),
            settled => settled,
        }
    }

    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        let place = self.places.acquire().await;
        place.map_err(|_| Failure::Unavailable(Cause::Closed))
    }

    async fn connection(&self) -> Result<Conn, Failure> {
        match timeout(self.connect_timeout, self.pool.get_conn()).await {
            // A connection that was never there is an outage, not a loss worth a second try.
            Ok(made) => made.map_err(|error| Failure::from(error).while_connecting()),
            Err(_) => Err(Failure::Unavailable(Cause::ConnectTimeout(
                self.connect_timeout,
            ))),
        }
    }

    /// Asks for each column by itself. The server's message names the column too, but in the
    /// language of its locale.
    async fn missing_column(&self, conn: &mut Conn) -> Failure {
        for probe in &self.map.column_probes {
            match conn.query_drop(&probe.sql).await.map_err(Failure::from) {
                Ok(()) => {}
                Err(Failure::ColumnMissing) => {
                    return Failure::NoColumn(probe.column.clone(), probe.table.clone());
                }
                Err(other) => return other,
            }
        }
        Failure::ColumnMissing
    }

    async fn missing_table(&self, conn: &mut Conn) -> Failure {
        for probe in &self.map.table_probes {
            let asked = conn.query_drop(&probe.sql).await.map_err(Failure::from);
            if let Err(Failure::NoTable) = asked {
                return Failure::NoSuchTable(probe.table.clone());
            }
        }
        Failure::NoTable
    }
}

async fn fetch(
    conn: &mut Conn,
    look_up: &LookUp,
    wanted: &[String],
) -> Result<Vec<Vec<Cell>>, Failure> {
    let statement = conn.prep(&look_up.sql).await?;
    let columns = statement.columns();
    let mut integers = Vec::new();
    let mut parameters = Vec::with_capacity(wanted.len());
    for (value, wanted) in wanted.iter().enumerate() {
        let key = look_up.key_of(value);
        let Some(parameter) = value::parameter(columns.get(key), wanted) else {
            continue;
        };
        if parameter.is_integer() {
            integers.push(key);
        }
        parameters.push(parameter);
    }
    if look_up.keys.len() > 1 && parameters.len() < wanted.len() {
        return Ok(Vec::new());
    }
    let count = usize::from(statement.num_params());
    let mut values: Vec<_> = parameters
        .drain(..)
        .map(value::Parameter::into_value)
        .collect();
    // What the column cannot hold is found nowhere; in its place something is asked for twice.
    let Some(filling) = values
        .last()
        .cloned()
        .or((count == 0).then_some(Value::NULL))
    else {
        return Ok(Vec::new());
    };
    values.resize(count, filling);
    let rows: Vec<Row> = conn.exec(&statement, Params::Positional(values)).await?;
    let mut rows: Vec<_> = rows.into_iter().map(value::cells).collect();
    // The column may have become text since the statement was prepared, and text equals an integer
    // by its leading digits.
    rows.retain(|row| {
        let mut cells = integers.iter().map(|key| row.get(*key));
        !cells.any(|cell| matches!(cell, Some(Cell::Text(_))))
    });
    Ok(rows)
}
