//! Writing the monolith's own tables: only what the configuration lists, and nothing of their schema.
//!
//! A [`Writer`] has connections of its own, as a rule by an account of its own. It promises that an operation is one transaction
//! with its values as parameters, that it ends within the deadline, that a restarted database is found again without help,
//! and that nothing of a row reaches a log or an error. Identifiers come from the configuration and are quoted once. Whose row is
//! meant is compared to the byte, whatever the collation of a column says. It does not know what a value means.

mod change;
mod error;
mod insert;
mod link;
mod map;
mod mysql;
mod operations;
mod settings;
mod sqlite;
mod value;

use super::{error::Error, settings::Settings, url::DatabaseUrl};
use crate::{
    member::{MemberId, StateName},
    secret::Secret,
};
use map::WriteMap;
use mysql::MySqlWriter;
use operations::{Operation, Remove, RemoveInState, ReplacePassword, SetColumns, SwapState};
use sqlite::SqliteWriter;

pub use change::{Change, Rewritten};
pub use error::WriteError;
pub use insert::{Inserted, Leaving, NewId, NewMember};
pub use link::{Link, Linked, Relink, Relinked};
pub use operations::Swapped;
pub use settings::{WriteAction, WriteSettings};
pub use value::{CellValue, moment_of};

/// The tables, to be written.
#[derive(Debug)]
pub struct Writer {
    database: Database,
    map: std::sync::Arc<WriteMap>,
    actions: Vec<WriteAction>,
    utc_offset: i32,
}

#[derive(Debug)]
enum Database {
    MySql(Box<MySqlWriter>),
    Sqlite(SqliteWriter),
}

impl Writer {
    /// Prepares a writer without connecting. Needs a tokio runtime.
    pub(super) fn open(users: &Settings, write: &WriteSettings) -> Result<Self, Error> {
        let map = WriteMap::new(users, write.database.dialect())?;
        let database = match &write.database {
            DatabaseUrl::MySql(url) => {
                Database::MySql(Box::new(MySqlWriter::open(users, write, url)?))
            }
            DatabaseUrl::Sqlite(path) => Database::Sqlite(SqliteWriter::open(users, path)?),
        };
        Ok(Self {
            database,
            map: std::sync::Arc::new(map),
            actions: write.actions.clone(),
            utc_offset: write.utc_offset,
        })
    }

    /// Whether the configuration lists it.
    pub fn may(&self, action: WriteAction) -> bool {
        self.actions.contains(&action)
    }

    /// How many seconds the clock of dates and times in the tables is before that of UTC.
    pub fn utc_offset(&self) -> i32 {
        self.utc_offset
    }

    /// Writes another password in place of the expected one. `false` where there is another one already, or no row.
    pub async fn replace_password(
        &self,
        id: &MemberId,
        expected: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<bool, WriteError> {
        let operation = ReplacePassword {
            id: id.clone(),
            expected: expected.clone(),
            new: new.clone(),
        };
        self.settled(operation).await
    }

    /// Writes values into columns of a member's rows, which are named as the configuration names them; all or none. `false` where
    /// there is no such member.
    pub async fn set_columns(
        &self,
        id: &MemberId,
        values: Vec<(String, CellValue)>,
    ) -> Result<bool, WriteError> {
        let id = id.clone();
        self.settled(SetColumns { id, values }).await
    }

    /// Writes values into columns of a member whose state is the expected one; of many that try at the same time one does.
    pub async fn swap_state(
        &self,
        id: &MemberId,
        expected: Option<StateName>,
        values: Vec<(String, CellValue)>,
    ) -> Result<Swapped, WriteError> {
        let id = id.clone();
        let set = SetColumns { id, values };
        self.settled(SwapState { set, expected }).await
    }

    /// Writes what a member changes of itself: all of it or nothing.
    pub async fn change(&self, change: Change) -> Result<Rewritten, WriteError> {
        self.settled(change).await
    }

    /// Makes a member, unless somebody else has the login. Of many that try at the same time one does.
    pub async fn insert(&self, new: NewMember) -> Result<Inserted, WriteError> {
        self.settled(new).await
    }

    /// Writes another account at a provider, or none, for a member, where the expected one stands; of many that try at the same
    /// time one does.
    pub async fn relink(&self, relink: Relink) -> Result<Relinked, WriteError> {
        self.settled(relink).await
    }

    /// Deletes all rows of a member. `false` where there are none.
    pub async fn remove(&self, id: &MemberId) -> Result<bool, WriteError> {
        self.settled(Remove { id: id.clone() }).await
    }

    /// Deletes all rows of a member whose state is the expected one.
    pub async fn remove_in_state(
        &self,
        id: &MemberId,
        expected: Option<StateName>,
    ) -> Result<Swapped, WriteError> {
        let id = id.clone();
        self.settled(RemoveInState { id, expected }).await
    }

    pub(super) async fn close(self) {
        match self.database {
            Database::MySql(writer) => writer.close().await,
            Database::Sqlite(writer) => writer.close().await,
        }
    }

    async fn settled<O: Operation>(&self, operation: O) -> Result<O::Done, WriteError> {
        match &self.database {
            Database::MySql(writer) => writer.settled(&self.map, &operation).await,
            Database::Sqlite(writer) => writer.settled(&self.map, operation).await,
        }
    }
}
