//! One SQLite connection that is opened when it is first needed, and again after it failed.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, thread, time::Duration};

use rusqlite::{Connection, ErrorCode, InterruptHandle};

use super::Failure;
use crate::{
    clock::Clock,
    sqlite_thread::Connecting,
    state::{Error, error::Cause},
};

/// How long somebody waits who was told that a file is busy.
const AGAIN: Duration = Duration::from_millis(5);

/// A connection that comes and goes.
pub(super) struct Held {
    path: String,
    deadline: Duration,
    connection: Option<Connection>,
}

impl Connecting for Held {
    type Error = Error;

    fn connect(&mut self) -> Result<InterruptHandle, Error> {
        if let Some(connection) = &self.connection {
            return Ok(connection.get_interrupt_handle());
        }
        let connection = self.open().map_err(|error| self.explained(error))?;
        let handle = connection.get_interrupt_handle();
        self.connection = Some(connection);
        Ok(handle)
    }
}

impl Held {
    pub(super) fn new(path: &str, deadline: Duration) -> Self {
        Self {
            path: path.to_owned(),
            deadline,
            connection: None,
        }
    }

    /// Works with the connection, and closes it where it can no longer be trusted.
    pub(super) fn with<T>(
        &mut self,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let Some(connection) = &mut self.connection else {
            return Err(Error::Unavailable {
                cause: Cause::Closed,
            });
        };
        let outcome = operation(connection).map_err(|error| self.explained(error));
        if let Err(Error::Unavailable { .. } | Error::Unexpected { .. }) = outcome {
            self.connection = None;
        }
        outcome
    }

    fn open(&self) -> Result<Connection, Failure> {
        self.make_file();
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(self.deadline)?;
        self.write_ahead(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    }

    /// Readers and one writer do not wait for each other then; what is in memory has no such thing and says so in vain.
    ///
    /// Of several who do this to a new file at once, all but one hear that it is busy, and SQLite waits for nobody here.
    fn write_ahead(&self, connection: &Connection) -> Result<(), Failure> {
        let began = Clock.instant();
        loop {
            let done = connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
            let code = done
                .as_ref()
                .err()
                .and_then(rusqlite::Error::sqlite_error_code);
            if code != Some(ErrorCode::DatabaseBusy) || began.elapsed() >= self.deadline {
                return Ok(done?);
            }
            thread::sleep(AGAIN);
        }
    }

    /// SQLite would make it readable for everybody. Where this fails, opening says why.
    fn make_file(&self) {
        let is_file = !self.path.starts_with(':') && !self.path.starts_with("file:");
        if is_file {
            let mut options = OpenOptions::new();
            let options = options.append(true).create(true).mode(0o600);
            drop(options.open(&self.path));
        }
    }

    fn explained(&self, failure: Failure) -> Error {
        failure.into_error(&self.path, self.deadline)
    }
}
