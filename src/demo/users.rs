//! Three users in a table like the monolith's, in memory.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::entropy::{Entropy, hex_pair};

/// The password of all three.
pub(super) const PASSWORD: &str = "open-sesame";

/// Cheap enough to start at once; the monolith's own hashes cost 12.
const COST: u32 = 8;

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

/// The user table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// SQLite refused.
    #[error("SQLite refused the table")]
    Sqlite(#[from] rusqlite::Error),
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hash(#[from] bcrypt::BcryptError),
}

/// The table: it lives as long as this connection.
#[derive(Debug)]
pub(super) struct Users {
    url: String,
    connection: Mutex<Connection>,
}

impl Users {
    pub(super) fn create(entropy: &mut Entropy) -> Result<Self, UsersError> {
        // A name of its own, so that two demos in one process do not share users.
        let name: String = entropy
            .bytes::<8>()
            .into_iter()
            .flat_map(hex_pair)
            .map(char::from)
            .collect();
        let uri = format!("file:demo-{name}?mode=memory&cache=shared");
        let connection = Connection::open(&uri)?;
        connection.execute_batch(SCHEMA)?;
        for (id, name, active, restricted) in [
            (1, "active", true, false),
            (2, "banned", true, true),
            (3, "withdrawn", false, false),
        ] {
            let hash = bcrypt::hash_with_salt(PASSWORD, COST, entropy.bytes())?;
            let quit_at = (!active).then_some("2024-03-01");
            let email = format!("{name}@example.com");
            let row = params![
                id,
                active,
                email,
                hash.to_string(),
                name,
                quit_at,
                restricted
            ];
            connection.execute(INSERT, row)?;
        }
        Ok(Self {
            url: format!("sqlite:{uri}"),
            connection: Mutex::new(connection),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Bans a user or takes a ban back, as the monolith would; whether there is such a user.
    pub(super) fn restrict(&self, id: i64, restricted: bool) -> Result<bool, rusqlite::Error> {
        let connection = self.connection.lock();
        // One statement, done or not.
        let connection = connection.unwrap_or_else(PoisonError::into_inner);
        let row = params![restricted, id];
        let rows = connection.execute("UPDATE user SET is_restricted = ?1 WHERE id = ?2", row)?;
        Ok(rows == 1)
    }
}
