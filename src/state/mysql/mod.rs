//! The own tables in MySQL or MariaDB.
//!
//! One pool of connections. An operation is one transaction; where the server undid it, by a deadlock or because the
//! connection broke before the commit was sent, it is done again within the deadline. Members and tokens are compared byte by byte.

mod attempts;
mod codes;
mod failure;
mod families;
mod member_acts;
mod migrate;
mod purge;
mod record;
mod stamps;

use std::{fmt, time::Duration};

use mysql_async::{Conn, Opts, Params, Pool, Row, Transaction, TxOpts, prelude::Queryable};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{Error, settings::Settings, tally::Tally};
use crate::{secret::Secret, store::driver_options};
pub(super) use failure::Failure;
pub(super) use record::Record;

/// How often an operation is done again that the server undid.
const REPEATS: u32 = 8;

/// A pool of connections to one server.
pub struct MySql {
    pool: Pool,
    /// For migrations, whose statements may take longer than any operation.
    unbounded: Opts,
    /// A place in the pool. The pool's own queue cannot be told apart from a slow connection.
    places: Semaphore,
    connect_timeout: Duration,
    deadline: Duration,
    tally: Tally,
}

impl fmt::Debug for MySql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MySql").finish_non_exhaustive()
    }
}

impl MySql {
    pub(super) fn open(settings: &Settings, url: &Secret<String>) -> Result<Self, Error> {
        settings.check()?;
        let pool = settings.pool;
        let options = driver_options(url, pool, settings.tls.as_ref());
        let options = options.map_err(|_| Error::Pool {
            min: pool.min,
            max: pool.max,
        })?;
        Ok(Self {
            unbounded: options
                .clone()
                .setup(SESSION.map(str::to_owned).to_vec())
                .into(),
            pool: Pool::new(options.setup(setup(settings.deadline))),
            places: Semaphore::new(pool.max),
            connect_timeout: settings.connect_timeout,
            deadline: settings.deadline,
            tally: Tally::default(),
        })
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) async fn close(self) {
        self.places.close();
        // A server that does not answer the farewell must not hold up a shutdown.
        drop(timeout(self.deadline, self.pool.disconnect()).await);
    }

    /// Does an operation within the deadline, again where the server undid it.
    pub(super) async fn settled<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let repeated = async {
            let mut left = REPEATS;
            loop {
                match attempt().await {
                    Err(failure) if failure.is_undone() && left > 0 => left -= 1,
                    settled => return settled.map_err(|it| it.into_error(self.deadline)),
                }
            }
        };
        let limit = self.deadline;
        let outcome = timeout(limit, repeated).await;
        let outcome = outcome.unwrap_or(Err(Error::Deadline { limit }));
        self.tally.note(&outcome);
        outcome
    }

    /// Begins a transaction; it is undone unless it is committed.
    pub(super) async fn begin(&self) -> Result<Work<'_>, Failure> {
        let place = self.places.acquire().await;
        let place = place.map_err(|_| Failure::closed())?;
        let started = self.pool.start_transaction(TxOpts::default());
        let transaction = match timeout(self.connect_timeout, started).await {
            Ok(started) => started.map_err(Failure::while_connecting)?,
            Err(_) => return Err(Failure::timed_out(self.connect_timeout)),
        };
        Ok(Work {
            transaction,
            _place: place,
        })
    }

    /// One statement that reads, outside of any transaction.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: impl Into<Params>,
    ) -> Result<Vec<Record>, Error> {
        let parameters = parameters.into();
        self.settled(|| async {
            let _place = self.places.acquire().await.map_err(|_| Failure::closed())?;
            let mut conn = self.connection().await?;
            let rows: Vec<Row> = conn.exec(sql, parameters.clone()).await?;
            Ok(rows.into_iter().map(Record::new).collect())
        })
        .await
    }

    async fn connection(&self) -> Result<Conn, Failure> {
        match timeout(self.connect_timeout, self.pool.get_conn()).await {
            Ok(made) => made.map_err(Failure::while_connecting),
            Err(_) => Err(Failure::timed_out(self.connect_timeout)),
        }
    }
}

/// A transaction.
pub(super) struct Work<'a> {
    transaction: Transaction<'static>,
    // Given back after the connection.
    _place: SemaphorePermit<'a>,
}

impl Work<'_> {
    /// Executes a statement and says how many rows it has changed.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: impl Into<Params>,
    ) -> Result<u64, Failure> {
        let parameters = parameters.into();
        let done = self.transaction.exec_iter(sql, parameters).await?;
        let changed = done.affected_rows();
        done.drop_result().await?;
        Ok(changed)
    }

    pub(super) async fn rows(
        &mut self,
        sql: &str,
        parameters: impl Into<Params>,
    ) -> Result<Vec<Record>, Failure> {
        let rows: Vec<Row> = self.transaction.exec(sql, parameters.into()).await?;
        Ok(rows.into_iter().map(Record::new).collect())
    }

    /// Commits. Where the connection breaks meanwhile nobody knows whether it was, so it is not done again.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        let committed = self.transaction.commit().await;
        committed.map_err(|error| Failure::from(error).while_committing())
    }
}

/// Nothing is cut or made up by the server, and nobody waits for rows that are only near the ones that are wanted.
const SESSION: [&str; 2] = [
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
];

/// The server bounds statements and waits for locks too, because they go on after their client gave up.
fn setup(deadline: Duration) -> Vec<String> {
    let bound = deadline.max(Duration::from_millis(1));
    let (secs, millis) = (bound.as_secs_f64(), bound.as_millis());
    let locks = bound.as_secs().max(1);
    let mut statements = SESSION.map(str::to_owned).to_vec();
    statements.push(format!(
        "SET SESSION innodb_lock_wait_timeout = {locks} /*M!100101 , SESSION max_statement_time = {secs:.3} */ \
         /*!50708 , SESSION max_execution_time = {millis} */"
    ));
    statements
}
