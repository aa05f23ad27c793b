//! Stamps, fingerprints, checkpoints and the log in MySQL and MariaDB.

use mysql_async::Value;

use super::{Failure, MySql, Record, Work};
use crate::{
    clock::UnixSeconds,
    state::{
        Error, Noted,
        stamps::{
            CHUNK, Change, Chunk, Cursor, Fingerprint, LOG, Logged, Stamp, changed_secret, stored,
        },
    },
};

impl MySql {
    pub(in crate::state) async fn record(
        &self,
        changes: Vec<Change>,
        now: UnixSeconds,
    ) -> Result<usize, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let recorded = record(&mut work, &changes, now).await?;
            work.commit().await?;
            Ok(recorded)
        })
        .await
    }

    pub(in crate::state) async fn counter(&self, name: &str) -> Result<i64, Error> {
        let sql = "SELECT value FROM sidegate_counters WHERE name = ?";
        let row = self.rows(sql, (name,)).await?.pop();
        match row {
            Some(mut row) => self.read(row.integer(0, "sidegate_counters")),
            None => Ok(0),
        }
    }

    pub(in crate::state) async fn stamps(&self, after: &str) -> Result<Chunk, Error> {
        let sql = format!(
            "SELECT member, not_before, deleted FROM sidegate_stamps WHERE member > ? ORDER BY member LIMIT {CHUNK}"
        );
        let stamp = |mut row: Record| {
            Ok(Stamp {
                member: row.text(0, "sidegate_stamps")?,
                not_before: row.integer(1, "sidegate_stamps")?,
                deleted: row.integer(2, "sidegate_stamps")? != 0,
            })
        };
        let rows = self.rows(&sql, (after,)).await?;
        let stamps = rows.into_iter().map(stamp).collect();
        self.read(stamps).map(Chunk::of_stamps)
    }

    pub(in crate::state) async fn ended_sessions(&self, after: &str) -> Result<Chunk, Error> {
        let sql = format!(
            "SELECT token_id, valid_until FROM sidegate_ended_sessions WHERE token_id > ? ORDER BY token_id LIMIT {CHUNK}"
        );
        let session = |mut row: Record| {
            let table = "sidegate_ended_sessions";
            Ok((row.text(0, table)?, row.integer(1, table)?))
        };
        let rows = self.rows(&sql, (after,)).await?;
        let sessions = rows.into_iter().map(session).collect();
        self.read(sessions).map(Chunk::of_sessions)
    }

    pub(in crate::state) async fn logged(&self, cursor: Cursor) -> Result<Vec<Logged>, Error> {
        let sql = format!(
            "SELECT id, kind, subject, moment FROM sidegate_changes WHERE id > ? ORDER BY id LIMIT {CHUNK}"
        );
        let logged = |mut row: Record| {
            let table = "sidegate_changes";
            Ok(Logged {
                id: row.integer(0, table)?,
                kind: row.text(1, table)?,
                subject: row.text(2, table)?,
                moment: row.integer(3, table)?,
            })
        };
        let rows = self.rows(&sql, (cursor.0,)).await?;
        self.read(rows.into_iter().map(logged).collect())
    }

    pub(in crate::state) async fn fingerprints(
        &self,
        source: &str,
        after: &str,
    ) -> Result<Vec<(String, Fingerprint)>, Error> {
        let sql = format!(
            "SELECT member, fingerprint FROM sidegate_fingerprints WHERE source = ? AND member > ? \
             ORDER BY member LIMIT {CHUNK}"
        );
        let rows = self.rows(&sql, (source, after)).await?;
        self.read(rows.into_iter().map(fingerprint).collect())
    }

    pub(in crate::state) async fn fingerprints_of(
        &self,
        source: &str,
        members: &[String],
    ) -> Result<Vec<(String, Fingerprint)>, Error> {
        let sql = format!(
            "SELECT member, fingerprint FROM sidegate_fingerprints WHERE source = ? AND member IN ({})",
            marks(members.len())
        );
        let rows = self.rows(&sql, source_and(source, members)).await?;
        self.read(rows.into_iter().map(fingerprint).collect())
    }

    pub(in crate::state) async fn put_fingerprints(
        &self,
        source: &str,
        fingerprints: &[(String, Fingerprint)],
    ) -> Result<(), Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            for (member, fingerprint) in fingerprints {
                put_fingerprint(&mut work, source, (member, *fingerprint)).await?;
            }
            work.commit().await
        })
        .await
    }

    pub(in crate::state) async fn note_secret(
        &self,
        source: &str,
        (member, second, shown): (&str, Option<&str>, Fingerprint),
        at: UnixSeconds,
        now: UnixSeconds,
    ) -> Result<Noted, Error> {
        let known = "SELECT member, fingerprint FROM sidegate_fingerprints WHERE source = ? AND member = ? FOR UPDATE";
        let insert =
            "INSERT INTO sidegate_fingerprints (source, member, fingerprint) VALUES (?, ?, ?)";
        self.settled(|| async {
            let mut work = self.begin().await?;
            let known = work.rows(known, (source, member)).await?.pop();
            let noted = match known.map(fingerprint).transpose()? {
                // Whoever else inserts it makes this one be done again.
                None => {
                    let values = (source, member, shown.0.as_slice());
                    work.execute(insert, values).await?;
                    Noted::First
                }
                Some((_, known)) if known == shown => Noted::Same,
                Some(_) => {
                    put_fingerprint(&mut work, source, (member, shown)).await?;
                    let changes = changed_secret((member, second), at);
                    record(&mut work, &changes, now).await?;
                    Noted::Changed
                }
            };
            work.commit().await?;
            Ok(noted)
        })
        .await
    }

    pub(in crate::state) async fn forget_fingerprints(
        &self,
        source: &str,
        members: &[String],
    ) -> Result<(), Error> {
        let sql = format!(
            "DELETE FROM sidegate_fingerprints WHERE source = ? AND member IN ({})",
            marks(members.len())
        );
        self.settled(|| async {
            let mut work = self.begin().await?;
            work.execute(&sql, source_and(source, members)).await?;
            work.commit().await
        })
        .await
    }

    pub(in crate::state) async fn checkpoint(&self, source: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT position FROM sidegate_checkpoints WHERE source = ?";
        let row = self.rows(sql, (source,)).await?.pop();
        let position = row.map(|mut row| row.text(0, "sidegate_checkpoints"));
        self.read(position.transpose())
    }

    pub(in crate::state) async fn put_checkpoint(
        &self,
        source: &str,
        position: &str,
        now: UnixSeconds,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO sidegate_checkpoints (source, position, changed_at) VALUES (?, ?, ?) \
                   ON DUPLICATE KEY UPDATE position = VALUES(position), changed_at = VALUES(changed_at)";
        self.settled(|| async {
            let mut work = self.begin().await?;
            work.execute(sql, (source, position, stored(now))).await?;
            work.commit().await
        })
        .await
    }

    /// What was found in rows that have been read already.
    pub(super) fn read<T>(&self, read: Result<T, Failure>) -> Result<T, Error> {
        read.map_err(|failure| failure.into_error(self.deadline))
    }
}

/// Records changes inside of somebody's transaction, and says how many were news. As its last statements: the log is
/// held until the commit.
pub(in crate::state) async fn record(
    work: &mut Work<'_>,
    changes: &[Change],
    now: UnixSeconds,
) -> Result<usize, Failure> {
    let mut news = Vec::with_capacity(changes.len());
    for change in changes {
        if write(work, change, now).await? {
            news.push(change);
        }
    }
    if news.is_empty() {
        return Ok(0);
    }
    let count = i64::try_from(news.len()).unwrap_or(i64::MAX);
    let mut id = advance(work, LOG, count).await? - count;
    let sql = "INSERT INTO sidegate_changes (id, kind, subject, moment, written_at) VALUES (?, ?, ?, ?, ?)";
    for change in &news {
        id += 1;
        let row = (
            id,
            change.kind(),
            change.subject(),
            change.moment(),
            stored(now),
        );
        work.execute(sql, row).await?;
    }
    Ok(news.len())
}

/// Takes the next numbers of a sequence and says which is the last. Nobody else gets any until the commit.
async fn advance(work: &mut Work<'_>, name: &str, count: i64) -> Result<i64, Failure> {
    let sql = "INSERT INTO sidegate_counters (name, value) VALUES (?, ?) \
               ON DUPLICATE KEY UPDATE value = value + VALUES(value)";
    work.execute(sql, (name, count)).await?;
    let sql = "SELECT value FROM sidegate_counters WHERE name = ?";
    let row = work.rows(sql, (name,)).await?.pop();
    row.map_or(Ok(count), |mut row| row.integer(0, "sidegate_counters"))
}

/// Whether it changed anything. A column that decides about another one is assigned after it.
async fn write(work: &mut Work<'_>, change: &Change, now: UnixSeconds) -> Result<bool, Failure> {
    let now = stored(now);
    let changed = match change {
        Change::NotBefore { member, at } => {
            let sql = "INSERT INTO sidegate_stamps (member, not_before, deleted, changed_at) VALUES (?, ?, 0, ?) \
                       ON DUPLICATE KEY UPDATE \
                       changed_at = IF(VALUES(not_before) > not_before, VALUES(changed_at), changed_at), \
                       not_before = GREATEST(not_before, VALUES(not_before))";
            work.execute(sql, (member, stored(*at), now)).await?
        }
        Change::Deleted { member } => {
            let sql = "INSERT INTO sidegate_stamps (member, not_before, deleted, changed_at) VALUES (?, 0, 1, ?) \
                       ON DUPLICATE KEY UPDATE \
                       changed_at = IF(deleted = 0, VALUES(changed_at), changed_at), deleted = 1";
            work.execute(sql, (member, now)).await?
        }
        Change::Restored { member } => {
            let sql = "UPDATE sidegate_stamps SET deleted = 0, changed_at = ? WHERE member = ? AND deleted <> 0";
            work.execute(sql, (now, member)).await?
        }
        Change::SessionEnded { token_id, until } => {
            let sql = "INSERT INTO sidegate_ended_sessions (token_id, valid_until) VALUES (?, ?) \
                       ON DUPLICATE KEY UPDATE valid_until = GREATEST(valid_until, VALUES(valid_until))";
            work.execute(sql, (token_id, stored(*until))).await?
        }
    };
    Ok(changed > 0)
}

async fn put_fingerprint(
    work: &mut Work<'_>,
    source: &str,
    (member, fingerprint): (&str, Fingerprint),
) -> Result<(), Failure> {
    let sql = "INSERT INTO sidegate_fingerprints (source, member, fingerprint) VALUES (?, ?, ?) \
               ON DUPLICATE KEY UPDATE fingerprint = VALUES(fingerprint)";
    let values = (source, member, fingerprint.0.as_slice());
    work.execute(sql, values).await.map(drop)
}

fn fingerprint(mut row: Record) -> Result<(String, Fingerprint), Failure> {
    let table = "sidegate_fingerprints";
    let member = row.text(0, table)?;
    let bytes = row.bytes(1, table)?;
    let expected = "32 bytes";
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| Error::Corrupt { table, expected })?;
    Ok((member, Fingerprint(bytes)))
}

/// Question marks for so many values, at least one: an empty list is a mistake in SQL.
fn marks(count: usize) -> String {
    let mut marks = "?, ".repeat(count.max(1));
    marks.truncate(marks.len() - 2);
    marks
}

fn source_and(source: &str, members: &[String]) -> Vec<Value> {
    let members = members.iter().map(Value::from);
    let mut values: Vec<Value> = std::iter::once(Value::from(source))
        .chain(members)
        .collect();
    if values.len() == 1 {
        values.push(Value::NULL);
    }
    values
}
