//! Who is blocked by which table. A member is admitted when no table blocks it any more.
//!
//! Where tokens say what their users log in with, a login is blocked as long as a row with it is, and while it has no row any
//! more: then whoever had it is gone, and whoever gets it is somebody else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::member::spelling::NameKey;
use crate::revocation::{Block, Denylist, Snapshot};

/// Those who are blocked, for each table that does it.
pub(super) struct Blocks {
    denylist: Arc<Denylist>,
    members: HashMap<String, Vec<(usize, Block)>>,
    /// The logins of those.
    names: HashMap<String, NameKey>,
    /// Those again, by their logins.
    holders: HashMap<NameKey, Vec<String>>,
    /// The logins without a row.
    vacant: HashSet<String>,
}

impl Blocks {
    pub(super) fn new(denylist: Arc<Denylist>) -> Self {
        Self {
            denylist,
            members: HashMap::new(),
            names: HashMap::new(),
            holders: HashMap::new(),
            vacant: HashSet::new(),
        }
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
        if let Some(name) = self.names.get(member).copied() {
            if !self.members.contains_key(member) {
                self.unname(member);
            }
            self.judge(name);
        }
        true
    }

    /// What this member logs in with now, or that it has no login; it is kept of those who are blocked.
    pub(super) fn name(&mut self, member: &str, name: Option<NameKey>) {
        let known = self.names.get(member).copied();
        if known == name {
            return;
        }
        let former = self.unname(member);
        if let Some(name) = name.filter(|_| self.members.contains_key(member)) {
            self.names.insert(member.to_owned(), name);
            let holders = self.holders.entry(name).or_default();
            holders.push(member.to_owned());
            self.judge(name);
        }
        // Behind the other one, so that nobody gets through in between.
        if let Some(former) = former {
            self.judge(former);
        }
    }

    fn unname(&mut self, member: &str) -> Option<NameKey> {
        let name = self.names.remove(member)?;
        if let Some(holders) = self.holders.get_mut(&name) {
            holders.retain(|holder| holder != member);
            if holders.is_empty() {
                self.holders.remove(&name);
            }
        }
        Some(name)
    }

    /// Those who are blocked and of whom no login is known, out of these.
    pub(super) fn nameless<'a>(&self, members: impl Iterator<Item = &'a str>) -> Vec<String> {
        let nameless =
            members.filter(|it| self.members.contains_key(*it) && !self.names.contains_key(*it));
        nameless.map(str::to_owned).collect()
    }

    /// This login has no row any more; whether that is news.
    pub(super) fn vacate(&mut self, name: &str) -> bool {
        let news = self.vacant.insert(name.to_owned());
        if news {
            self.denylist.block(name, Block::Deleted);
        }
        news
    }

    /// This login has a row; whether it had none before. `from` is told before it counts.
    pub(super) fn occupy(&mut self, name: NameKey, from: impl FnOnce(&str)) -> bool {
        let member = name.as_member();
        if !self.vacant.remove(&member) {
            return false;
        }
        from(&member);
        self.judge(name);
        true
    }

    fn judge(&self, name: NameKey) {
        let member = name.as_member();
        match self.of_name(name) {
            Some(block) => self.denylist.block(&member, block),
            None => self.denylist.admit(&member),
        }
    }

    fn of_name(&self, name: NameKey) -> Option<Block> {
        let holders = self.holders.get(&name).map(Vec::as_slice);
        let mut blocks = holders.unwrap_or_default().iter();
        let block = blocks.find_map(|it| Some(self.members.get(it)?.first()?.1.clone()));
        let is_vacant = self.vacant.contains(&name.as_member());
        block.or(is_vacant.then_some(Block::Deleted))
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
        for name in &self.vacant {
            all.block(name, Block::Deleted);
        }
        for name in self.holders.keys() {
            if let Some(block) = self.of_name(*name) {
                all.block(&name.as_member(), block);
            }
        }
        self.denylist.replace(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, UnixSeconds};
    use crate::member::{StateName, spelling::Spelling};
    use crate::revocation::Grant;

    fn banned() -> Block {
        Block::State(StateName::new("banned"))
    }

    fn key(name: &str) -> NameKey {
        Spelling::Folded.key(name)
    }

    struct Bench {
        denylist: Arc<Denylist>,
        blocks: Blocks,
    }

    impl Bench {
        fn new() -> Self {
            let denylist = Arc::new(Denylist::new(Clock));
            let blocks = Blocks::new(Arc::clone(&denylist));
            Self { denylist, blocks }
        }

        fn is_in(&self, login: &str) -> bool {
            let grant = Grant::of_login((login, Spelling::Folded), UnixSeconds(9), None);
            self.denylist.judge(&grant).is_ok()
        }

        #[track_caller]
        fn assert_in(&self, expected: [(&str, bool); 3]) {
            assert_eq!(expected.map(|(name, _)| (name, self.is_in(name))), expected);
        }
    }

    #[test]
    fn a_login_is_blocked_with_its_row_whatever_table_says_so() {
        let mut bench = Bench::new();
        let blocks = &mut bench.blocks;
        blocks.set("1", 0, Some(banned()));
        blocks.name("1", Some(key("a")));
        blocks.name("2", Some(key("b")));
        assert_eq!(
            blocks.nameless(["1", "2"].into_iter()),
            Vec::<String>::new()
        );
        bench.assert_in([("A ", false), ("b", true), ("c", true)]);
        let blocks = &mut bench.blocks;
        blocks.set("1", 1, Some(banned()));
        blocks.set("1", 0, None);
        blocks.set("2", 1, Some(banned()));
        assert_eq!(blocks.nameless(["1", "2"].into_iter()), ["2"]);
        blocks.name("2", Some(key("b")));
        bench.assert_in([("a", false), ("b", false), ("c", true)]);
        bench.blocks.set("1", 1, None);
        bench.blocks.set("2", 1, None);
        bench.assert_in([("a", true), ("b", true), ("c", true)]);
        assert!(bench.blocks.names.is_empty() && bench.blocks.holders.is_empty());
    }

    #[test]
    fn a_verdict_goes_with_the_row_to_its_new_login() {
        let mut bench = Bench::new();
        bench.blocks.set("1", 0, Some(banned()));
        bench.blocks.name("1", Some(key("a")));
        bench.blocks.name("1", Some(key("b")));
        bench.assert_in([("a", true), ("b", false), ("c", true)]);
        assert!(bench.blocks.vacate(&key("a").as_member()));
        bench.assert_in([("a", false), ("b", false), ("c", true)]);
        bench.blocks.name("1", None);
        bench.assert_in([("a", false), ("b", true), ("c", true)]);
    }

    #[test]
    fn of_two_rows_with_one_login_either_blocks_it() {
        let mut bench = Bench::new();
        for row in ["1", "2"] {
            bench.blocks.set(row, 0, Some(banned()));
            bench.blocks.name(row, Some(key("a")));
        }
        bench.blocks.set("1", 0, None);
        assert!(!bench.is_in("a"));
        bench.blocks.set("2", 0, None);
        assert!(bench.is_in("a"));
    }

    #[test]
    fn a_login_without_a_row_is_blocked_until_it_has_one_and_survives_a_look_at_everything() {
        let mut bench = Bench::new();
        assert!(bench.blocks.vacate(&key("a").as_member()));
        assert!(!bench.blocks.vacate(&key("a").as_member()));
        bench.blocks.set("2", 0, Some(banned()));
        bench.blocks.name("2", Some(key("b")));
        bench.blocks.are_all();
        bench.assert_in([("a", false), ("b", false), ("c", true)]);
        assert!(
            !bench
                .blocks
                .occupy(key("c"), |_| panic!("it was not vacant"))
        );
        let mut told = Vec::new();
        assert!(
            bench
                .blocks
                .occupy(key("a"), |name| told.push(name.to_owned()))
        );
        assert_eq!(told, [key("a").as_member()]);
        bench.assert_in([("a", true), ("b", false), ("c", true)]);
    }
}
