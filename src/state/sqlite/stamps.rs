//! Stamps, fingerprints, checkpoints and the log in SQLite.

use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::{Failure, Sqlite};
use crate::{
    clock::UnixSeconds,
    state::{
        Error, Noted,
        stamps::{
            CHUNK, Change, Chunk, Cursor, Fingerprint, LOG, Logged, Stamp, changed_secret, stored,
        },
    },
};

impl Sqlite {
    pub(in crate::state) async fn record(
        &self,
        changes: Vec<Change>,
        now: UnixSeconds,
    ) -> Result<usize, Error> {
        self.settled(move |work| record(work, &changes, now)).await
    }

    pub(in crate::state) async fn counter(&self, name: &'static str) -> Result<i64, Error> {
        self.reading(move |connection| {
            let sql = "SELECT value FROM sidegate_counters WHERE name = ?";
            let mut statement = connection.prepare_cached(sql)?;
            let value = statement.query_row([name], |row| row.get(0)).optional()?;
            Ok(value.unwrap_or(0))
        })
        .await
    }

    pub(in crate::state) async fn stamps(&self, after: &str) -> Result<Chunk, Error> {
        let after = after.to_owned();
        self.reading(move |connection| {
            let sql = format!(
                "SELECT member, not_before, deleted FROM sidegate_stamps WHERE member > ? ORDER BY member LIMIT {CHUNK}"
            );
            let stamps = all(connection, &sql, [after], |row| {
                Ok(Stamp {
                    member: row.get(0)?,
                    not_before: row.get(1)?,
                    deleted: row.get(2)?,
                })
            })?;
            Ok(Chunk::of_stamps(stamps))
        })
        .await
    }

    pub(in crate::state) async fn ended_sessions(&self, after: &str) -> Result<Chunk, Error> {
        let after = after.to_owned();
        self.reading(move |connection| {
            let sql = format!(
                "SELECT token_id, valid_until FROM sidegate_ended_sessions WHERE token_id > ? ORDER BY token_id LIMIT {CHUNK}"
            );
            let sessions = all(connection, &sql, [after], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(Chunk::of_sessions(sessions))
        })
        .await
    }

    pub(in crate::state) async fn logged(&self, cursor: Cursor) -> Result<Vec<Logged>, Error> {
        self.reading(move |connection| {
            let sql = format!(
                "SELECT id, kind, subject, moment FROM sidegate_changes WHERE id > ? ORDER BY id LIMIT {CHUNK}"
            );
            all(connection, &sql, [cursor.0], |row| {
                Ok(Logged {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    subject: row.get(2)?,
                    moment: row.get(3)?,
                })
            })
        })
        .await
    }

    pub(in crate::state) async fn fingerprints(
        &self,
        source: &str,
        after: &str,
    ) -> Result<Vec<(String, Fingerprint)>, Error> {
        let (source, after) = (source.to_owned(), after.to_owned());
        self.reading(move |connection| {
            let sql = format!(
                "SELECT member, fingerprint FROM sidegate_fingerprints WHERE source = ? AND member > ? \
                 ORDER BY member LIMIT {CHUNK}"
            );
            all(connection, &sql, [source, after], fingerprint)
        })
        .await
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
        let values = source_and(source, members);
        self.reading(move |connection| all(connection, &sql, params_from_iter(values), fingerprint))
            .await
    }

    pub(in crate::state) async fn put_fingerprints(
        &self,
        source: &str,
        fingerprints: &[(String, Fingerprint)],
    ) -> Result<(), Error> {
        let (source, fingerprints) = (source.to_owned(), fingerprints.to_vec());
        self.settled(move |work| {
            for (member, fingerprint) in &fingerprints {
                put_fingerprint(work, &source, (member, *fingerprint))?;
            }
            Ok(())
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
        let changes = changed_secret((member, second), at);
        let (source, member) = (source.to_owned(), member.to_owned());
        self.settled(move |work| {
            let sql = "SELECT member, fingerprint FROM sidegate_fingerprints WHERE source = ? AND member = ?";
            let known = work.query_row(sql, [&source, &member], fingerprint);
            let known = known.optional()?;
            if known.as_ref().is_some_and(|(_, known)| *known == shown) {
                return Ok(Noted::Same);
            }
            put_fingerprint(work, &source, (&member, shown))?;
            if known.is_none() {
                return Ok(Noted::First);
            }
            record(work, &changes, now)?;
            Ok(Noted::Changed)
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
        let values = source_and(source, members);
        self.settled(move |work| {
            work.execute(&sql, params_from_iter(values))?;
            Ok(())
        })
        .await
    }

    pub(in crate::state) async fn checkpoint(&self, source: &str) -> Result<Option<String>, Error> {
        let source = source.to_owned();
        self.reading(move |connection| {
            let sql = "SELECT position FROM sidegate_checkpoints WHERE source = ?";
            let position = connection.query_row(sql, [source], |row| row.get(0));
            Ok(position.optional()?)
        })
        .await
    }

    pub(in crate::state) async fn put_checkpoint(
        &self,
        source: &str,
        position: &str,
        now: UnixSeconds,
    ) -> Result<(), Error> {
        let (source, position) = (source.to_owned(), position.to_owned());
        self.settled(move |work| {
            let sql = "INSERT INTO sidegate_checkpoints (source, position, changed_at) VALUES (?, ?, ?) \
                       ON CONFLICT DO UPDATE SET position = excluded.position, changed_at = excluded.changed_at";
            work.execute(sql, params![source, position, stored(now)])?;
            Ok(())
        })
        .await
    }
}

/// Records changes inside of somebody's transaction, and says how many were news.
pub(in crate::state) fn record(
    work: &Connection,
    changes: &[Change],
    now: UnixSeconds,
) -> Result<usize, Failure> {
    let mut news = Vec::with_capacity(changes.len());
    for change in changes {
        if write(work, change, now)? {
            news.push(change);
        }
    }
    let count = i64::try_from(news.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(0);
    }
    let sql = "INSERT INTO sidegate_counters (name, value) VALUES (?, ?) \
               ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value";
    let last: i64 = work.query_row(sql, params![LOG, count], |row| row.get(0))?;
    let mut id = last - count;
    let sql = "INSERT INTO sidegate_changes (id, kind, subject, moment, written_at) VALUES (?, ?, ?, ?, ?)";
    let mut statement = work.prepare_cached(sql)?;
    for change in &news {
        id += 1;
        let (kind, subject, moment) = (change.kind(), change.subject(), change.moment());
        statement.execute(params![id, kind, subject, moment, stored(now)])?;
    }
    Ok(news.len())
}

/// Whether it changed anything.
fn write(work: &Connection, change: &Change, now: UnixSeconds) -> Result<bool, Failure> {
    let now = stored(now);
    let changed = match change {
        Change::NotBefore { member, at } => {
            let sql = "INSERT INTO sidegate_stamps (member, not_before, deleted, changed_at) VALUES (?, ?, 0, ?) \
                       ON CONFLICT DO UPDATE SET not_before = excluded.not_before, changed_at = excluded.changed_at \
                       WHERE excluded.not_before > not_before";
            work.prepare_cached(sql)?
                .execute(params![member, stored(*at), now])?
        }
        Change::Deleted { member } => {
            let sql = "INSERT INTO sidegate_stamps (member, not_before, deleted, changed_at) VALUES (?, 0, 1, ?) \
                       ON CONFLICT DO UPDATE SET deleted = 1, changed_at = excluded.changed_at WHERE deleted = 0";
            work.prepare_cached(sql)?.execute(params![member, now])?
        }
        Change::Restored { member } => {
            let sql = "UPDATE sidegate_stamps SET deleted = 0, changed_at = ? WHERE member = ? AND deleted <> 0";
            work.prepare_cached(sql)?.execute(params![now, member])?
        }
        Change::SessionEnded { token_id, until } => {
            let sql = "INSERT INTO sidegate_ended_sessions (token_id, valid_until) VALUES (?, ?) \
                       ON CONFLICT DO UPDATE SET valid_until = excluded.valid_until \
                       WHERE excluded.valid_until > valid_until";
            work.prepare_cached(sql)?
                .execute(params![token_id, stored(*until)])?
        }
    };
    Ok(changed > 0)
}

fn put_fingerprint(
    work: &Connection,
    source: &str,
    (member, fingerprint): (&str, Fingerprint),
) -> Result<(), Failure> {
    let sql = "INSERT INTO sidegate_fingerprints (source, member, fingerprint) VALUES (?, ?, ?) \
               ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint";
    let mut statement = work.prepare_cached(sql)?;
    statement.execute(params![source, member, fingerprint.0])?;
    Ok(())
}

fn fingerprint(row: &Row<'_>) -> rusqlite::Result<(String, Fingerprint)> {
    Ok((row.get(0)?, Fingerprint(row.get(1)?)))
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    one: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, one)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn marks(count: usize) -> String {
    let mut marks = "?, ".repeat(count);
    marks.truncate(marks.len().saturating_sub(2));
    marks
}

fn source_and(source: &str, members: &[String]) -> Vec<String> {
    std::iter::once(source.to_owned())
        .chain(members.iter().cloned())
        .collect()
}
