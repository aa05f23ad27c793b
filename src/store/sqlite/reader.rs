//! One SQLite connection that only reads.
//!
//! It is opened when it is first needed and again after it failed. `query_only` holds for
//! in-memory databases too, which cannot be opened read-only.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, ffi};

use crate::sqlite_thread::Connecting;
use crate::store::cell::Cell;
use crate::store::error::{Cause, Error};
use crate::store::table_map::{Probe, TableMap};

/// A connection that comes and goes.
pub(super) struct Reader {
    path: String,
    deadline: Duration,
    map: Arc<TableMap>,
    connection: Option<Connection>,
}

impl Connecting for Reader {
    type Error = Error;

    fn connect(&mut self) -> Result<InterruptHandle, Error> {
        if let Some(connection) = &self.connection {
            return Ok(connection.get_interrupt_handle());
        }
        let connection = self.open().map_err(|error| self.cannot_open(&error))?;
        let handle = connection.get_interrupt_handle();
        self.connection = Some(connection);
        Ok(handle)
    }
}

impl Reader {
    pub(super) fn new(path: &str, deadline: Duration, map: Arc<TableMap>) -> Self {
        Self {
            path: path.to_owned(),
            deadline,
            map,
            connection: None,
        }
    }

    pub(super) fn rows(&mut self, sql: &str, wanted: &[String]) -> Result<Vec<Vec<Cell>>, Error> {
        self.reading(|connection| fetch(connection, sql, wanted))
    }

    pub(super) fn inspect(&mut self) -> Result<(), Error> {
        let map = Arc::clone(&self.map);
        self.reading(|connection| {
            // Stepping compares the schema with the file; preparing alone trusts what was read.
            let mut statement = connection.prepare(&map.inspection)?;
            statement.query([])?.next().map(drop)
        })
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.deadline)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn reading<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let Some(connection) = &self.connection else {
            return Err(Error::Unavailable {
                cause: Cause::Closed,
            });
        };
        let error = match read(connection) {
            Ok(value) => return Ok(value),
            Err(error) => self.explain(connection, &error),
        };
        if matches!(error, Error::Unavailable { .. } | Error::Unexpected { .. }) {
            self.connection = None;
        }
        Err(error)
    }

    fn cannot_open(&self, error: &rusqlite::Error) -> Error {
        let reason = ffi::code_to_str(extended_code(error));
        Error::Unavailable {
            cause: Cause::File {
                path: self.path.clone(),
                reason,
            },
        }
    }

    fn explain(&self, connection: &Connection, error: &rusqlite::Error) -> Error {
        let code = extended_code(error);
        let cause = Cause::Sqlite {
            code,
            reason: ffi::code_to_str(code),
        };
        match failure(error).map(|failure| failure.code) {
            // The connection waits for a lock as long as a look-up may take.
            Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy) => Error::Deadline {
                limit: self.deadline,
            },
            Some(ErrorCode::Unknown) => self.unknown_name(connection, error, cause),
            Some(ErrorCode::NotADatabase | ErrorCode::CannotOpen) => self.cannot_open(error),
            Some(
                ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed,
            ) => Error::Unavailable { cause },
            Some(_) | None => Error::Unexpected { cause },
        }
    }

    /// SQLite has one code for every mistake in a statement, and messages that are not translated.
    fn unknown_name(
        &self,
        connection: &Connection,
        error: &rusqlite::Error,
        cause: Cause,
    ) -> Error {
        let fails = |probe: &&Probe| connection.prepare(&probe.sql).is_err();
        let message = message(error);
        if message.starts_with("no such table") || message.starts_with("unknown database") {
            let missing = self.map.table_probes.iter().find(fails);
            let missing = missing.map(|probe| probe.table.clone());
            return Error::UnknownTable {
                table: missing.unwrap_or_else(|| self.map.table.clone()),
            };
        }
        match self.map.column_probes.iter().find(fails) {
            Some(probe) => Error::UnknownColumn {
                column: probe.column.clone(),
                table: probe.table.clone(),
            },
            None => Error::Unexpected { cause },
        }
    }
}

fn fetch(
    connection: &Connection,
    sql: &str,
    wanted: &[String],
) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(wanted))?;
    let mut fetched = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..width).map(|place| row.get_ref(place).map(cell));
        fetched.push(cells.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(fetched)
}

pub(in crate::store) fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Float(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cell::Text(bytes.to_vec()),
    }
}

pub(in crate::store) fn extended_code(error: &rusqlite::Error) -> i32 {
    failure(error).map_or(ffi::SQLITE_ERROR, |failure| failure.extended_code)
}

/// The result code, whether or not SQLite could point at a place in the statement.
pub(in crate::store) fn failure(error: &rusqlite::Error) -> Option<&ffi::Error> {
    if let rusqlite::Error::SqlInputError { error, .. } = error {
        return Some(error);
    }
    error.sqlite_error()
}

pub(in crate::store) fn message(error: &rusqlite::Error) -> &str {
    if let rusqlite::Error::SqlInputError { msg, .. } = error {
        return msg;
    }
    if let rusqlite::Error::SqliteFailure(_, Some(message)) = error {
        return message;
    }
    ""
}
