//! Who is blocked by which table. A member is admitted when no table blocks it any more.

use std::collections::HashMap;
use std::sync::Arc;

use crate::revocation::{Block, Denylist, Snapshot};

/// Those who are blocked, for each table that does it.
pub(super) struct Blocks {
    denylist: Arc<Denylist>,
    members: HashMap<String, Vec<(usize, Block)>>,
}

impl Blocks {
    pub(super) fn new(denylist: Arc<Denylist>) -> Self {
        let members = HashMap::new();
        Self { denylist, members }
    }

    /// What a table says of a member; whether that is news.
    pub(super) fn set(&mut self, member: &str, table: usize, block: Option<Block>) -> bool {
        let known = self
            .members
            .get(member)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let known = known
            .iter()
            .find(|(by, _)| *by == table)
            .map(|(_, block)| block);
        if known == block.as_ref() {
            return false;
        }
        let blocks = self.members.entry(member.to_owned()).or_default();
        blocks.retain(|(by, _)| *by != table);
        if let Some(block) = block {
            blocks.push((table, block));
            blocks.sort_by_key(|(by, _)| *by);
        }
        if let Some((_, block)) = blocks.first() {
            self.denylist.block(member, block.clone());
        } else {
            self.members.remove(member);
            self.denylist.admit(member);
        }
        true
    }

    /// Whether a table says that the member's row is gone.
    pub(super) fn is_deleted(&self, member: &str, table: usize) -> bool {
        let blocks = self
            .members
            .get(member)
            .map(Vec::as_slice)
            .unwrap_or_default();
        blocks.contains(&(table, Block::Deleted))
    }

    /// Those whom a table blocks.
    pub(super) fn by(&self, table: usize) -> Vec<String> {
        let blocked = self.members.iter();
        let blocked = blocked.filter(|(_, blocks)| blocks.iter().any(|(by, _)| *by == table));
        blocked.map(|(member, _)| member.clone()).collect()
    }

    /// Nobody else is blocked: who was on the list from before, when everything was not known yet.
    pub(super) fn are_all(&self) {
        let mut all = Snapshot::default();
        for (member, blocks) in &self.members {
            if let Some((_, block)) = blocks.first() {
                all.block(member, block.clone());
            }
        }
        self.denylist.replace(all);
    }
}
