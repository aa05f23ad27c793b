//! The user table in SQLite: for a first run, for tests, for a small monolith.
//!
//! One thread owns the one connection and answers look-ups in turn; the queue in front of it is
//! bounded. A look-up that is given up, by the deadline or because its caller went away, is taken
//! out of the queue or interrupted. A file is opened read-only and never created; one that is
//! missing is looked for again at the next look-up.

pub(super) mod reader;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::cell::Cell;
use super::error::{Cause, Error};
use super::settings::Settings;
use super::table_map::{LookUp, TableMap};
use crate::secret::Secret;
use crate::sqlite_thread::{SqliteThread, Undone};
use reader::Reader;

/// How many look-ups may wait for the thread.
const QUEUE: usize = 64;

/// A thread that reads one SQLite database.
pub(super) struct Sqlite {
    thread: SqliteThread<Reader>,
    deadline: Duration,
    map: Arc<TableMap>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sqlite")
            .field("table", &self.map.table)
            .finish_non_exhaustive()
    }
}

impl Sqlite {
    pub(super) fn open(
        settings: &Settings,
        path: &Secret<String>,
        map: TableMap,
    ) -> Result<Self, Error> {
        let map = Arc::new(map);
        let reader = Reader::new(path.expose(), settings.deadline, Arc::clone(&map));
        let thread = SqliteThread::start("user-store", reader, QUEUE);
        let thread = thread.map_err(|error| Error::Unavailable {
            cause: Cause::Connection(error),
        })?;
        Ok(Self {
            thread,
            deadline: settings.deadline,
            map,
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
        let (sql, wanted) = (look_up.sql.clone(), wanted.to_vec());
        self.ask(move |reader| reader.rows(&sql, &wanted)).await
    }

    pub(super) async fn inspect(&self) -> Result<(), Error> {
        self.ask(Reader::inspect).await
    }

    pub(super) async fn close(self) {
        // The thread ends after the look-up that it is at, which the deadline bounds.
        drop(timeout(self.deadline, self.thread.close()).await);
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let limit = self.deadline;
        let asked = self.thread.work(|reader| question(reader?));
        match timeout(limit, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(undone)) => Err(undone.into()),
            Err(_) => Err(Error::Deadline { limit }),
        }
    }
}

impl From<Undone> for Error {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Full => Self::Overloaded,
            Undone::Ended => Self::Unavailable {
                cause: Cause::Closed,
            },
        }
    }
}
