//! A row of the own tables, read value by value: what sidegate has not written is an error and no panic.

use mysql_async::{FromValueError, Row, prelude::FromValue};

use super::Failure;
use crate::state::Error;

/// A row that was read.
pub(in crate::state) struct Record(Row);

impl Record {
    pub(super) fn new(row: Row) -> Self {
        Self(row)
    }

    /// The text in a column of this table.
    pub(in crate::state) fn text(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<String, Failure> {
        let bytes = self.bytes(at, table)?;
        String::from_utf8(bytes).map_err(|_| corrupt(table, "a text"))
    }

    /// The bytes in a column of this table.
    pub(in crate::state) fn bytes(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<Vec<u8>, Failure> {
        self.value(at).ok_or_else(|| corrupt(table, "bytes"))
    }

    /// The whole number in a column of this table.
    pub(in crate::state) fn integer(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<i64, Failure> {
        self.value(at)
            .ok_or_else(|| corrupt(table, "a whole number"))
    }

    /// The same where a column may be NULL.
    pub(in crate::state) fn text_or_null(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<Option<String>, Failure> {
        let bytes = self.bytes_or_null(at, table)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| corrupt(table, "a text"))
    }

    pub(in crate::state) fn bytes_or_null(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.value(at).ok_or_else(|| corrupt(table, "bytes"))
    }

    pub(in crate::state) fn integer_or_null(
        &mut self,
        at: usize,
        table: &'static str,
    ) -> Result<Option<i64>, Failure> {
        self.value(at)
            .ok_or_else(|| corrupt(table, "a whole number"))
    }

    fn value<T: FromValue>(&mut self, at: usize) -> Option<T> {
        let taken: Option<Result<T, FromValueError>> = self.0.take_opt(at);
        taken?.ok()
    }
}

fn corrupt(table: &'static str, expected: &'static str) -> Failure {
    Error::Corrupt { table, expected }.into()
}
