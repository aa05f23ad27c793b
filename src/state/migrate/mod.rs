//! The migrations of the own tables: what there is, what was applied, and what has to happen.
//!
//! Only tables whose names begin with `sidegate_` are ever touched. What was applied stands in `sidegate_migrations`, with a checksum of
//! the file that it was. How to add one is written in `migrations/README.md`.

mod ledger;
mod obstacle;
mod script;

use super::{Error, State, stamps::either};
use crate::clock::UnixSeconds;
pub(super) use ledger::{Entry, Mark};
pub use ledger::{Listed, Standing};
pub use obstacle::Obstacle;

/// A change of the tables, and the way back.
#[derive(Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its name: a number of four digits and what it is about.
    pub name: &'static str,
    up: &'static str,
    down: &'static str,
}

/// The migrations of both kinds of databases.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        const MYSQL: &[Migration] = &[$(migration!("mysql", $name)),*];
        const SQLITE: &[Migration] = &[$(migration!("sqlite", $name)),*];
    };
}

macro_rules! migration {
    ($folder:literal, $name:literal) => {
        Migration {
            name: $name,
            up: include_str!(concat!("../../../migrations/", $folder, "/", $name, ".sql")),
            down: include_str!(concat!(
                "../../../migrations/",
                $folder,
                "/",
                $name,
                ".down.sql"
            )),
        }
    };
}

// In the order of their numbers, without a hole.
embedded!(
    "0001_stamps",
    "0002_attempts",
    "0003_families",
    "0004_codes",
    "0005_member_acts",
);

/// What is to be done to the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Apply what is pending.
    Up {
        /// Whether one that was begun and not finished is finished now.
        resume: bool,
    },
    /// Undo what was applied behind this number.
    Down {
        /// The number of the last migration that stays; 0 for none.
        to: u32,
        /// Whether rows may be lost.
        lose_data: bool,
    },
    /// Say that what is pending up to this number was applied, without doing anything.
    Stamp {
        /// The number of the last one.
        to: u32,
    },
}

impl State {
    /// Every migration and how it stands. Writes nothing.
    pub async fn migrations(&self) -> Result<Vec<Listed>, Error> {
        let entries = either!(self, database => database.entries().await)?;
        Ok(ledger::listed(&entries, self.embedded())?)
    }

    /// Does it, while no other machine can, and says which migrations it was done with, in order.
    pub async fn migrate(&self, task: Task, now: UnixSeconds) -> Result<Vec<&'static str>, Error> {
        let embedded = self.embedded();
        let done = either!(self, database => database.migrate(task, embedded, now).await)?;
        Ok(done.iter().map(|migration| migration.name).collect())
    }

    /// The migrations that it would be done with now, in order. Writes nothing.
    pub async fn planned(&self, task: Task) -> Result<Vec<&'static Migration>, Error> {
        let entries = either!(self, database => database.entries().await)?;
        Ok(task.plan(&entries, self.embedded())?)
    }

    /// Whether the database answers, and every migration was applied.
    pub async fn inspect(&self) -> Result<(), Error> {
        let listed = self.migrations().await?;
        let pending = listed.iter().filter(|listed| listed.is_pending());
        let names: Vec<&str> = pending.map(|listed| listed.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names = names.join(", ");
        Err(Error::Pending { names })
    }

    pub(super) fn embedded(&self) -> &'static [Migration] {
        match self {
            Self::MySql(_) => MYSQL,
            Self::Sqlite(_) => SQLITE,
        }
    }
}

impl Migration {
    /// The statements that apply it.
    pub fn up(&self) -> Vec<&'static str> {
        script::statements(self.up)
    }

    /// The statements that undo it.
    pub fn down(&self) -> Vec<&'static str> {
        script::statements(self.down)
    }

    /// The number in its name.
    pub fn number(&self) -> u32 {
        let digits = self.name.split_once('_').map(|(digits, _)| digits);
        digits
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_default()
    }

    /// The tables that are gone when it is undone; `None` where more than tables goes.
    pub(super) fn dropped(&self) -> Option<Vec<&'static str>> {
        let statements = self.down().into_iter();
        statements.map(script::dropped_table).collect()
    }

    fn checksum(&self) -> String {
        script::checksum(self.up)
    }

    /// What is written about it.
    pub(super) fn entry(&self, mark: Mark, steps: u32) -> Entry {
        Entry {
            number: self.number(),
            name: self.name.to_owned(),
            checksum: self.checksum(),
            mark: Some(mark),
            steps,
            changed_at: 0,
        }
    }
}

impl Task {
    /// What it means for these entries.
    pub(super) fn plan(
        self,
        entries: &[Entry],
        embedded: &'static [Migration],
    ) -> Result<Vec<&'static Migration>, Obstacle> {
        match self {
            Self::Up { resume } => ledger::pending(entries, embedded, resume),
            Self::Down { to, .. } => ledger::applied_behind(entries, embedded, to),
            Self::Stamp { to } => ledger::pending_up_to(entries, embedded, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(migrations: &[Migration]) -> Vec<&str> {
        migrations.iter().map(|migration| migration.name).collect()
    }

    #[test]
    fn numbers_have_no_holes_and_both_databases_have_the_same() {
        for (position, migration) in (1_u32..).zip(MYSQL) {
            assert_eq!(migration.number(), position, "{}", migration.name);
        }
        assert_eq!(names(MYSQL), names(SQLITE));
    }

    #[test]
    fn every_file_is_embedded() {
        for (folder, migrations) in [("mysql", MYSQL), ("sqlite", SQLITE)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(folder);
            let files = std::fs::read_dir(folder).expect("a folder");
            let files = files.map(|file| {
                file.expect("a file")
                    .file_name()
                    .into_string()
                    .expect("a name")
            });
            let mut found: Vec<String> = files.collect();
            found.sort();
            let mut listed: Vec<String> = names(migrations)
                .into_iter()
                .flat_map(|name| [format!("{name}.down.sql"), format!("{name}.sql")])
                .collect();
            listed.sort();
            assert_eq!(found, listed);
        }
    }

    #[test]
    fn only_own_tables_are_named() {
        for migration in MYSQL.iter().chain(SQLITE) {
            for statement in migration.up().into_iter().chain(migration.down()) {
                let words: Vec<&str> = statement.split_whitespace().collect();
                for (position, word) in words.iter().enumerate() {
                    let is_name =
                        matches!(*word, "TABLE" | "INTO" | "UPDATE" | "FROM" | "ON" | "JOIN");
                    let rest = words.get(position + 1..).unwrap_or_default();
                    let name = rest
                        .iter()
                        .find(|word| !matches!(**word, "IF" | "NOT" | "EXISTS"));
                    if let Some(name) = name.filter(|_| is_name) {
                        assert!(name.starts_with("sidegate_"), "{}: {name}", migration.name);
                    }
                }
            }
        }
    }

    #[test]
    fn every_migration_can_be_undone() {
        for migration in MYSQL.iter().chain(SQLITE) {
            assert!(!migration.up().is_empty(), "{}", migration.name);
            assert!(!migration.down().is_empty(), "{}", migration.name);
        }
    }
}
