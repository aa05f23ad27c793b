//! Migrations in SQLite: all that are pending in one transaction, which nobody else writes beside.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::{Failure, Sqlite};
use crate::{
    clock::UnixSeconds,
    state::{
        Error, Migration, Obstacle, Task,
        migrate::{Entry, Mark},
        stamps::stored,
    },
};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS sidegate_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    standing TEXT NOT NULL,
    steps INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT";

impl Sqlite {
    pub(in crate::state) async fn entries(&self) -> Result<Vec<Entry>, Error> {
        self.reading(entries).await
    }

    pub(in crate::state) async fn migrate(
        &self,
        task: Task,
        embedded: &'static [Migration],
        now: UnixSeconds,
    ) -> Result<Vec<&'static Migration>, Error> {
        self.unbounded(move |connection| {
            let behaviour = TransactionBehavior::Immediate;
            let work = Transaction::new(connection, behaviour)?;
            work.execute_batch(CREATE)?;
            let plan = task.plan(&entries(&work)?, embedded).map_err(Error::from)?;
            for migration in &plan {
                match task {
                    Task::Up { .. } => apply(&work, migration, now)?,
                    Task::Down { lose_data, .. } => undo(&work, migration, lose_data)?,
                    Task::Stamp { .. } => write(&work, &migration.entry(Mark::Stamped, 0), now)?,
                }
            }
            work.commit()?;
            Ok(plan)
        })
        .await
    }
}

fn entries(connection: &Connection) -> Result<Vec<Entry>, Failure> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sidegate_migrations'";
    let there = connection.query_row(sql, [], |_| Ok(())).optional()?;
    if there.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT version, name, checksum, standing, steps, changed_at FROM sidegate_migrations ORDER BY version";
    let mut statement = connection.prepare(sql)?;
    let entries = statement.query_map([], entry)?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let mark: String = row.get(3)?;
    Ok(Entry {
        number: row.get(0)?,
        name: row.get(1)?,
        checksum: row.get(2)?,
        mark: Mark::of(&mark),
        steps: row.get(4)?,
        changed_at: u64::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
    })
}

fn apply(work: &Connection, migration: &Migration, now: UnixSeconds) -> Result<(), Failure> {
    let statements = migration.up();
    for statement in &statements {
        work.execute_batch(statement)?;
    }
    let steps = u32::try_from(statements.len()).unwrap_or(u32::MAX);
    write(work, &migration.entry(Mark::Applied, steps), now)
}

fn undo(work: &Connection, migration: &Migration, lose_data: bool) -> Result<(), Failure> {
    if !lose_data {
        nothing_is_lost(work, migration)?;
    }
    for statement in migration.down() {
        work.execute_batch(statement)?;
    }
    let sql = "DELETE FROM sidegate_migrations WHERE version = ?";
    work.execute(sql, [migration.number()])?;
    Ok(())
}

fn nothing_is_lost(work: &Connection, migration: &Migration) -> Result<(), Failure> {
    let name = migration.name.to_owned();
    let Some(tables) = migration.dropped() else {
        let tables = "its columns".to_owned();
        return Err(Error::from(Obstacle::WouldLose { name, tables }).into());
    };
    let mut lost = Vec::new();
    for table in tables {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
        let there = work.query_row(sql, [table], |_| Ok(())).optional()?;
        let sql = format!("SELECT 1 FROM {table} LIMIT 1");
        if there.is_some() && work.query_row(&sql, [], |_| Ok(())).optional()?.is_some() {
            lost.push(table);
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let tables = lost.join(", ");
    Err(Error::from(Obstacle::WouldLose { name, tables }).into())
}

fn write(work: &Connection, entry: &Entry, now: UnixSeconds) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO sidegate_migrations (version, name, checksum, standing, steps, changed_at) \
               VALUES (?, ?, ?, ?, ?, ?)";
    let mark = entry.mark.map_or("", Mark::word);
    let (number, name, checksum) = (entry.number, &entry.name, &entry.checksum);
    work.execute(
        sql,
        params![number, name, checksum, mark, entry.steps, stored(now)],
    )?;
    Ok(())
}
