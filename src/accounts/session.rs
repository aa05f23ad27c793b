//! The only place where a member is granted tokens.

use serde_json::Value;

use super::{AccountError, Accounts};
use crate::member::Member;

/// What a granted login can show.
pub(super) struct Session {
    user: Value,
    user_id: Value,
    access_token: String,
    refresh_token: String,
}

/// The names that the answer to a login may use.
pub const LOGIN_VALUES: [&str; 4] = ["user", "user.id", "access_token", "refresh_token"];

/// The names that the answer to a refresh may use.
pub const REFRESH_VALUES: [&str; 2] = ["access_token", "refresh_token"];

impl Accounts {
    /// Grants an access and a refresh token.
    pub(super) fn open_session(&self, member: &Member) -> Result<Session, AccountError> {
        let now = self.now();
        Ok(Session {
            user: Value::Object(member.shown.clone()),
            user_id: member.id.to_json(),
            access_token: self.access.minter.mint(&member.id, now)?,
            refresh_token: self.refresh.minter.mint(&member.id, now)?,
        })
    }

    /// Grants a new access token beside a refresh token that stays as it is.
    pub(super) fn renew_session(&self, member: &Member) -> Result<String, AccountError> {
        Ok(self.access.minter.mint(&member.id, self.now())?)
    }
}

impl Session {
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        match name {
            "user" => Some(self.user.clone()),
            "user.id" => Some(self.user_id.clone()),
            "access_token" => Some(self.access_token.as_str().into()),
            "refresh_token" => Some(self.refresh_token.as_str().into()),
            _ => None,
        }
    }
}
