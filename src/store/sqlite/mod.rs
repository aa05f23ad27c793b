//! The user table in SQLite: for a first run, for tests, for a small monolith.
//!
//! One thread owns the one connection and answers look-ups in turn; the queue in front of it is
//! bounded. A look-up that is given up, by the deadline or because its caller went away, is taken
//! out of the queue or interrupted. A file is opened read-only and never created; one that is
//! missing is looked for again at the next look-up.

mod reader;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::cell::Cell;
use super::error::{Cause, Error};
use super::settings::Settings;
use super::table_map::{LookUp, TableMap};
use crate::secret::Secret;
use reader::Reader;
use worker::{Desk, Job, Question};

/// How many look-ups may wait for the thread.
const QUEUE: usize = 64;

/// A thread that reads one SQLite database.
pub struct Sqlite {
    queue: SyncSender<Job>,
    desk: Arc<Desk>,
    finished: oneshot::Receiver<()>,
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
        let desk = Arc::new(Desk::default());
        let (queue, jobs) = sync_channel(QUEUE);
        let (leaving, finished) = oneshot::channel();
        let reader = Reader::new(path.expose(), settings.deadline, Arc::clone(&map));
        let worker_desk = Arc::clone(&desk);
        thread::Builder::new()
            .name("user-store".to_owned())
            .spawn(move || {
                worker::serve(reader, &jobs, &worker_desk);
                // The receiver is gone when the store was dropped without being closed.
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
        let question = Question::Rows {
            sql: look_up.sql.clone(),
            wanted: wanted.to_vec(),
        };
        self.ask(question).await
    }

    pub(super) async fn inspect(&self) -> Result<(), Error> {
        self.ask(Question::Inspect).await.map(drop)
    }

    pub(super) async fn close(self) {
        drop(self.queue);
        // The thread ends after the look-up that it is at, which the deadline bounds.
        drop(timeout(self.deadline, self.finished).await);
    }

    async fn ask(&self, question: Question) -> Result<Vec<Vec<Cell>>, Error> {
        let (answer, answered) = oneshot::channel();
        let (job, _ticket) = Job::new(question, answer, &self.desk);
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => Error::Unavailable {
                cause: Cause::Closed,
            },
        })?;
        match timeout(self.deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::Unavailable {
                cause: Cause::Closed,
            }),
            Err(_) => Err(Error::Deadline {
                limit: self.deadline,
            }),
        }
    }
}
