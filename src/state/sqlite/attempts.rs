//! Failed logins in SQLite.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{Failure, Sqlite};
use crate::state::{
    CounterId, Decide, Error, FailedLogins,
    attempts::{in_order, integer, number},
};

impl Sqlite {
    pub(in crate::state) async fn count_failed_logins(
        &self,
        counters: Vec<CounterId>,
        decide: Decide,
    ) -> Result<Vec<FailedLogins>, Error> {
        self.settled(move |work| {
            let known = read(work, &counters)?;
            for (counter, failed) in counters.iter().zip(decide(&known).unwrap_or_default()) {
                write(work, *counter, failed)?;
            }
            Ok(known)
        })
        .await
    }
}

fn read(work: &Transaction<'_>, counters: &[CounterId]) -> Result<Vec<FailedLogins>, Failure> {
    let sql = "SELECT failures, last_at, before_at, forgotten_at FROM sidegate_attempts WHERE counter = ?";
    let mut statement = work.prepare_cached(sql)?;
    let mut rows = Vec::with_capacity(counters.len());
    for counter in counters {
        if let Some(row) = statement.query_row([counter], failed).optional()? {
            rows.push((counter.to_vec(), row));
        }
    }
    Ok(in_order(counters, &rows))
}

fn write(work: &Transaction<'_>, counter: CounterId, failed: FailedLogins) -> Result<(), Failure> {
    let sql = "INSERT INTO sidegate_attempts (counter, failures, last_at, before_at, forgotten_at) VALUES (?, ?, ?, ?, ?) \
               ON CONFLICT DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, \
               before_at = excluded.before_at, forgotten_at = excluded.forgotten_at";
    work.prepare_cached(sql)?.execute(params![
        counter,
        failed.count,
        integer(failed.last),
        integer(failed.before),
        integer(failed.forgotten_at)
    ])?;
    Ok(())
}

fn failed(row: &Row<'_>) -> rusqlite::Result<FailedLogins> {
    Ok(FailedLogins {
        count: row.get(0)?,
        last: number(row.get(1)?),
        before: number(row.get(2)?),
        forgotten_at: number(row.get(3)?),
    })
}
