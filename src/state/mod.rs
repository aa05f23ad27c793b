//! sidegate's own tables, in MySQL, MariaDB or SQLite.
//!
//! What the monolith's table does not remember and every gateway has to know: since when tokens are refused, which
//! sessions have ended, how far a source has been read. An operation is one transaction with its values as parameters; it
//! ends within the configured deadline; a restarted database is found again without help; nothing of a row reaches a log or
//! an error. Only tables named `sidegate_…` are touched, and only [`State::migrate`] makes or drops any.
//!
//! Moments are whole seconds since 1970 by the gateway's clock: the database's clock decides nothing.

mod attempts;
mod codes;
#[cfg(test)]
mod contract;
mod error;
mod families;
mod member_acts;
mod migrate;
mod mysql;
mod purge;
mod settings;
mod sqlite;
mod stamps;
mod tally;

use mysql::MySql;
use sqlite::Sqlite;

use crate::store::DatabaseUrl;

pub use attempts::{CounterId, Decide, FailedLogins};
pub use codes::{NewCode, Print, Proven, Tried};
pub use error::Error;
pub use families::{
    EndedBy, Ending, KeptToken, KnownToken, Opening, Seen, Session, Spending, TokenPrint, Which,
};
pub use member_acts::MemberAct;
pub use migrate::{Listed, Migration, Obstacle, Standing, Task};
pub use purge::Purge;
pub use settings::{Keep, Migrate, Settings};
pub use stamps::{Change, Cursor, Fingerprint, News, Noted};
pub use tally::Tally;

/// The own tables in one of their databases.
#[derive(Debug)]
pub enum State {
    /// MySQL or MariaDB.
    MySql(MySql),
    /// SQLite.
    Sqlite(Sqlite),
}

impl State {
    /// Prepares the state without connecting; the first operation connects. Needs a tokio runtime.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        match &settings.database {
            DatabaseUrl::MySql(url) => Ok(Self::MySql(MySql::open(settings, url)?)),
            DatabaseUrl::Sqlite(path) => Ok(Self::Sqlite(Sqlite::open(settings, path)?)),
        }
    }

    /// How the database stands.
    pub fn tally(&self) -> &Tally {
        match self {
            Self::MySql(database) => database.tally(),
            Self::Sqlite(database) => database.tally(),
        }
    }

    /// Closes the connections.
    pub async fn close(self) {
        match self {
            Self::MySql(database) => database.close().await,
            Self::Sqlite(database) => database.close().await,
        }
    }
}
