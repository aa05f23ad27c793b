//! What the stream says, in the words of whoever has to act on it.

use crate::clock::UnixSeconds;

use super::position::{LogPosition, Position};

/// A table whose rows are of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The schema; `None` is the one that the connection's URL names.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The column that says whose row it is.
    pub key: String,
    /// The columns that say something about them; a change of any other is no news.
    pub columns: Vec<String>,
    /// The columns whose change matters by itself, whatever the value; never among `columns`.
    pub secrets: Vec<String>,
}

/// A row that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The place of its table among those that are watched.
    pub table: usize,
    /// Whose row it is, in the canonical spelling of the key.
    pub key: String,
    /// Whether one of the table's secrets is another than before.
    pub secret: bool,
}

/// A transaction, or what else takes a place of its own in the binlog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The rows of watched tables that it wrote, each once.
    pub changes: Vec<Change>,
    /// Something that its rows do not tell.
    pub unknown: Option<Why>,
    /// Where the stream goes on behind it.
    pub position: Position,
    /// When the server says that it happened, by its own clock.
    pub at: UnixSeconds,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A transaction.
    Commit(Commit),
    /// Nothing was committed for a while, and the server is there: it has told everything before this.
    Heartbeat(LogPosition),
}

/// Why rows do not tell what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A table was altered, truncated, dropped or renamed.
    Definition,
    /// A statement stands in the binlog, and not the rows that it wrote.
    Statement,
    /// A watched table was opened for writing and no row of it followed: a foreign key may have cascaded.
    Cascade,
    /// The event is compressed.
    Compressed,
    /// The columns of the event are not those of the table.
    Layout,
    /// The key of a row cannot be spelt.
    Key,
    /// The server reports that something is missing from the binlog.
    Incident,
    /// An XA transaction whose rows were not seen when it was prepared.
    Prepared,
    /// More rows than are kept in mind.
    Huge,
    /// An event of a kind that is not known.
    Event,
}

impl Why {
    /// As logs and metrics call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Statement => "statement",
            Self::Cascade => "cascade",
            Self::Compressed => "compressed",
            Self::Layout => "layout",
            Self::Key => "key",
            Self::Incident => "incident",
            Self::Prepared => "prepared",
            Self::Huge => "huge",
            Self::Event => "event",
        }
    }
}
