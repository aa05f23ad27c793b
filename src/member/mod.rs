//! A member: one row of the monolith's user table, as far as sidegate needs it.
//!
//! The types are plain values. They promise that printing a member shows its id and its state and
//! nothing else. They do not know where a row comes from, what a password hash looks like, or
//! what a state means for a login.

pub mod code;
pub mod family;
mod id;
mod row;
pub mod spelling;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::secret::Secret;

pub use id::MemberId;
pub use row::{ColumnValue, Row};

/// A user record.
#[derive(Clone)]
pub struct Member {
    /// The row's identity, in the type that the column has.
    pub id: MemberId,
    /// The stored password, usually a hash; `None` for an account without one.
    pub password: Option<Secret<String>>,
    /// What it was salted with, where that is in a column of its own.
    pub salt: Option<Secret<Vec<u8>>>,
    /// The blocked state that holds; `None` means that the member may log in.
    pub state: Option<StateName>,
    /// The columns that the operator lists, in that order, with the JSON types declared for them.
    pub shown: Map<String, Value>,
}

/// A stored password, and what is needed to check it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What is stored.
    pub password: Secret<String>,
    /// The salt beside it.
    pub salt: Option<Secret<Vec<u8>>>,
}

impl Member {
    /// The stored password with its salt.
    pub fn kept(&self) -> Option<Kept> {
        let password = self.password.clone()?;
        let salt = self.salt.clone();
        Some(Kept { password, salt })
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Member")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The name of a blocked state, such as `banned`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateName(Arc<str>);

impl StateName {
    /// Names a state.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as the operator wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_id_and_the_state_only() {
        let mut shown = Map::new();
        shown.insert("email".to_owned(), Value::from("a@b.example"));
        let member = Member {
            id: MemberId::Integer(7),
            password: Some(Secret::new("$2b$12$abc".to_owned())),
            salt: Some(Secret::new(b"salt".to_vec())),
            state: Some(StateName::new("banned")),
            shown,
        };
        assert_eq!(
            format!("{member:?}"),
            r#"Member { id: Integer(7), state: Some("banned"), .. }"#
        );
    }
}
