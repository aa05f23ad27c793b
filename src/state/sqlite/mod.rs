//! The own tables in SQLite: for one gateway, for a first run, for tests.
//!
//! One thread owns the one connection and works in turn; the queue in front of it is bounded. What is given up, by the
//! deadline or because its caller went away, is taken out of the queue or interrupted. The file is made where it is
//! not there, for the gateway's own user alone; every transaction that was committed is on the disk.

mod attempts;
mod codes;
mod connection;
mod failure;
mod families;
mod member_acts;
mod migrate;
mod purge;
mod stamps;

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::time::timeout;

use super::{Error, error::Cause, settings::Settings, tally::Tally};
use crate::{
    secret::Secret,
    sqlite_thread::{SqliteThread, Undone},
};
use connection::Held;
pub(super) use failure::Failure;

/// How many operations may wait for the thread.
const QUEUE: usize = 256;

/// A thread that works on one SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    thread: SqliteThread<Held>,
    deadline: Duration,
    tally: Tally,
}

impl Sqlite {
    pub(super) fn open(settings: &Settings, path: &Secret<String>) -> Result<Self, Error> {
        settings.check()?;
        let held = Held::new(path.expose(), settings.deadline);
        let thread = SqliteThread::start("state", held, QUEUE);
        let thread = thread.map_err(|error| Error::Unavailable {
            cause: Cause::Connection(error),
        })?;
        Ok(Self {
            thread,
            deadline: settings.deadline,
            tally: Tally::default(),
        })
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) async fn close(self) {
        // The thread ends after the operation that it is at, which the deadline bounds.
        drop(timeout(self.deadline, self.thread.close()).await);
    }

    /// Does an operation in a transaction that may write, within the deadline. It is undone unless it succeeds.
    pub(super) async fn settled<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        self.within_deadline(move |connection| {
            let behaviour = TransactionBehavior::Immediate;
            let work = Transaction::new(connection, behaviour)?;
            let done = operation(&work)?;
            work.commit()?;
            Ok(done)
        })
        .await
    }

    /// Does something that only reads, within the deadline.
    pub(super) async fn reading<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        self.within_deadline(move |connection| operation(connection))
            .await
    }

    async fn within_deadline<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let limit = self.deadline;
        let done = timeout(limit, self.unbounded(operation)).await;
        let outcome = done.unwrap_or(Err(Error::Deadline { limit }));
        self.tally.note(&outcome);
        outcome
    }

    /// Does something however long it takes.
    async fn unbounded<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.thread.work(|held| held?.with(operation)).await;
        done.unwrap_or_else(|undone| Err(undone.into()))
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
