//! All that is known at once.

use std::{collections::HashMap, sync::Arc};

use super::{
    Block,
    denylist::{Entry, later},
};
use crate::clock::UnixSeconds;

/// All that a source says at one moment, to take the place of what is known of it.
#[derive(Default)]
pub struct Snapshot {
    pub(super) members: HashMap<Arc<str>, Entry, ahash::RandomState>,
    pub(super) sessions: Vec<(Arc<str>, UnixSeconds)>,
}

impl Snapshot {
    /// The member is blocked.
    pub fn block(&mut self, member: &str, why: Block) {
        self.entry(member).block = Some(why);
    }

    /// Tokens of the member that were issued at this moment or before are refused.
    pub fn not_before(&mut self, member: &str, at: UnixSeconds) {
        let entry = self.entry(member);
        entry.not_before = later(entry.not_before, Some(at));
    }

    /// The tokens of this session are refused until then, when they have expired anyway.
    pub fn end_session(&mut self, session: &str, until: UnixSeconds) {
        self.sessions.push((session.into(), until));
    }

    fn entry(&mut self, member: &str) -> &mut Entry {
        self.members.entry(member.into()).or_default()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut snapshot = formatter.debug_struct("Snapshot");
        snapshot
            .field("members", &self.members.len())
            .field("sessions", &self.sessions.len())
            .finish()
    }
}
