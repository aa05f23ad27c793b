//! What operators do with the sessions of a user: look at them, end them all.

use serde_json::Value;

use super::event;
use crate::{
    accounts::{AccountError, Accounts},
    state::{EndedBy, Which},
};

/// Why an operator has no answer about a user's sessions.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no row with this id.
    #[error("there is no user with this id")]
    UnknownUser,
    /// Nothing would remember that sessions were ended.
    #[error("sessions can be ended where `state` says where sidegate's own tables are")]
    NoTables,
    /// Nothing keeps sessions.
    #[error(
        "no sessions are kept: that takes `state`, and `jti: \"{{token.id}}\"` in the claims of both kinds of tokens"
    )]
    NotKept,
    /// A database could not be asked.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl Accounts {
    /// The open sessions of the user with this id.
    pub async fn sessions_of(&self, id: &str) -> Result<Value, OperatorError> {
        let sessions = self.sessions.as_ref().ok_or(OperatorError::NotKept)?;
        let member = self.spelt(id).await?;
        Ok(self.listed(sessions, &member, None).await?)
    }

    /// Ends all sessions of the user with this id, and every token that was granted before, here and at every gateway that
    /// shares the tables. How many were known to be open.
    pub async fn end_sessions_of(&self, id: &str) -> Result<usize, OperatorError> {
        let state = self.state.as_ref().ok_or(OperatorError::NoTables)?;
        let member = self.spelt(id).await?;
        let all = (&*member, Which::All);
        let ended = self.end(state, all, EndedBy::Operator).await?;
        event::ended(&member, ended.len(), EndedBy::Operator, None);
        Ok(ended.len())
    }

    /// The id as tokens spell it.
    async fn spelt(&self, id: &str) -> Result<String, OperatorError> {
        let found = self.store.member_by_id(id).await;
        let found = found.map_err(AccountError::from)?;
        let member = found.ok_or(OperatorError::UnknownUser)?;
        Ok(member.id.to_string())
    }
}
