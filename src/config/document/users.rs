//! The monolith's own user table. It is read, and written only as `write` says; its schema is never altered.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tokens::SecretText;
use crate::config::{duration::Span, size::Size};

/// Where users are and which columns matter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// `mysql://user:password@host/database` or `sqlite:path`; `file:PATH` reads it from a file.
    pub database: SecretText,
    /// The table: `user`, or `schema.user`.
    pub table: String,
    /// Further tables that a user's row is made of. Columns are then written `alias.column`, in `columns`, `states`, `show` and
    /// rules; a name without a dot is a column of `table`. Default: none.
    #[serde(default)]
    pub join: Vec<Join>,
    /// The columns that a login needs.
    pub columns: Columns,
    /// Which spellings of what users log in with are one user, for those whose tokens say it: `folded` (case, accents and
    /// spaces behind do not count) or `exact`, as the column compares them. Default: `folded`.
    #[serde(default)]
    pub login_spelling: LoginSpelling,
    /// Blocked states by name: the columns and values that all have to hold. The first that matches counts; NULL
    /// matches only `null`.
    #[serde(default)]
    pub states: IndexMap<String, IndexMap<String, serde_json::Value>>,
    /// The columns of the user object that a dialect may answer, in order, with their JSON types.
    #[serde(default)]
    pub show: IndexMap<String, ColumnType>,
    /// Rows that rules ask for (`require: { user: … }`), kept in memory.
    #[serde(default)]
    pub row_cache: RowCache,
    /// Connections to the database.
    #[serde(default)]
    pub pool: Pool,
    /// How long a connection to the database may take. Default: 2s.
    #[serde(default = "two_seconds")]
    pub connect_timeout: Span,
    /// How long a look-up may take in all. Default: 3s.
    #[serde(default = "three_seconds")]
    pub deadline: Span,
    /// TLS to the database.
    pub tls: Option<Tls>,
    /// What sidegate may write. Default: nothing.
    pub write: Option<Write>,
}

/// Which spellings of a login are one.
#[derive(Debug, Default, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginSpelling {
    /// Those that differ in case, accents, widths and spaces behind.
    #[default]
    Folded,
    /// None, but for spaces behind.
    Exact,
}

/// A further table that a user's row is made of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UsersJoin")]
pub struct Join {
    /// The table: `password`, or `schema.password`.
    pub table: String,
    /// What names of its columns begin with. Default: the last part of the table's name.
    #[serde(rename = "as")]
    pub alias: Option<String>,
    /// Its columns, and the columns of `users.table` that they equal: `{ user_no: user_no }`. There should be one row, or none,
    /// for each user.
    pub on: IndexMap<String, String>,
    /// Whether somebody is a user who has no row here: its columns are NULL then. Default: false.
    #[serde(default)]
    pub optional: bool,
}

/// What sidegate may write in the monolith's own tables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UsersWrite")]
pub struct Write {
    /// The database by an account that may write. `file:PATH` reads it from a file. Default: `users.database`.
    pub database: Option<SecretText>,
    /// TLS to it. Default: `users.tls`.
    pub tls: Option<Tls>,
    /// Connections that are open at most. Default: 4.
    #[serde(default = "four")]
    pub connections: u16,
    /// What is written; nothing else ever is.
    pub actions: Vec<WriteAction>,
    /// How far the clock of dates and times in the tables is before UTC, such as `+09:00`. Default: `+00:00`.
    pub utc_offset: Option<String>,
}

/// Something that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteAction {
    /// A stored password in a better format, when its user logs in.
    UpgradePassword,
    /// New users.
    SignUp,
    /// That a user's address was verified.
    Verify,
    /// A new password.
    Password,
    /// What users say of themselves.
    Profile,
    /// That a user has left.
    Withdraw,
    /// That a manager has blocked a user, or admits the user again.
    Block,
    /// Whom a user is with a social provider.
    Link,
    /// The user's refresh token.
    RefreshToken,
}

/// The columns that a login needs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The row's id, which tokens carry.
    pub id: String,
    /// What users log in with.
    pub login: String,
    /// The stored password hash.
    pub password: String,
    /// What the password was salted with, where `passwords.digest.of` says `{salt}`. Default: what is stored says it itself.
    pub salt: Option<String>,
}

/// The JSON type of a shown column.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// A number without fraction.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A text.
    Text,
    /// `2024-01-02T03:04:05`.
    Datetime,
    /// `2024-01-02`.
    Date,
    /// The JSON in the column.
    Json,
}

/// Connections to the database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// Kept when idle. Default: 1.
    pub min: u16,
    /// Open at most. Default: 8.
    pub max: u16,
}

impl Default for Pool {
    fn default() -> Self {
        Self { min: 1, max: 8 }
    }
}

/// Rows that rules ask for, kept in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RowCache {
    /// How long a row counts after it was read: a change in the table takes effect after this time at the latest. `0s`
    /// looks up anew for each request. Default: 10s.
    pub lifetime: Span,
    /// How much memory rows may take. Default: 32MiB.
    pub size: Size,
}

impl Default for RowCache {
    fn default() -> Self {
        Self {
            lifetime: Span::from_secs(10),
            size: Size::from_bytes(32 * 1024 * 1024),
        }
    }
}

/// TLS to the database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DatabaseTls")]
pub struct Tls {
    /// A PEM file with the authority that signed the server's certificate. Default: the public authorities.
    pub ca: Option<String>,
}

fn two_seconds() -> Span {
    Span::from_secs(2)
}

fn four() -> u16 {
    4
}

fn three_seconds() -> Span {
    Span::from_secs(3)
}
