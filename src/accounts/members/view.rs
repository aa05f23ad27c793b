//! One member, as a manager sees them.

use serde_json::Value;

use super::{Act, Manager, audit};
use crate::{
    accounts::{AccountError, Accounts},
    state::MemberAct,
    store::Listed,
};

/// One member.
#[derive(Debug)]
pub struct Viewed {
    /// The id of the row.
    pub id: String,
    /// The row.
    pub member: Listed,
    /// The open sessions as their user lists them; `None` where sessions are not kept.
    pub sessions: Option<Value>,
    /// What managers have done to the member, the latest first.
    pub acts: Vec<Kept>,
    /// Whether it is the manager.
    pub is_oneself: bool,
}

/// What a manager has done.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What; `None` for what this version does not know.
    pub act: Option<Act>,
    /// The id of the manager's row.
    pub manager: String,
    /// Why.
    pub reason: Option<String>,
    /// When, as it is written.
    pub at: String,
}

impl Accounts {
    /// The member with this id.
    pub async fn view_member(
        &self,
        manager: &Manager,
        id: &str,
    ) -> Result<Option<Viewed>, AccountError> {
        let (_, state) = self.managed()?;
        let Some(member) = self.store.listed_by_id(id).await? else {
            return Ok(None);
        };
        audit::viewed(manager, &member.id);
        let spelt = member.id.to_string();
        let sessions = match &self.sessions {
            Some(sessions) => Some(self.listed(sessions, &spelt, None).await?),
            None => None,
        };
        let acts = state.acts_on(&spelt).await?;
        Ok(Some(Viewed {
            id: spelt,
            is_oneself: member.id == manager.id,
            member,
            sessions,
            acts: acts.into_iter().map(Kept::of).collect(),
        }))
    }
}

impl Kept {
    fn of(act: MemberAct) -> Self {
        Self {
            act: Act::of_word(&act.act),
            manager: act.manager,
            reason: act.reason,
            at: act.at.to_string(),
        }
    }
}
