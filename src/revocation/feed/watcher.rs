//! What is known, and how a row changes it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::warn;

use super::announced::own;
use super::blocks::Blocks;
use super::changed::InUse;
use super::fingerprint::Fingerprinting;
use super::mark::Mark;
use super::names::{Named, Names};
use super::recorder::Record;
use super::scan::Scan;
use super::tally::add;
use super::{Feed, Interruption, position};
use crate::clock::{Clock, UnixSeconds};
use crate::member::spelling::{NameKey, is_name};
use crate::revocation::Block;
use crate::revocation::binlog::{Change, Position};
use crate::state;
use crate::store::WatchedRow;

/// What is kept under this name is how far the stream was read.
const CHECKPOINT: &str = "binlog";

/// How long a verdict waits for what gateways have announced.
const PATIENCE: Duration = Duration::from_millis(300);

/// The state of a watch, whatever it is connected to.
pub(super) struct Watcher<'a> {
    pub(super) feed: &'a Feed,
    pub(super) blocks: Blocks,
    /// By table.
    pub(super) fingerprints: Vec<Option<Fingerprinting>>,
    records: Option<mpsc::Sender<Record>>,
    /// Behind what was seen last.
    pub(super) position: Option<Position>,
    /// The look at everything that is under way.
    pub(super) scan: Option<Scan>,
    /// Whether everything has been looked at once.
    pub(super) is_complete: bool,
    pub(super) connections: u64,
    /// Whether what comes from the stream was written just now.
    pub(super) is_live: bool,
    /// When something came from the stream last.
    pub(super) received: Option<Instant>,
    /// How far what says when rows were changed has been read, by table; nothing before the first time.
    pub(super) marks: Vec<Option<Mark>>,
    pub(super) in_use: InUse,
    /// Where tokens say what users log in with.
    pub(super) names: Option<Names>,
    /// When the last look at everything ended.
    pub(super) looked: Option<Instant>,
}

/// How a row came to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// When it was written, by our clock.
    pub(super) at: UnixSeconds,
    /// Whether one of its secrets is known to be another than before.
    pub(super) secret: bool,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(feed: &'a Feed, records: Option<mpsc::Sender<Record>>) -> Self {
        let secret = feed.settings.secret.as_ref();
        let fingerprints = feed.settings.tables.iter().map(|table| {
            let secret = secret.filter(|_| table.is_fingerprinted() && records.is_some());
            secret.map(|secret| Fingerprinting::new(secret.expose(), table))
        });
        Self {
            blocks: Blocks::new(std::sync::Arc::clone(&feed.parts.denylist)),
            fingerprints: fingerprints.collect(),
            feed,
            records,
            position: None,
            scan: None,
            is_complete: false,
            connections: 0,
            received: None,
            is_live: false,
            marks: Vec::new(),
            in_use: InUse::default(),
            names: Names::new(&feed.settings),
            looked: None,
        }
    }

    /// What our own tables remember: moments, rows that are gone, and how far the stream was read.
    pub(super) async fn remember(&mut self) -> Result<(), Interruption> {
        let Some(state) = &self.feed.parts.state else {
            return Ok(());
        };
        let (changes, _) = state.stamps_load().await?;
        let deleting = self
            .feed
            .settings
            .tables
            .iter()
            .position(|table| table.deleted);
        for change in changes {
            match change {
                state::Change::NotBefore { member, at } => {
                    self.feed.parts.denylist.not_before(&member, at);
                }
                state::Change::Deleted { member } if is_name(&member) => {
                    if self.names.is_some() {
                        self.blocks.vacate(&member);
                    }
                }
                state::Change::Deleted { member } => {
                    if let Some(table) = deleting {
                        self.blocks.set(&member, table, Some(Block::Deleted));
                    }
                }
                state::Change::SessionEnded { token_id, until } => {
                    self.feed.parts.denylist.end_session(&token_id, until);
                }
                state::Change::Restored { .. } => {}
            }
        }
        let checkpoint = state.checkpoint(CHECKPOINT).await?;
        self.position = position(checkpoint.as_deref());
        Ok(())
    }

    /// The stream cannot go on from where it stood: everything is read anew.
    pub(super) fn lose_position(&mut self) {
        self.position = None;
        self.scan = None;
    }

    /// Everything up to this position was seen.
    pub(super) fn reached(&mut self, position: Position) {
        let text = position.to_string();
        self.position = Some(position);
        self.record(Record::Checkpoint {
            source: CHECKPOINT.to_owned(),
            position: text,
        });
    }

    /// Reads the rows that were written, and judges their members.
    pub(super) async fn look(
        &mut self,
        changes: &[Change],
        at: UnixSeconds,
    ) -> Result<(), Interruption> {
        let feed = self.feed;
        for (table, store) in feed.stores.iter().enumerate() {
            let of_table: Vec<&Change> = changes
                .iter()
                .filter(|change| change.table == table)
                .collect();
            if of_table.is_empty() {
                continue;
            }
            let ids: Vec<String> = of_table.iter().map(|change| change.key.clone()).collect();
            let rows = store.watched_rows(&ids).await?;
            let rows: HashMap<&str, &WatchedRow> =
                rows.iter().map(|row| (row.id.as_str(), row)).collect();
            let own = self.own(table, &rows).await;
            let named = self.names_of(table, rows.values().copied()).await?;
            let mut absent = Vec::new();
            for change in of_table {
                let secret = change.secret;
                match rows.get(change.key.as_str()) {
                    Some(row) => self.row((table, &own, &named), row, Seen { at, secret }),
                    None => absent.push(change.key.clone()),
                }
            }
            let rows: Vec<&WatchedRow> = rows.into_values().collect();
            self.name_rows(table, &rows).await?;
            if let Err(error) = self.keep_names(table, &rows).await {
                // A verdict has been given; which logins have become vacant the next look at everything finds.
                warn!(%error, "which logins rows have cannot be kept yet");
            }
            self.all_gone(table, &absent).await?;
        }
        add(&feed.parts.tally.changes, changes.len());
        Ok(())
    }

    /// Those whose secrets gateways have written themselves. A change need not be known to be one of the secret.
    async fn own(&self, table: usize, rows: &HashMap<&str, &WatchedRow>) -> HashSet<String> {
        let (Some(state), Some(Some(fingerprinting))) =
            (&self.feed.parts.state, self.fingerprints.get(table))
        else {
            return HashSet::new();
        };
        if !self.feed.settings.announced {
            return HashSet::new();
        }
        let rows = rows.values();
        let seen: Vec<_> = rows
            .map(|row| (row.id.clone(), fingerprinting.of(row)))
            .collect();
        // A verdict waits for this. Without an answer a change is a change: a session too many ends, and none too few.
        let own = timeout(PATIENCE, own(state, fingerprinting, &seen)).await;
        own.ok().and_then(Result::ok).unwrap_or_else(|| {
            warn!("whether gateways have written passwords themselves is not known");
            HashSet::new()
        })
    }

    /// A row as it is now.
    fn row(
        &mut self,
        (table, own, named): (usize, &HashSet<String>, &Named),
        row: &WatchedRow,
        seen: Seen,
    ) {
        self.standing(table, row);
        let Some(Some(fingerprinting)) = self.fingerprints.get(table) else {
            return;
        };
        let (source, fingerprint) = (fingerprinting.source().to_owned(), fingerprinting.of(row));
        let member = row.id.clone();
        let record = if own.contains(&member) {
            Record::Own {
                source,
                member,
                fingerprint,
            }
        } else {
            let name = named.get(&member).map(NameKey::as_member);
            if seen.secret {
                self.end_before((&member, name.as_deref()), seen.at);
            }
            Record::Secret {
                source,
                member,
                name,
                fingerprint,
                at: seen.at,
                changed: seen.secret,
            }
        };
        self.record(record);
    }

    /// What a row's states say; whether that is news.
    pub(super) fn standing(&mut self, table: usize, row: &WatchedRow) -> bool {
        (self.feed.parts.forget)(&row.id);
        if let Some(login) = row.login.as_ref().filter(|_| self.names.is_some()) {
            (self.feed.parts.forget)(login.expose());
        }
        self.judged(table, row)
    }

    /// The same, where nothing says that the row has changed.
    pub(super) fn judged(&mut self, table: usize, row: &WatchedRow) -> bool {
        if self.blocks.is_deleted(&row.id, table) {
            // An id may have been given to somebody else.
            let at = Clock.unix_seconds();
            self.feed.parts.denylist.not_before(&row.id, at);
            let member = row.id.clone();
            self.record(Record::Restored { member, at });
        }
        let block = row.state.clone().map(Block::State);
        self.blocks.set(&row.id, table, block)
    }

    /// There is no such row any more; whether that is news.
    pub(super) fn gone(&mut self, table: usize, member: &str) -> bool {
        (self.feed.parts.forget)(member);
        let told = self
            .feed
            .settings
            .tables
            .get(table)
            .is_some_and(|table| table.deleted);
        let news = self
            .blocks
            .set(member, table, told.then_some(Block::Deleted));
        if let Some(Some(fingerprinting)) = self.fingerprints.get(table) {
            let source = fingerprinting.source().to_owned();
            let member = member.to_owned();
            let logins = super::names::under(fingerprinting);
            self.record(Record::Gone {
                source,
                logins,
                member,
                told,
            });
        }
        news
    }

    pub(super) fn record(&mut self, record: Record) {
        let Some(records) = &self.records else {
            return;
        };
        if records.try_send(record).is_err() {
            let lost = &self.feed.parts.tally.unrecorded;
            if lost.fetch_add(1, Ordering::Relaxed) == 0 {
                warn!(
                    "more has changed than can wait for the own tables; the next look finds it again"
                );
            }
        }
    }
}
