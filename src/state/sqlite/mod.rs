//! The own tables in SQLite: for one gateway, for a first run, for tests.
//!
//! One thread owns the one connection and works in turn; the queue in front of it is bounded. What is given up, by the
//! deadline or because its caller went away, is taken out of the queue or interrupted. The file is made where it is
//! not there, for the gateway's own user alone; every transaction that was committed is on the disk.

mod attempts;
mod connection;
mod failure;
mod families;
mod migrate;
mod purge;
mod stamps;
mod worker;

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::{sync::oneshot, time::timeout};

use super::{Error, error::Cause, settings::Settings, tally::Tally};
use crate::secret::Secret;
use connection::Held;
pub(super) use failure::Failure;
use worker::{Desk, Job};

/// How many operations may wait for the thread.
const QUEUE: usize = 256;

/// A thread that works on one SQLite database.
pub struct Sqlite {
    queue: SyncSender<Job>,
    desk: Arc<Desk>,
    finished: oneshot::Receiver<()>,
    deadline: Duration,
    tally: Tally,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

impl Sqlite {
    pub(super) fn open(settings: &Settings, path: &Secret<String>) -> Result<Self, Error> {
        settings.check()?;
        let desk = Arc::new(Desk::default());
        let (queue, jobs) = sync_channel(QUEUE);
        let (leaving, finished) = oneshot::channel();
        let held = Held::new(path.expose(), settings.deadline);
        let worker_desk = Arc::clone(&desk);
        thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || {
                worker::serve(held, &jobs, &worker_desk);
                // The receiver is gone when the state was dropped without being closed.
                let _ = leaving.send(());
            })
            .map_err(|error| Error::Unavailable {
                cause: Cause::Connection(error),
            })?;
        Ok(Self {
            queue,
            desk,
            finished,
            deadline: settings.deadline,
            tally: Tally::default(),
        })
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) async fn close(self) {
        drop(self.queue);
        // The thread ends after the operation that it is at, which the deadline bounds.
        drop(timeout(self.deadline, self.finished).await);
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
        let (answer, answered) = oneshot::channel();
        let work = move |held: Result<&mut Held, Error>| {
            let outcome = held.and_then(|held| held.with(operation));
            // The asker is gone when the deadline passed meanwhile.
            let _ = answer.send(outcome);
        };
        let (job, _ticket) = Job::new(Box::new(work), &self.desk);
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => closed(),
        })?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> Error {
    Error::Unavailable {
        cause: Cause::Closed,
    }
}
