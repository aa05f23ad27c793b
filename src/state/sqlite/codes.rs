//! Codes in SQLite.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{Failure, Sqlite};
use crate::state::{
    Error,
    codes::{Change, CodeRow, Print},
};

impl Sqlite {
    /// Changes the row of a slot, which is there from then on, and says what it was.
    pub(in crate::state) async fn change_code(
        &self,
        slot: Print,
        change: Change,
    ) -> Result<CodeRow, Error> {
        self.settled(move |work| {
            let sql = "SELECT code, member, address, expires_at, attempts_left, tries, sent_at, counted_from, sent, \
                       forgotten_at FROM sidegate_codes WHERE slot = ?";
            let before = work.prepare_cached(sql)?.query_row([slot], read).optional()?;
            let before = before.unwrap_or_else(CodeRow::empty);
            let mut row = before.clone();
            change(&mut row);
            write(work, slot, &row)?;
            Ok(before)
        })
        .await
    }

    pub(in crate::state) async fn slot_of_code(
        &self,
        code: Print,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.reading(move |connection| {
            let sql = "SELECT slot FROM sidegate_codes WHERE code = ?";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([code], |row| row.get(0)).optional()?)
        })
        .await
    }
}

fn write(work: &Transaction<'_>, slot: Print, row: &CodeRow) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO sidegate_codes (slot, code, member, address, expires_at, attempts_left, tries, sent_at, \
               counted_from, sent, forgotten_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    work.prepare_cached(sql)?.execute(params![
        slot,
        row.code,
        row.member,
        row.address,
        row.expires_at,
        row.attempts_left,
        row.tries,
        row.sent_at,
        row.counted_from,
        row.sent,
        row.forgotten_at,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<CodeRow> {
    Ok(CodeRow {
        code: row.get(0)?,
        member: row.get(1)?,
        address: row.get(2)?,
        expires_at: row.get(3)?,
        attempts_left: row.get(4)?,
        tries: row.get(5)?,
        sent_at: row.get(6)?,
        counted_from: row.get(7)?,
        sent: row.get(8)?,
        forgotten_at: row.get(9)?,
    })
}
