//! The monolith's user table in an SQLite file.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

/// The password of every user that has one.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The cheapest that bcrypt knows: what these tests look at is not its strength.
const COST: u32 = 4;

const SCHEMA: &str = "
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    created_time TEXT,
    user_type TEXT,
    is_active BOOLEAN,
    email TEXT COLLATE NOCASE NOT NULL,
    hashed_password TEXT,
    name TEXT NOT NULL,
    point INTEGER,
    quit_at DATE,
    is_restricted BOOLEAN
);";

const INSERT: &str = "
INSERT INTO user (id, created_time, user_type, is_active, email, hashed_password, name, point, quit_at, is_restricted)
VALUES (?1, '2024-01-02T03:04:05', 'user', ?2, ?3, ?4, ?5, 100, ?6, ?7)";

/// One row to be.
pub(crate) struct User<'a> {
    pub(crate) id: i64,
    pub(crate) name: &'a str,
    pub(crate) hash: Option<&'a str>,
    pub(crate) active: bool,
    pub(crate) restricted: bool,
}

/// The file: 1 `active`, 2 `banned`, 3 `withdrawn`, 4 `passwordless`, each `NAME@example.com`.
pub(crate) struct Users {
    path: PathBuf,
}

impl Users {
    pub(crate) fn create(path: &Path) -> Self {
        let users = Self {
            path: path.to_owned(),
        };
        users.open().execute_batch(SCHEMA).expect("a schema");
        let hash = bcrypt::hash(PASSWORD, COST).expect("a hash");
        for (id, name, active, restricted) in [
            (1, "active", true, false),
            (2, "banned", true, true),
            (3, "withdrawn", false, false),
            (4, "passwordless", true, false),
        ] {
            users.add(&User {
                id,
                name,
                hash: (name != "passwordless").then_some(&hash),
                active,
                restricted,
            });
        }
        users
    }

    pub(crate) fn add(&self, user: &User<'_>) {
        let email = format!("{}@example.com", user.name);
        let quit_at = (!user.active).then_some("2024-03-01");
        let row = params![
            user.id,
            user.active,
            email,
            user.hash,
            user.name,
            quit_at,
            user.restricted
        ];
        self.open().execute(INSERT, row).expect("a row");
    }

    /// Any statement, as the monolith might run it.
    pub(crate) fn execute(&self, sql: &str) {
        self.open().execute_batch(sql).expect("the statement");
    }

    /// The one value that a query finds.
    pub(crate) fn text(&self, sql: &str) -> Option<String> {
        let found = self.open().query_row(sql, [], |row| row.get(0));
        found.expect("one row")
    }

    /// How many rows there are with this condition.
    pub(crate) fn count(&self, condition: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM user WHERE {condition}");
        let count = self.open().query_row(&sql, [], |row| row.get(0));
        count.expect("a count")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self) -> Connection {
        Connection::open(&self.path).expect("an SQLite file")
    }
}
