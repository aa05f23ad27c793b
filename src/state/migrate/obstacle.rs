//! Why migrations cannot be applied or undone, and what to do.

use thiserror::Error;

/// Something in the way of migrations. The database is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// A file is not the one that was applied.
    #[error(
        "the migration {name} is not the one that was applied: its checksum is another one; use the version of sidegate that has applied it, and never change a migration that somebody may have applied"
    )]
    Changed {
        /// Its name.
        name: String,
    },
    /// MySQL commits each statement that alters a table, so a migration that is broken off stays half applied.
    #[error(
        "the migration {name} was begun and not finished: {steps} of its {all} statements are known to be done; look at the tables, then finish it with `sidegate migrate up --resume`, or undo it with `sidegate migrate down --to {below}`"
    )]
    HalfApplied {
        /// Its name.
        name: String,
        /// Statements that were done.
        steps: u32,
        /// Statements that it has.
        all: usize,
        /// The number of the one before it.
        below: u32,
    },
    /// The tables were made by a newer version.
    #[error(
        "the migration {name} was applied by a newer version of sidegate, which alone can undo it"
    )]
    Newer {
        /// Its name.
        name: String,
    },
    /// No migration has this number.
    #[error("there is no migration with the number {number}; the last one is {last}")]
    NoSuch {
        /// The number that was asked for.
        number: u32,
        /// The last one that there is.
        last: u32,
    },
    /// Undoing it would lose rows.
    #[error(
        "undoing {name} would lose what is stored, in {tables}; say `--lose-data` if that is what you want"
    )]
    WouldLose {
        /// The migration.
        name: String,
        /// The tables that are not empty.
        tables: String,
    },
    /// Another machine is at it.
    #[error("somebody else migrates these tables; wait until that has ended, and try again")]
    Busy,
}
