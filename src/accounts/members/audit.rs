//! What an audit reads of managers. The words in `security` are stable; what was searched for is personal, and not told.

use tracing::{info, warn};

use super::{Manager, Reason};
use crate::{accounts::Sender, member::MemberId, telemetry::SECURITY};

/// What a manager does to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Keeps the member out.
    Block,
    /// Lets the member in again.
    Admit,
    /// Ends the member's sessions.
    EndSessions,
    /// Lets the member leave.
    Withdraw,
}

impl Act {
    /// In a word, as it is kept.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Admit => "admit",
            Self::EndSessions => "end_sessions",
            Self::Withdraw => "withdraw",
        }
    }

    /// The one that a word says.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Block, Self::Admit, Self::EndSessions, Self::Withdraw];
        all.into_iter().find(|act| act.word() == word)
    }
}

/// Before the act, so that what a gateway did that ended in the middle of it has its reason, too.
pub(super) fn begun(manager: &Manager, member: &MemberId, act: Act, reason: Option<&Reason>) {
    info!(
        target: SECURITY,
        security = "member_act_begun",
        account = %member,
        manager = %manager.id,
        act = act.word(),
        reason = reason.map(Reason::as_str),
        client = manager.sender.address.to_str().unwrap_or_default(),
        decision = %manager.sender.decision,
        "a manager is about to act on a member"
    );
}

pub(super) fn acted(manager: &Manager, member: &MemberId, act: Act, reason: Option<&Reason>) {
    let security = match act {
        Act::Block => "member_blocked",
        Act::Admit => "member_admitted",
        Act::EndSessions => "member_sessions_ended",
        Act::Withdraw => "member_withdrawn",
    };
    info!(
        target: SECURITY,
        security,
        account = %member,
        manager = %manager.id,
        reason = reason.map(Reason::as_str),
        client = manager.sender.address.to_str().unwrap_or_default(),
        decision = %manager.sender.decision,
        "a manager has acted on a member"
    );
}

pub(super) fn refused(manager: &Manager, member: &str, act: Act, why: &'static str) {
    warn!(
        target: SECURITY,
        security = "member_act_refused",
        account = member,
        manager = %manager.id,
        act = act.word(),
        why,
        client = manager.sender.address.to_str().unwrap_or_default(),
        decision = %manager.sender.decision,
        "what a manager wanted to do to a member was refused"
    );
}

pub(super) fn not_a_manager(member: &MemberId, sender: &Sender) {
    warn!(
        target: SECURITY,
        security = "manager_refused",
        account = %member,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "somebody who is no manager has asked for what managers do"
    );
}

pub(super) fn viewed(manager: &Manager, member: &MemberId) {
    info!(
        target: SECURITY,
        security = "member_viewed",
        account = %member,
        manager = %manager.id,
        client = manager.sender.address.to_str().unwrap_or_default(),
        decision = %manager.sender.decision,
        "a manager has looked at a member"
    );
}

pub(super) fn searched(manager: &Manager, by: &str, found: usize) {
    info!(
        target: SECURITY,
        security = "members_searched",
        by,
        found,
        manager = %manager.id,
        client = manager.sender.address.to_str().unwrap_or_default(),
        decision = %manager.sender.decision,
        "a manager has searched for members"
    );
}
