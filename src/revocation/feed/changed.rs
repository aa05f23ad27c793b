//! One round of polling where a column says when rows were changed: those rows, and the rows of whoever is there.
//!
//! The column shows what was written to a row and not that a row is gone, that a cascade took it, or that somebody wrote
//! without touching the column. Whose tokens are used is read again by key in each round, so that such a change counts
//! for them as soon; everybody else is found by the look at everything.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::mark::Mark;
use super::names::ids;
use super::tally::add;
use super::watcher::Watcher;
use super::{Interruption, instant};
use crate::store::{CHUNK, WatchedRow};

/// For how many rounds a member is read again after its tokens were used. More than it takes until everybody with an open
/// stream was called.
const ROUNDS: u32 = 60;

/// The most members that are known to be there; the others are read with everything.
const MOST: usize = 200_000;

/// Those whose tokens are used, the one first whose turn it is.
#[derive(Default)]
pub(super) struct InUse {
    line: VecDeque<Arc<str>>,
    /// The round in which they were called last.
    called: HashMap<Arc<str>, u32>,
    round: u32,
}

impl InUse {
    /// A round begins: these have used their tokens since the last one.
    fn called(&mut self, members: Vec<Arc<str>>) {
        self.round = self.round.wrapping_add(1);
        for member in members {
            if let Some(called) = self.called.get_mut(&member) {
                *called = self.round;
            } else if self.called.len() < MOST {
                self.called.insert(Arc::clone(&member), self.round);
                // Nobody has looked at them for long.
                self.line.push_front(member);
            }
        }
    }

    /// The next ones to be read, so many at most, who go to the end of the line. Who has not been there for long leaves.
    fn next(&mut self, most: usize) -> Vec<String> {
        let mut next = Vec::new();
        for _ in 0..self.line.len() {
            if next.len() >= most {
                break;
            }
            let Some(member) = self.line.pop_front() else {
                break;
            };
            let called = self.called.get(&member).copied().unwrap_or_default();
            if self.round.wrapping_sub(called) > ROUNDS {
                self.called.remove(&member);
                continue;
            }
            next.push(member.to_string());
            self.line.push_back(member);
        }
        next
    }
}

impl Watcher<'_> {
    /// Whether a column says of every table when its rows were changed.
    pub(super) fn knows_changes(&self) -> bool {
        !self.feed.changing.is_empty()
    }

    /// One round. When it began: everything that can be known of what was written before is known then.
    pub(super) async fn round(&mut self) -> Result<Instant, Interruption> {
        let begun = instant();
        let feed = self.feed;
        self.marks.resize(feed.changing.len(), None);
        for table in 0..feed.changing.len() {
            self.changed(table, begun).await?;
        }
        let called = self.ids_of(feed.parts.denylist.roll_call()).await?;
        self.in_use.called(called);
        let most = u128::from(feed.settings.rate) * feed.settings.poll.as_millis() / 1000;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let members = self.in_use.next(most.max(CHUNK));
        for members in members.chunks(CHUNK) {
            for table in 0..feed.stores.len() {
                self.again(table, members).await?;
            }
        }
        Ok(begun)
    }

    /// Reads the rows of a table that were changed since the last time.
    async fn changed(&mut self, table: usize, begun: Instant) -> Result<(), Interruption> {
        let feed = self.feed;
        let (Some(store), Some(changing)) = (feed.stores.get(table), feed.changing.get(table))
        else {
            return Ok(());
        };
        let newest = store.newest(changing).await?;
        let Some(mark) = self.marks.get(table).copied().flatten() else {
            self.begin(table, Mark::first(&newest, begun));
            return Ok(());
        };
        let from = mark.stamp.minus(feed.settings.overlap);
        let mut page = store.changed_from(changing, from).await?;
        let mut findings = 0;
        loop {
            findings += self.met(table, &page.rows).await?;
            let Some(next) = page.next else { break };
            page = store.changed_next(changing, next).await?;
        }
        add(&feed.parts.tally.changes, findings);
        let mark = mark.next(&newest, begun);
        match (self.marks.get_mut(table), mark) {
            (Some(known), Some(mark)) => *known = Some(mark),
            (Some(_) | None, _) => self.begin(table, Mark::first(&newest, begun)),
        }
        Ok(())
    }

    /// From here on the column tells; before, everything does.
    fn begin(&mut self, table: usize, mark: Option<Mark>) {
        let Some(known) = self.marks.get_mut(table) else {
            return;
        };
        if mark.is_some() || known.is_some() {
            *known = mark;
            self.everything(None);
        }
    }

    /// Reads the rows of these members. Who has none and never had any is not gone.
    async fn again(&mut self, table: usize, members: &[String]) -> Result<(), Interruption> {
        let feed = self.feed;
        let Some(store) = feed.stores.get(table) else {
            return Ok(());
        };
        let rows = store.watched_rows(members).await?;
        let mut findings = 0;
        for row in &rows {
            if self.judged(table, row) {
                (feed.parts.forget)(&row.id);
                findings += 1;
            }
        }
        let all: Vec<&WatchedRow> = rows.iter().collect();
        self.name_rows(table, &all).await?;
        self.keep_names(table, &all).await?;
        findings += self.compare(table, &rows).await?;
        let there = ids(&rows);
        let absent = members.iter().filter(|it| !there.contains(it.as_str()));
        let absent = self.once_known(table, absent.cloned().collect()).await?;
        findings += self.all_gone(table, &absent).await?;
        add(&feed.parts.tally.findings, findings);
        Ok(())
    }

    /// Those of whom there was a row, as far as that is kept.
    async fn once_known(
        &self,
        table: usize,
        members: Vec<String>,
    ) -> Result<Vec<String>, Interruption> {
        let (Some(state), Some(Some(fingerprinting))) =
            (&self.feed.parts.state, self.fingerprints.get(table))
        else {
            return Ok(members);
        };
        if members.is_empty() {
            return Ok(members);
        }
        let source = fingerprinting.source();
        let known = state.fingerprints_of(source, &members).await?;
        Ok(known.into_iter().map(|(member, _)| member).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(range: std::ops::Range<u32>) -> Vec<Arc<str>> {
        range.map(|member| member.to_string().into()).collect()
    }

    #[test]
    fn everybody_has_a_turn_and_whoever_comes_has_the_first() {
        let mut in_use = InUse::default();
        in_use.called(members(0..5));
        let mut seen: Vec<String> = in_use.next(3);
        seen.extend(in_use.next(2));
        seen.sort();
        assert_eq!(seen, ["0", "1", "2", "3", "4"]);
        in_use.called(members(7..8));
        assert_eq!(in_use.next(1), ["7"]);
        assert_eq!(in_use.next(100).len(), 6, "nobody twice");
    }

    #[test]
    fn who_has_not_been_there_for_long_is_left_alone() {
        let mut in_use = InUse::default();
        in_use.called(members(0..2));
        for _ in 0..ROUNDS {
            in_use.called(members(1..2));
        }
        assert_eq!(in_use.next(10).len(), 2);
        in_use.called(members(1..2));
        assert_eq!(in_use.next(10), ["1"]);
        assert_eq!(in_use.called.len(), 1);
        in_use.called(members(0..1));
        assert_eq!(in_use.next(10), ["0", "1"]);
    }
}
