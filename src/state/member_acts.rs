//! What managers have done to members, and why: to be shown beside the member for as long as that is wanted.

use super::{
    State,
    error::Error,
    stamps::{LONGEST_MEMBER, either, fit},
};
use crate::clock::UnixSeconds;

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 2048;
/// The most acts of one member that are listed; the others are older.
pub(super) const MOST_LISTED: usize = 50;
pub(super) const ACTS: &str = "sidegate_member_acts";

/// What a manager has done to a member.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberAct {
    /// The id of the member's row.
    pub member: String,
    /// The id of the manager's row.
    pub manager: String,
    /// What it was, in a word.
    pub act: String,
    /// Why, in the manager's own words.
    pub reason: Option<String>,
    /// When.
    pub at: UnixSeconds,
}

impl State {
    /// Keeps an act.
    pub async fn keep_act(&self, act: MemberAct) -> Result<(), Error> {
        fit("the id of a member", &act.member, LONGEST_MEMBER)?;
        fit("the id of a member", &act.manager, LONGEST_MEMBER)?;
        let reason = act.reason.as_deref().unwrap_or_default();
        fit("a reason", reason, LONGEST_REASON)?;
        either!(self, database => database.keep_act(act).await)
    }

    /// What was done to a member, the latest first.
    pub async fn acts_on(&self, member: &str) -> Result<Vec<MemberAct>, Error> {
        either!(self, database => database.acts_on(member).await)
    }
}

/// A reason is nobody's to read in a log of errors.
impl std::fmt::Debug for MemberAct {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("MemberAct");
        shown.field("member", &self.member);
        shown.field("manager", &self.manager);
        shown.field("act", &self.act);
        shown.field("at", &self.at).finish_non_exhaustive()
    }
}
