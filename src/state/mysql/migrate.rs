//! Migrations in MySQL and MariaDB.
//!
//! A statement that alters a table commits by itself, so a migration that is broken off stays half applied: each statement
//! that was done is written down, and the next attempt says so. A lock of the server, which ends with its connection, keeps
//! two machines apart.

use mysql_async::{Conn, Row, prelude::Queryable as _};
use tokio::time::timeout;

use super::{Failure, MySql, Record};
use crate::{
    clock::UnixSeconds,
    state::{
        Error, Migration, Obstacle, Task,
        migrate::{Entry, Mark},
        stamps::stored,
    },
};

const LEDGER: &str = "sidegate_migrations";

/// How long another machine is waited for, in seconds.
const PATIENCE: u32 = 60;

/// Locks are the server's, not the database's; a name may have 64 characters.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('sidegate.', SHA1(DATABASE())), ?)";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS sidegate_migrations (
    version INT NOT NULL,
    name VARBINARY(128) NOT NULL,
    checksum VARBINARY(64) NOT NULL,
    standing VARBINARY(16) NOT NULL,
    steps INT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (version)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC";

const ENTRIES: &str = "SELECT version, name, checksum, standing, steps, changed_at \
     FROM sidegate_migrations ORDER BY version";

impl MySql {
    pub(in crate::state) async fn entries(&self) -> Result<Vec<Entry>, Error> {
        match self.rows(ENTRIES, ()).await {
            Ok(rows) => {
                let entries: Result<_, Failure> = rows.into_iter().map(entry).collect();
                entries.map_err(|failure| failure.into_error(self.deadline))
            }
            Err(Error::NotMigrated) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(in crate::state) async fn migrate(
        &self,
        task: Task,
        embedded: &'static [Migration],
        now: UnixSeconds,
    ) -> Result<Vec<&'static Migration>, Error> {
        let done = self.migrate_alone(task, embedded, now).await;
        done.map_err(|failure| failure.into_error(self.deadline))
    }

    async fn migrate_alone(
        &self,
        task: Task,
        embedded: &'static [Migration],
        now: UnixSeconds,
    ) -> Result<Vec<&'static Migration>, Failure> {
        let mut alone = self.alone().await?;
        alone.conn.query_drop(CREATE).await?;
        let rows: Vec<Row> = alone.conn.query(ENTRIES).await?;
        let entries: Result<Vec<Entry>, Failure> =
            rows.into_iter().map(Record::new).map(entry).collect();
        let entries = entries?;
        let plan = task.plan(&entries, embedded).map_err(Error::from)?;
        if let Task::Down { lose_data, .. } = task
            && !lose_data
        {
            for migration in &plan {
                alone.nothing_is_lost(migration).await?;
            }
        }
        for migration in &plan {
            let number = migration.number();
            let entry = entries.iter().find(|entry| entry.number == number);
            match task {
                Task::Up { .. } => {
                    let from = entry.map_or(0, |entry| entry.steps);
                    alone.apply(migration, from, now).await?;
                }
                Task::Down { .. } => alone.undo(migration, now).await?,
                Task::Stamp { .. } => {
                    let entry = migration.entry(Mark::Stamped, 0);
                    alone.write(&entry, now).await?;
                }
            }
        }
        // The lock ends with the connection, whether or not it can say farewell.
        drop(timeout(self.connect_timeout, alone.conn.disconnect()).await);
        Ok(plan)
    }

    /// A connection that nobody else's migrations run beside.
    async fn alone(&self) -> Result<Alone, Failure> {
        let made = timeout(self.connect_timeout, Conn::new(self.unbounded.clone())).await;
        let mut conn = match made {
            Ok(made) => made.map_err(Failure::while_connecting)?,
            Err(_) => return Err(Failure::timed_out(self.connect_timeout)),
        };
        let locked: Option<Row> = conn.exec_first(LOCK, (PATIENCE,)).await?;
        let locked = locked.and_then(|mut row| row.take_opt::<i64, _>(0));
        match locked {
            Some(Ok(1)) => Ok(Alone { conn }),
            _ => Err(Error::from(Obstacle::Busy).into()),
        }
    }
}

/// A connection that holds the lock.
struct Alone {
    conn: Conn,
}

impl Alone {
    /// Every statement can be done again, so one that was done and not written down does no harm.
    async fn apply(
        &mut self,
        migration: &Migration,
        from: u32,
        now: UnixSeconds,
    ) -> Result<(), Failure> {
        self.write(&migration.entry(Mark::Begun, from), now).await?;
        let mut steps = 0;
        for statement in migration.up() {
            steps += 1;
            if steps <= from {
                continue;
            }
            if let Err(error) = self.conn.query_drop(statement).await {
                if steps == 1 {
                    self.forget(migration).await?;
                }
                return Err(while_migrating(error));
            }
            self.write(&migration.entry(Mark::Begun, steps), now)
                .await?;
        }
        self.write(&migration.entry(Mark::Applied, steps), now)
            .await
    }

    async fn undo(&mut self, migration: &Migration, now: UnixSeconds) -> Result<(), Failure> {
        self.write(&migration.entry(Mark::Undoing, 0), now).await?;
        for statement in migration.down() {
            let done = self.conn.query_drop(statement).await;
            done.map_err(while_migrating)?;
        }
        self.forget(migration).await
    }

    async fn nothing_is_lost(&mut self, migration: &Migration) -> Result<(), Failure> {
        let mut lost = Vec::new();
        let Some(tables) = migration.dropped() else {
            return Err(would_lose(migration, "its columns"));
        };
        for table in tables {
            let sql = format!("SELECT 1 FROM {table} LIMIT 1");
            match self.conn.query_first::<Row, _>(sql).await {
                Ok(Some(_)) => lost.push(table),
                Ok(None) => {}
                Err(error) => match Failure::from(error) {
                    Failure::Settled(Error::NotMigrated) => {}
                    other @ (Failure::Settled(_) | Failure::Undone(_) | Failure::Late) => {
                        return Err(other);
                    }
                },
            }
        }
        if lost.is_empty() {
            return Ok(());
        }
        Err(would_lose(migration, &lost.join(", ")))
    }

    async fn write(&mut self, entry: &Entry, now: UnixSeconds) -> Result<(), Failure> {
        let sql = "REPLACE INTO sidegate_migrations (version, name, checksum, standing, steps, changed_at) \
                   VALUES (?, ?, ?, ?, ?, ?)";
        let row = (
            entry.number,
            &entry.name,
            &entry.checksum,
            entry.mark.map_or("", Mark::word),
            entry.steps,
            stored(now),
        );
        Ok(self.conn.exec_drop(sql, row).await?)
    }

    async fn forget(&mut self, migration: &Migration) -> Result<(), Failure> {
        let sql = "DELETE FROM sidegate_migrations WHERE version = ?";
        Ok(self.conn.exec_drop(sql, (migration.number(),)).await?)
    }
}

/// A migration is done again by hand, if at all.
fn while_migrating(error: mysql_async::Error) -> Failure {
    match Failure::from(error) {
        Failure::Undone(error) => Failure::Settled(error),
        other @ (Failure::Settled(_) | Failure::Late) => other,
    }
}

fn would_lose(migration: &Migration, tables: &str) -> Failure {
    let (name, tables) = (migration.name.to_owned(), tables.to_owned());
    Error::from(Obstacle::WouldLose { name, tables }).into()
}

fn entry(mut row: Record) -> Result<Entry, Failure> {
    Ok(Entry {
        number: unsigned(row.integer(0, LEDGER)?)?,
        name: row.text(1, LEDGER)?,
        checksum: row.text(2, LEDGER)?,
        mark: Mark::of(&row.text(3, LEDGER)?),
        steps: unsigned(row.integer(4, LEDGER)?)?,
        changed_at: unsigned(row.integer(5, LEDGER)?)?,
    })
}

fn unsigned<T: TryFrom<i64>>(number: i64) -> Result<T, Failure> {
    let (table, expected) = (LEDGER, "a number that sidegate writes");
    T::try_from(number).map_err(|_| Error::Corrupt { table, expected }.into())
}
