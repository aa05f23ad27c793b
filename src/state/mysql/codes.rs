//! Codes in MySQL and MariaDB.

use mysql_async::Value;

use super::{Failure, MySql, Record, Work};
use crate::state::{
    Error,
    codes::{CODES, Change, CodeRow, Print},
};

impl MySql {
    /// Changes the row of a slot, which is there from then on, and says what it was.
    pub(in crate::state) async fn change_code(
        &self,
        slot: Print,
        change: Change,
    ) -> Result<CodeRow, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let before = locked(&mut work, &slot).await?;
            let mut row = before.clone();
            change(&mut row);
            write(&mut work, &slot, row).await?;
            work.commit().await?;
            Ok(before)
        })
        .await
    }

    pub(in crate::state) async fn slot_of_code(
        &self,
        code: Print,
    ) -> Result<Option<Vec<u8>>, Error> {
        let sql = "SELECT slot FROM sidegate_codes WHERE code = ?";
        let row = self.rows(sql, (&code[..],)).await?.pop();
        self.read(row.map(|mut row| row.bytes(0, CODES)).transpose())
    }
}

async fn locked(work: &mut Work<'_>, slot: &Print) -> Result<CodeRow, Failure> {
    let sql = "INSERT INTO sidegate_codes \
               (slot, expires_at, attempts_left, tries, sent_at, counted_from, sent, forgotten_at) \
               VALUES (?, 0, 0, 0, 0, 0, 0, 0) ON DUPLICATE KEY UPDATE slot = VALUES(slot)";
    work.execute(sql, (&slot[..],)).await?;
    let sql = "SELECT code, member, address, expires_at, attempts_left, tries, sent_at, counted_from, sent, forgotten_at \
               FROM sidegate_codes WHERE slot = ? FOR UPDATE";
    let row = work.rows(sql, (&slot[..],)).await?.pop();
    row.map_or_else(|| Ok(CodeRow::empty()), read)
}

async fn write(work: &mut Work<'_>, slot: &Print, row: CodeRow) -> Result<(), Failure> {
    let sql = "UPDATE sidegate_codes SET code = ?, member = ?, address = ?, expires_at = ?, attempts_left = ?, tries = ?, \
               sent_at = ?, counted_from = ?, sent = ?, forgotten_at = ? WHERE slot = ?";
    let values: Vec<Value> = vec![
        row.code.into(),
        row.member.into(),
        row.address.into(),
        row.expires_at.into(),
        row.attempts_left.into(),
        row.tries.into(),
        row.sent_at.into(),
        row.counted_from.into(),
        row.sent.into(),
        row.forgotten_at.into(),
        slot[..].into(),
    ];
    work.execute(sql, values).await?;
    Ok(())
}

fn read(mut row: Record) -> Result<CodeRow, Failure> {
    Ok(CodeRow {
        code: row.bytes_or_null(0, CODES)?,
        member: row.text_or_null(1, CODES)?,
        address: row.bytes_or_null(2, CODES)?,
        expires_at: row.integer(3, CODES)?,
        attempts_left: row.integer(4, CODES)?,
        tries: row.integer(5, CODES)?,
        sent_at: row.integer(6, CODES)?,
        counted_from: row.integer(7, CODES)?,
        sent: row.integer(8, CODES)?,
        forgotten_at: row.integer(9, CODES)?,
    })
}
