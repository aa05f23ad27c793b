//! Writing to MySQL and MariaDB.
//!
//! One pool of connections. Where the server undid an operation, by a deadlock or because the connection broke before the
//! commit was sent, it is done again within the deadline.

use std::{fmt, time::Duration};

use mysql_async::{Conn, Params, Pool, Row, Transaction, TxOpts, Value, prelude::Queryable};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    error::{Failure, WriteError},
    map::WriteMap,
    operations::{Done, Operation, Work},
    settings::WriteSettings,
    value::CellValue,
};
use crate::{
    secret::Secret,
    store::{
        cell::Cell,
        error::Cause,
        mysql::{connecting, value::cells},
        settings::{PoolSettings, Settings, SettingsError},
    },
};

/// How often an operation is done again that the server undid.
const REPEATS: u32 = 8;

/// The longest name of a lock that MySQL knows, in bytes.
const LONGEST_LOCK: usize = 64;

/// A pool of connections to one server.
pub(super) struct MySqlWriter {
    pool: Pool,
    /// A place in the pool. The pool's own queue cannot be told apart from a slow connection.
    places: Semaphore,
    connect_timeout: Duration,
    deadline: Duration,
}

impl fmt::Debug for MySqlWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MySqlWriter")
            .finish_non_exhaustive()
    }
}

impl MySqlWriter {
    pub(super) fn open(
        users: &Settings,
        write: &WriteSettings,
        url: &Secret<String>,
    ) -> Result<Self, SettingsError> {
        let max = write.connections;
        let pool = PoolSettings { min: 0, max };
        let options = connecting(url, pool, write.tls.as_ref())?;
        // A row that has the value already is one that was found.
        let options = options.client_found_rows(true);
        Ok(Self {
            pool: Pool::new(options.setup(setup(users.deadline))),
            places: Semaphore::new(max),
            connect_timeout: users.connect_timeout,
            deadline: users.deadline,
        })
    }

    pub(super) async fn close(self) {
        self.places.close();
        // A server that does not answer the farewell must not hold up a shutdown.
        drop(timeout(self.deadline, self.pool.disconnect()).await);
    }

    pub(super) async fn settled<O: Operation>(
        &self,
        map: &WriteMap,
        operation: &O,
    ) -> Result<O::Done, WriteError> {
        let limit = self.deadline;
        let repeated = async {
            let mut left = REPEATS;
            loop {
                match self.once(map, operation).await {
                    Err(failure) if failure.is_undone() && left > 0 => left -= 1,
                    settled => return settled,
                }
            }
        };
        let outcome = timeout(limit, repeated).await;
        let outcome = outcome.unwrap_or(Err(Failure::Late));
        outcome.or_else(|failure| failure.into_outcome::<O>(limit))
    }

    async fn once<O: Operation>(&self, map: &WriteMap, operation: &O) -> Result<O::Done, Failure> {
        let _place = self.places.acquire().await.map_err(|_| Failure::closed())?;
        let mut conn = self.connection().await?;
        if operation.is_exclusive() {
            self.lock(&mut conn, map).await?;
        }
        let outcome = in_transaction(&mut conn, map, operation).await;
        if operation.is_exclusive() {
            drop(conn.query_drop("DO RELEASE_ALL_LOCKS()").await);
        }
        outcome
    }

    async fn connection(&self) -> Result<Conn, Failure> {
        match timeout(self.connect_timeout, self.pool.get_conn()).await {
            Ok(made) => made.map_err(Failure::while_connecting),
            Err(_) => Err(Failure::unavailable(Cause::ConnectTimeout(
                self.connect_timeout,
            ))),
        }
    }

    /// Waits until nobody else has the lock of this table. It is given back with the connection, whatever becomes of us.
    async fn lock(&self, conn: &mut Conn, map: &WriteMap) -> Result<(), Failure> {
        conn.reset_connection(true);
        let table = map.tables.all.first().map_or("", |table| &table.name);
        let mut name = format!("sidegate:{table}");
        while name.len() > LONGEST_LOCK {
            name.pop();
        }
        let seconds = self.deadline.as_secs().max(1);
        let taken: Option<Option<i64>> = conn
            .exec_first("SELECT GET_LOCK(?, ?)", (name, seconds))
            .await?;
        match taken.flatten() {
            Some(1) => Ok(()),
            Some(_) | None => Err(Failure::Late),
        }
    }
}

async fn in_transaction<O: Operation>(
    conn: &mut Conn,
    map: &WriteMap,
    operation: &O,
) -> Result<O::Done, Failure> {
    let transaction = conn.start_transaction(TxOpts::default()).await?;
    let mut work = MySqlWork(transaction);
    match operation.run(map, &mut work).await {
        Ok(done) => {
            let committed = work.0.commit().await;
            committed.map_err(|error| Failure::from(error).while_committing())?;
            Ok(done)
        }
        Err(failure) => {
            // What cannot be undone by a word is when the connection is closed.
            drop(work.0.rollback().await);
            Err(failure)
        }
    }
}

struct MySqlWork<'a>(Transaction<'a>);

impl Work for MySqlWork<'_> {
    async fn execute(&mut self, sql: &str, values: &[CellValue]) -> Result<Done, Failure> {
        let done = self.0.exec_iter(sql, parameters(values)).await?;
        let (rows, number) = (done.affected_rows(), done.last_insert_id());
        done.drop_result().await?;
        let number = number.filter(|number| *number > 0);
        Ok(Done {
            rows,
            number: number.and_then(|number| i64::try_from(number).ok()),
        })
    }

    async fn rows(&mut self, sql: &str, values: &[CellValue]) -> Result<Vec<Vec<Cell>>, Failure> {
        let rows: Vec<Row> = self.0.exec(sql, parameters(values)).await?;
        Ok(rows.into_iter().map(cells).collect())
    }
}

fn parameters(values: &[CellValue]) -> Params {
    if values.is_empty() {
        return Params::Empty;
    }
    let values = values.iter().map(|value| match value {
        CellValue::Null => Value::NULL,
        CellValue::Boolean(truth) => Value::from(*truth),
        CellValue::Integer(number) => Value::Int(*number),
        CellValue::Unsigned(number) => Value::UInt(*number),
        CellValue::Number(number) => Value::Double(*number),
        CellValue::Text(text) => Value::from(text.expose().as_str()),
    });
    Params::Positional(values.collect())
}

/// Nothing is cut or made up by the server, nobody waits for rows that are only near the ones that are wanted, and the server
/// bounds statements and waits for locks too, because they go on after their client gave up.
fn setup(deadline: Duration) -> Vec<String> {
    let bound = deadline.max(Duration::from_millis(1));
    let (secs, millis) = (bound.as_secs_f64(), bound.as_millis());
    let locks = bound.as_secs().max(1);
    vec![
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION')"
            .to_owned(),
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
        format!(
            "SET SESSION innodb_lock_wait_timeout = {locks} /*M!100101 , SESSION max_statement_time = {secs:.3} */ \
             /*!50708 , SESSION max_execution_time = {millis} */"
        ),
    ]
}
