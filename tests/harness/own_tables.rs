//! The gateway's own tables, in a file beside its configuration or in a database of a test's own.

use super::{Setup, database::Database};

/// Where the tables are.
pub(crate) enum OwnTables {
    /// In a file beside the configuration.
    Sqlite,
    /// On the server of the tests.
    Server(Database),
}

impl OwnTables {
    /// A new database on the server of the tests.
    pub(crate) fn maria_db() -> Self {
        Self::Server(Database::mysql())
    }

    /// The section `state` of a configuration, with further keys.
    pub(crate) fn section(&self, keys: &str) -> String {
        let url = match self {
            Self::Sqlite => "sqlite:${RUNTIME_DIRECTORY}/own.db".to_owned(),
            Self::Server(database) => database.url(),
        };
        format!("{{ database: \"{url}\", migrate: on_start, {keys} }}")
    }

    /// Executes a statement.
    pub(crate) fn execute(&self, setup: &Setup, sql: &str) {
        match self {
            Self::Sqlite => file(setup).execute_batch(sql).expect("a statement"),
            Self::Server(database) => database.execute(sql),
        }
    }

    /// The number that a statement selects.
    pub(crate) fn number(&self, setup: &Setup, sql: &str) -> i64 {
        match self {
            Self::Sqlite => file(setup)
                .query_row(sql, [], |row| row.get(0))
                .expect("a number"),
            Self::Server(database) => *database.numbers(sql).first().expect("a number"),
        }
    }
}

fn file(setup: &Setup) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(setup.folder().join("own.db")).expect("a file");
    let patience = std::time::Duration::from_secs(5);
    file.busy_timeout(patience).expect("a setting");
    file
}
