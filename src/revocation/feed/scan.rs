//! A look at everything: each row in the order of its key, then those who are known and were not met.
//!
//! It goes in steps of one chunk, in turns with the stream. A chunk is judged before anything else is read, so whatever is
//! written after it was read is met in the stream afterwards.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::announced::own;
use super::names::{Named, ids};
use super::tally::add;
use super::watcher::Watcher;
use super::{Interruption, instant};
use crate::clock::Clock;
use crate::member::spelling::NameKey;
use crate::revocation::binlog::Why;
use crate::state::{Fingerprint, Noted, State};
use crate::store::{CHUNK, Store, WatchedRow};

/// Where a look stands.
pub(super) struct Scan {
    /// Whether somebody waits for it: what was heard does not count before it has ended.
    pub(super) is_urgent: bool,
    /// Everything written before this has been seen when it ends.
    pub(super) begun: Instant,
    /// When the next step is due.
    pub(super) due: Instant,
    table: usize,
    part: Part,
    findings: usize,
    rows: u64,
}

enum Part {
    /// The rows behind this key.
    Rows(Option<String>),
    /// The members with fingerprints, behind this one.
    Known(String),
    /// Those who were blocked when it came to them.
    Blocked(Vec<String>),
}

impl Scan {
    pub(super) fn new(is_urgent: bool) -> Self {
        let now = instant();
        Self {
            is_urgent,
            begun: now,
            due: now,
            table: 0,
            part: Part::Rows(None),
            findings: 0,
            rows: 0,
        }
    }
}

impl Watcher<'_> {
    /// Begins anew because of something that rows do not tell.
    pub(super) fn everything(&mut self, why: Option<Why>) {
        if let Some(why) = why {
            tracing::info!(
                why = why.as_str(),
                "the stream does not tell everything; all rows are read"
            );
        }
        add(&self.feed.parts.tally.snapshots, 1);
        self.scan = Some(Scan::new(true));
    }

    /// Whether what was heard counts: nothing is known to be missing.
    pub(super) fn is_whole(&self) -> bool {
        self.is_complete && !self.scan.as_ref().is_some_and(|scan| scan.is_urgent)
    }

    /// One step; the look when it has ended with it.
    pub(super) async fn step(&mut self) -> Result<Option<Scan>, Interruption> {
        let Some(mut scan) = self.scan.take() else {
            return Ok(None);
        };
        match self.part(&mut scan).await {
            Ok(ended) if ended || scan.table >= self.feed.stores.len() => {
                self.ended(&scan);
                Ok(Some(scan))
            }
            Ok(_) => {
                self.scan = Some(scan);
                Ok(None)
            }
            Err(error) => {
                // The same step again, a little later; the stream goes on meanwhile.
                scan.due = instant() + Duration::from_secs(1);
                self.scan = Some(scan);
                Err(error)
            }
        }
    }

    fn ended(&mut self, scan: &Scan) {
        let tally = &self.feed.parts.tally;
        add(&tally.scans, 1);
        if self.is_complete {
            add(&tally.findings, scan.findings);
        } else {
            self.blocks.are_all();
        }
        if let Some(names) = &mut self.names {
            names.settle();
        }
        self.is_complete = true;
        self.looked = Some(instant());
    }

    /// Whether everything has been seen.
    async fn part(&mut self, scan: &mut Scan) -> Result<bool, Interruption> {
        let feed = self.feed;
        let Some(store) = feed.stores.get(scan.table) else {
            return Ok(true);
        };
        let table = scan.table;
        match &mut scan.part {
            Part::Rows(after) => {
                let rows = store.watched_after(after.as_deref()).await?;
                let last = rows.last().map(|row| row.id.clone());
                let count = rows.len();
                scan.findings += self.met(table, &rows).await?;
                scan.rows += u64::try_from(count).unwrap_or(0);
                if !scan.is_urgent {
                    let share = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
                    let pause = share / f64::from(feed.settings.rate.max(1));
                    scan.due = instant() + Duration::from_secs_f64(pause);
                }
                scan.part = match last {
                    Some(last) if count >= CHUNK => Part::Rows(Some(last)),
                    Some(_) | None => Part::Known(String::new()),
                };
            }
            Part::Known(after) => {
                let known = self.known(table, after).await?;
                let Some(last) = known.last().cloned() else {
                    scan.part = Part::Blocked(self.blocks.by(table));
                    return Ok(false);
                };
                scan.findings += self.missing(table, store, known).await?;
                scan.part = Part::Known(last);
            }
            Part::Blocked(members) => {
                let rest = members.split_off(members.len().min(CHUNK));
                let some = std::mem::replace(members, rest);
                if some.is_empty() {
                    scan.table += 1;
                    scan.part = Part::Rows(None);
                    return Ok(scan.table >= feed.stores.len());
                }
                scan.findings += self.missing(table, store, some).await?;
            }
        }
        Ok(false)
    }

    /// Judges rows as they are; how many of them were not what was known.
    pub(super) async fn met(
        &mut self,
        table: usize,
        rows: &[WatchedRow],
    ) -> Result<usize, Interruption> {
        let mut findings = 0;
        for row in rows {
            findings += usize::from(self.standing(table, row));
        }
        let all: Vec<&WatchedRow> = rows.iter().collect();
        self.name_rows(table, &all).await?;
        self.keep_names(table, &all).await?;
        findings += self.compare(table, rows).await?;
        Ok(findings)
    }

    /// Compares fingerprints with those that are known. When a secret was changed that no stream has shown is not known
    /// either: it counts from now.
    pub(super) async fn compare(
        &mut self,
        table: usize,
        rows: &[WatchedRow],
    ) -> Result<usize, Interruption> {
        let feed = self.feed;
        let (Some(state), Some(Some(fingerprinting))) =
            (&feed.parts.state, self.fingerprints.get(table))
        else {
            return Ok(0);
        };
        let source = fingerprinting.source();
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let known = state.fingerprints_of(source, &ids).await?;
        let known: HashMap<String, Fingerprint> = known.into_iter().collect();
        let (mut first, mut changed) = (Vec::new(), Vec::new());
        for row in rows {
            let fingerprint = fingerprinting.of(row);
            match known.get(&row.id) {
                Some(same) if *same == fingerprint => {}
                Some(_) => changed.push((row.id.clone(), fingerprint)),
                None => first.push((row.id.clone(), fingerprint)),
            }
        }
        if feed.settings.announced {
            let own = own(state, fingerprinting, &changed).await?;
            first.extend(changed.extract_if(.., |(member, _)| own.contains(member)));
        }
        if !first.is_empty() {
            state.put_fingerprints(source, first).await?;
        }
        let is_changed = |row: &&WatchedRow| changed.iter().any(|(member, _)| *member == row.id);
        let rows = rows.iter().filter(is_changed);
        let named = self.names_of(table, rows).await?;
        self.note((state, source), changed, &named).await
    }

    /// The next members with fingerprints.
    async fn known(&self, table: usize, after: &str) -> Result<Vec<String>, Interruption> {
        let (Some(state), Some(Some(fingerprinting))) =
            (&self.feed.parts.state, self.fingerprints.get(table))
        else {
            return Ok(Vec::new());
        };
        let known = state.fingerprints(fingerprinting.source(), after).await?;
        Ok(known.into_iter().map(|(member, _)| member).collect())
    }

    /// Which of these have no row any more.
    async fn missing(
        &mut self,
        table: usize,
        store: &Store,
        members: Vec<String>,
    ) -> Result<usize, Interruption> {
        let rows = store.watched_rows(&members).await?;
        let mut findings = 0;
        for row in &rows {
            findings += usize::from(self.standing(table, row));
        }
        let all: Vec<&WatchedRow> = rows.iter().collect();
        self.name_rows(table, &all).await?;
        self.keep_names(table, &all).await?;
        let there = ids(&rows);
        let absent = members.iter().filter(|it| !there.contains(it.as_str()));
        let absent: Vec<String> = absent.cloned().collect();
        findings += self.all_gone(table, &absent).await?;
        Ok(findings)
    }

    async fn note(
        &self,
        (state, source): (&State, &str),
        changed: Vec<(String, Fingerprint)>,
        named: &Named,
    ) -> Result<usize, Interruption> {
        let mut findings = 0;
        for (member, fingerprint) in changed {
            let now = Clock.unix_seconds();
            let name = named.get(&member).map(NameKey::as_member);
            let name = name.as_deref();
            // The verdict first; our own database may be slow.
            self.end_before((&member, name), now);
            let noted = state
                .note_secret(source, (&member, name, fingerprint), now, now)
                .await?;
            findings += usize::from(noted == Noted::Changed);
        }
        Ok(findings)
    }
}
