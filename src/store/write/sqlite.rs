//! Writing to SQLite.
//!
//! One thread owns one connection and works in turn; the queue in front of it is bounded. What is given up, by the deadline or
//! because its caller went away, is taken out of the queue or interrupted, and undone. The file is opened when something
//! is written, and never made.

use std::{
    fmt,
    future::ready,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::FutureExt as _;
use rusqlite::{
    Connection, ErrorCode, InterruptHandle, OpenFlags, Transaction, TransactionBehavior, ffi,
    types::{ToSqlOutput, Value},
};
use tokio::time::timeout;

use super::{
    error::{Failure, WriteError},
    map::WriteMap,
    operations::{Done, Operation, Work},
    value::CellValue,
};
use crate::{
    secret::Secret,
    sqlite_thread::{Connecting, SqliteThread, Undone},
    store::{
        cell::Cell,
        error::{Cause, Error},
        settings::Settings,
        sqlite::reader::{cell, extended_code, failure, message},
    },
};

/// How many operations may wait for the thread.
const QUEUE: usize = 64;

/// A thread that writes one SQLite database.
pub(super) struct SqliteWriter {
    thread: SqliteThread<Held>,
    deadline: Duration,
}

impl fmt::Debug for SqliteWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqliteWriter")
            .finish_non_exhaustive()
    }
}

impl SqliteWriter {
    pub(super) fn open(users: &Settings, path: &Secret<String>) -> Result<Self, Error> {
        let held = Held {
            path: path.expose().clone(),
            deadline: users.deadline,
            connection: None,
        };
        let thread = SqliteThread::start("user-writer", held, QUEUE);
        Ok(Self {
            thread: thread.map_err(|error| Error::Unavailable {
                cause: Cause::Connection(error),
            })?,
            deadline: users.deadline,
        })
    }

    pub(super) async fn close(self) {
        // The thread ends after the operation that it is at, which the deadline bounds.
        drop(timeout(self.deadline, self.thread.close()).await);
    }

    pub(super) async fn settled<O: Operation>(
        &self,
        map: &Arc<WriteMap>,
        operation: O,
    ) -> Result<O::Done, WriteError> {
        let limit = self.deadline;
        let map = Arc::clone(map);
        let asker = Arc::new(());
        let waits = Arc::downgrade(&asker);
        let work = self
            .thread
            .work(move |held: Result<&mut Held, WriteError>| {
                let connection = held.and_then(|held| held.connection.as_mut().ok_or_else(closed));
                let connection = connection.map_err(Failure::from);
                let done = connection.and_then(|it| done((&map, &waits), &operation, it));
                done.or_else(|failure| failure.into_outcome::<O>(limit))
            });
        let outcome = timeout(limit, work).await;
        drop(asker);
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(Undone::Full)) => Err(WriteError::Overloaded),
            Ok(Err(Undone::Ended)) => Err(closed()),
            Err(_) => Err(WriteError::Deadline { limit }),
        }
    }
}

fn closed() -> WriteError {
    WriteError::Unavailable {
        cause: Cause::Closed,
    }
}

/// One transaction; it is undone unless it succeeds, and while somebody still waits for it: an interrupt between two
/// statements is lost.
fn done<O: Operation>(
    (map, waits): (&WriteMap, &Weak<()>),
    operation: &O,
    connection: &mut Connection,
) -> Result<O::Done, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let mut work = SqliteWork(transaction.map_err(|error| explained(&error))?);
    // Nothing of it waits for anything but the thread that it runs on.
    let done = operation.run(map, &mut work).now_or_never();
    let done = done.unwrap_or_else(|| Err(Failure::closed()))?;
    if waits.strong_count() == 0 {
        return Err(Failure::Late);
    }
    work.0.commit().map_err(|error| explained(&error))?;
    Ok(done)
}

/// A connection that comes and goes.
struct Held {
    path: String,
    deadline: Duration,
    connection: Option<Connection>,
}

impl Held {
    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.deadline)?;
        Ok(connection)
    }
}

impl Connecting for Held {
    type Error = WriteError;

    /// A file may have been replaced since it was written last, and writes are seldom: it is opened each time.
    fn connect(&mut self) -> Result<InterruptHandle, WriteError> {
        self.connection = None;
        let connection = self.open().map_err(|error| WriteError::Unavailable {
            cause: Cause::File {
                path: self.path.clone(),
                reason: ffi::code_to_str(extended_code(&error)),
            },
        })?;
        let handle = connection.get_interrupt_handle();
        self.connection = Some(connection);
        Ok(handle)
    }
}

struct SqliteWork<'a>(Transaction<'a>);

impl SqliteWork<'_> {
    fn executed(&self, sql: &str, values: &[CellValue]) -> rusqlite::Result<Done> {
        let values = values.iter().map(parameter);
        let rows = self
            .0
            .prepare(sql)?
            .execute(rusqlite::params_from_iter(values))?;
        Ok(Done {
            rows: u64::try_from(rows).unwrap_or(u64::MAX),
            number: Some(self.0.last_insert_rowid()),
        })
    }

    fn fetched(&self, sql: &str, values: &[CellValue]) -> rusqlite::Result<Vec<Vec<Cell>>> {
        let mut statement = self.0.prepare(sql)?;
        let width = statement.column_count();
        let values = values.iter().map(parameter);
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut fetched = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..width).map(|place| row.get_ref(place).map(cell));
            fetched.push(cells.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(fetched)
    }
}

impl Work for SqliteWork<'_> {
    fn execute(
        &mut self,
        sql: &str,
        values: &[CellValue],
    ) -> impl Future<Output = Result<Done, Failure>> + Send {
        ready(
            self.executed(sql, values)
                .map_err(|error| explained(&error)),
        )
    }

    fn rows(
        &mut self,
        sql: &str,
        values: &[CellValue],
    ) -> impl Future<Output = Result<Vec<Vec<Cell>>, Failure>> + Send {
        ready(self.fetched(sql, values).map_err(|error| explained(&error)))
    }
}

fn parameter(value: &CellValue) -> ToSqlOutput<'_> {
    match value {
        CellValue::Null => ToSqlOutput::Owned(Value::Null),
        CellValue::Boolean(truth) => ToSqlOutput::Owned(Value::Integer(i64::from(*truth))),
        CellValue::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
        // There is no larger number in SQLite but one with a point.
        CellValue::Unsigned(number) => ToSqlOutput::Owned(Value::Text(number.to_string())),
        CellValue::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
        CellValue::Text(text) => ToSqlOutput::from(text.expose().as_str()),
    }
}

fn explained(error: &rusqlite::Error) -> Failure {
    let code = extended_code(error);
    let cause = Cause::Sqlite {
        code,
        reason: ffi::code_to_str(code),
    };
    Failure::Settled(match failure(error).map(|failure| failure.code) {
        // The connection waits for a lock as long as an operation may take.
        Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy) => return Failure::Late,
        Some(ErrorCode::ConstraintViolation) => of_constraint(code, cause),
        Some(ErrorCode::TooBig | ErrorCode::TypeMismatch) => WriteError::Unfit,
        Some(ErrorCode::Unknown) if is_unknown_name(message(error)) => WriteError::UnknownName,
        Some(
            ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed,
        ) => WriteError::Unavailable { cause },
        Some(_) | None => WriteError::Unexpected { cause },
    })
}

fn of_constraint(code: i32, cause: Cause) -> WriteError {
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => WriteError::Duplicate,
        ffi::SQLITE_CONSTRAINT_NOTNULL | ffi::SQLITE_CONSTRAINT_CHECK => WriteError::Unfit,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => WriteError::Referenced,
        _ => WriteError::Unexpected { cause },
    }
}

/// SQLite has one code for every mistake in a statement, and messages that are not translated.
fn is_unknown_name(message: &str) -> bool {
    message.starts_with("no such table")
        || message.starts_with("unknown database")
        || message.contains("no such column")
        || message.contains("has no column")
}
