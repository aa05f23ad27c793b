//! Failed logins in MySQL and MariaDB.

use mysql_async::Value;

use super::{Failure, MySql, Record, Work};
use crate::state::{
    CounterId, Decide, Error, FailedLogins,
    attempts::{in_order, integer, number},
};

const TABLE: &str = "sidegate_attempts";

impl MySql {
    pub(in crate::state) async fn count_failed_logins(
        &self,
        counters: Vec<CounterId>,
        decide: Decide,
    ) -> Result<Vec<FailedLogins>, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let known = locked(&mut work, &counters).await?;
            if let Some(decided) = decide(&known) {
                write(&mut work, &counters, &decided).await?;
            }
            work.commit().await?;
            Ok(known)
        })
        .await
    }
}

/// The rows, which are there from now on and nobody else can change before the commit. In one order for all, so that two who
/// want the same do not wait for each other.
async fn locked(work: &mut Work<'_>, counters: &[CounterId]) -> Result<Vec<FailedLogins>, Failure> {
    let mut sorted = counters.to_vec();
    sorted.sort_unstable();
    let rows = vec!["(?, 0, 0, 0, 0)"; sorted.len().max(1)].join(", ");
    let sql = format!(
        "INSERT INTO sidegate_attempts (counter, failures, last_at, before_at, forgotten_at) VALUES {rows} \
         ON DUPLICATE KEY UPDATE failures = failures"
    );
    let ids = || sorted.iter().map(|id| Value::from(id.as_slice()));
    work.execute(&sql, ids().collect::<Vec<_>>()).await?;
    let marks = vec!["?"; sorted.len().max(1)].join(", ");
    let sql = format!(
        "SELECT counter, failures, last_at, before_at, forgotten_at FROM sidegate_attempts WHERE counter IN ({marks}) \
         ORDER BY counter FOR UPDATE"
    );
    let rows = work.rows(&sql, ids().collect::<Vec<_>>()).await?;
    let rows: Vec<_> = rows.into_iter().map(failed).collect::<Result<_, _>>()?;
    Ok(in_order(counters, &rows))
}

async fn write(
    work: &mut Work<'_>,
    counters: &[CounterId],
    decided: &[FailedLogins],
) -> Result<(), Failure> {
    let sql = "UPDATE sidegate_attempts SET failures = ?, last_at = ?, before_at = ?, forgotten_at = ? WHERE counter = ?";
    for (counter, failed) in counters.iter().zip(decided) {
        let values = (
            failed.count,
            integer(failed.last),
            integer(failed.before),
            integer(failed.forgotten_at),
            counter.as_slice(),
        );
        work.execute(sql, values).await?;
    }
    Ok(())
}

fn failed(mut row: Record) -> Result<(Vec<u8>, FailedLogins), Failure> {
    let id = row.bytes(0, TABLE)?;
    let failed = FailedLogins {
        count: u32::try_from(row.integer(1, TABLE)?).unwrap_or(u32::MAX),
        last: number(row.integer(2, TABLE)?),
        before: number(row.integer(3, TABLE)?),
        forgotten_at: number(row.integer(4, TABLE)?),
    };
    Ok((id, failed))
}
