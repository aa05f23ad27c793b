//! How users join, and how they leave.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::duration::Span;

/// What becomes of a sign-up in the tables. How it is asked for and answered is the dialect's. Needs `sign_up` in
/// `users.write.actions`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Who makes the id of a new row. Default: `database`, unless `columns` has the id or users log in with it.
    pub id: Option<NewId>,
    /// The values of columns besides the login and the password, by the name of the column. A column without a value is left to
    /// the database. Default: none.
    #[serde(default)]
    pub columns: IndexMap<String, ColumnValue>,
    /// Columns of which nobody else may have the value, besides the login. Default: none.
    #[serde(default)]
    pub unique: Vec<String>,
    /// Fields of the request that say yes to something. Default: none.
    #[serde(default)]
    pub consents: IndexMap<String, Consent>,
    /// The state of `users.states` of who has not proven yet that the address is theirs. Such a row is replaced by the next who
    /// signs up with its login; any other is a conflict. Default: none.
    pub unverified: Option<String>,
    /// When somebody who has left may join again with the same login. Default: never.
    pub rejoin: Option<Rejoin>,
}

/// Who makes an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewId {
    /// The database: it counts, or has a default or a trigger.
    Database,
    /// A random UUID.
    Uuid,
}

/// Where a column's value comes from: one of the five.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WrittenColumn")]
pub struct ColumnValue {
    /// A field of the request, by what it is to the action.
    pub field: Option<String>,
    /// A text out of fields, such as `"{first} {last}"`. Without all of them the column is left alone; without some the request is
    /// invalid.
    pub text: Option<String>,
    /// A date out of fields, such as `"{year}-{month}-{day}"`, in this order; month and day may have one digit. A day that no calendar has
    /// makes the request invalid.
    pub date: Option<String>,
    /// This text, number, `true`, `false` or `null`.
    #[serde(default, deserialize_with = "there")]
    pub value: Option<Value>,
    /// It is made anew each time.
    pub generated: Option<Generated>,
}

/// A value that is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Generated {
    /// The moment, by `users.write.utc_offset`.
    Now,
    /// Its date.
    Today,
    /// A random UUID.
    Uuid,
}

/// Whether somebody has to say yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Without it nobody joins.
    Required,
    /// Everybody as they like.
    Optional,
}

/// When somebody who has left may join again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejoin {
    /// The state of `users.states` of those who have left.
    pub state: String,
    /// The column that says when: a date, or a date and a time.
    pub column: String,
    /// How long afterwards, such as `7d`. The old row stays.
    pub after: Span,
}

/// What becomes of the rows of somebody who leaves. Needs `withdraw` in `users.write.actions`, and `state`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The values of columns of somebody who has left, such as `{ is_active: { value: false }, quit_at: { generated: now } }`.
    #[serde(default)]
    pub set: IndexMap<String, ColumnValue>,
    /// In place of it: the rows of all tables are deleted. Default: false.
    #[serde(default)]
    pub remove: bool,
    /// Whether the password is asked for again. Who has none is not. Default: true.
    #[serde(default = "yes")]
    pub password: bool,
}

/// What users change of their own row. Needs `profile` in `users.write.actions`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The columns, by name, and where their values come from; a value that is not a field's is written with every change.
    pub columns: IndexMap<String, ColumnValue>,
    /// Columns of which nobody else may have the value; what users log in with always is one. Default: none.
    #[serde(default)]
    pub unique: Vec<String>,
}

fn yes() -> bool {
    true
}

/// `null` is a value, too.
pub(super) fn there<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
