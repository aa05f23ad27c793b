//! What the users of rows log in with, where that is what tokens say: whatever is told of a row is told of its login, too.
//!
//! One table has the logins. Which login a row had last is kept in our own tables, sealed with the watch's secret: so a login
//! whose row is gone, or has another one now, is known to have none any more.

use std::collections::{HashMap, HashSet};

use super::Interruption;
use super::fingerprint::Fingerprinting;
use super::recorder::Record;
use super::watcher::Watcher;
use crate::clock::{Clock, UnixSeconds};
use crate::member::spelling::{NameKey, Spelling};
use crate::state::{Change, Fingerprint, State};
use crate::store::WatchedRow;

/// How many logins that rows have got are remembered until the next look at everything. With more changes than that at once,
/// nobody says which logins have become vacant.
const MOST: usize = 100_000;

/// The logins by the ids of their rows.
pub(super) type Named = HashMap<String, NameKey>;

/// Where logins are, and who has got which one lately.
pub(super) struct Names {
    spelling: Spelling,
    pub(super) table: usize,
    gained: HashMap<NameKey, String>,
}

impl Names {
    pub(super) fn new(settings: &super::Settings) -> Option<Self> {
        Some(Self {
            spelling: settings.logins?,
            table: settings.table_of_logins()?,
            gained: HashMap::new(),
        })
    }

    /// Everything has been looked at.
    pub(super) fn settle(&mut self) {
        self.gained.clear();
    }

    fn gain(&mut self, name: NameKey, member: &str) {
        if self.gained.len() < MOST {
            self.gained.insert(name, member.to_owned());
        }
    }

    /// Whether nobody has got a login that this row had.
    fn is_free(&self, name: NameKey, member: &str) -> bool {
        let holder = self.gained.get(&name);
        self.gained.len() < MOST && holder.is_none_or(|holder| holder == member)
    }
}

impl Watcher<'_> {
    /// The logins of these rows, as far as they have one and anybody asks for it.
    pub(super) async fn names_of(
        &self,
        table: usize,
        rows: impl IntoIterator<Item = &WatchedRow>,
    ) -> Result<Named, Interruption> {
        let Some(names) = &self.names else {
            return Ok(Named::new());
        };
        if table == names.table {
            return Ok(named(names.spelling, rows));
        }
        let ids = rows.into_iter().map(|row| row.id.clone()).collect();
        self.names_by_id(ids).await
    }

    async fn names_by_id(&self, ids: Vec<String>) -> Result<Named, Interruption> {
        let store = self.names.as_ref().and_then(|names| {
            let store = self.feed.stores.get(names.table)?;
            Some((names.spelling, store))
        });
        match store {
            Some((spelling, store)) if !ids.is_empty() => {
                Ok(named(spelling, &store.watched_rows(&ids).await?))
            }
            Some(_) | None => Ok(Named::new()),
        }
    }

    /// The ids of the rows with these logins, where tokens say logins; the ids that they are otherwise.
    pub(super) async fn ids_of(
        &self,
        called: Vec<std::sync::Arc<str>>,
    ) -> Result<Vec<std::sync::Arc<str>>, Interruption> {
        let Some(store) = self
            .names
            .as_ref()
            .and_then(|it| self.feed.stores.get(it.table))
        else {
            return Ok(called);
        };
        let logins: Vec<String> = called.iter().map(ToString::to_string).collect();
        let rows = store.watched_named(&logins).await?;
        Ok(rows.into_iter().map(|row| row.id.into()).collect())
    }

    /// Tells of the logins of these rows what is told of the rows; they were judged before.
    pub(super) async fn name_rows(
        &mut self,
        table: usize,
        rows: &[&WatchedRow],
    ) -> Result<(), Interruption> {
        let Some(names) = &self.names else {
            return Ok(());
        };
        if table != names.table {
            return self
                .name_nameless(rows.iter().map(|row| row.id.as_str()))
                .await;
        }
        let logins = named(names.spelling, rows.iter().copied());
        for row in rows {
            let name = logins.get(&row.id).copied();
            if let Some(name) = name {
                self.occupied(name);
            }
            self.blocks.name(&row.id, name);
        }
        Ok(())
    }

    /// Where a table without logins has blocked somebody.
    async fn name_nameless(
        &mut self,
        members: impl Iterator<Item = &str>,
    ) -> Result<(), Interruption> {
        let nameless = self.blocks.nameless(members);
        for (member, name) in self.names_by_id(nameless).await? {
            self.blocks.name(&member, Some(name));
        }
        Ok(())
    }

    /// A login has a row. Where it had none before, its tokens from before are somebody else's.
    fn occupied(&mut self, name: NameKey) {
        let at = Clock.unix_seconds();
        let denylist = &self.feed.parts.denylist;
        if self
            .blocks
            .occupy(name, |member| denylist.not_before(member, at))
        {
            let member = name.as_member();
            self.record(Record::Restored { member, at });
        }
    }

    /// Keeps which logins rows have, and finds those that they have no more.
    pub(super) async fn keep_names(
        &mut self,
        table: usize,
        rows: &[&WatchedRow],
    ) -> Result<(), Interruption> {
        let feed = self.feed;
        let names = self.names.as_ref().filter(|names| names.table == table);
        let (Some(names), Some(state), Some(Some(sealing))) =
            (names, &feed.parts.state, self.fingerprints.get(table))
        else {
            return Ok(());
        };
        let logins = named(names.spelling, rows.iter().copied());
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let source = under(sealing);
        let known = kept(state, sealing, &ids).await?;
        let is_news = |(member, name): &(&String, &NameKey)| known.get(*member) != Some(*name);
        let news: Vec<(&String, &NameKey)> = logins.iter().filter(is_news).collect();
        let sealed = news.iter();
        let sealed =
            sealed.map(|(member, name)| ((*member).clone(), seal(sealing, member, **name)));
        let sealed: Vec<_> = sealed.collect();
        let lost = known
            .iter()
            .filter(|(member, old)| logins.get(*member) != Some(*old));
        let lost: Vec<(String, NameKey)> = lost.map(|(it, old)| (it.clone(), *old)).collect();
        let nameless = lost.iter().filter(|(it, _)| !logins.contains_key(it));
        let nameless: Vec<String> = nameless.map(|(it, _)| it.clone()).collect();
        if let Some(names) = &mut self.names {
            for (member, name) in &news {
                names.gain(**name, member);
            }
        }
        for (member, old) in lost {
            if let Some(name) = self.vacated(table, &member, old) {
                // Before it is forgotten whose it was.
                let change = Change::Deleted { member: name };
                state.stamp(change, Clock.unix_seconds()).await?;
            }
        }
        state.forget_fingerprints(&source, &nameless).await?;
        if !sealed.is_empty() {
            state.put_fingerprints(&source, sealed).await?;
        }
        Ok(())
    }

    /// This row has this login no more; what is to be recorded of it.
    fn vacated(&mut self, table: usize, member: &str, name: NameKey) -> Option<String> {
        let names = self.names.as_ref()?;
        let table = self.feed.settings.tables.get(table)?;
        if !table.deleted || !names.is_free(name, member) {
            return None;
        }
        let name = name.as_member();
        self.blocks.vacate(&name);
        Some(name)
    }

    /// These members have no row any more; how many of them had one as far as was known.
    pub(super) async fn all_gone(
        &mut self,
        table: usize,
        members: &[String],
    ) -> Result<usize, Interruption> {
        let known = self.kept_of(table, members).await?;
        let mut findings = 0;
        for member in members {
            if let Some(name) = known.get(member)
                && let Some(name) = self.vacated(table, member, *name)
            {
                self.record(Record::Vacant { name });
            }
            findings += usize::from(self.gone(table, member));
            if self.names.as_ref().is_some_and(|it| it.table == table) {
                self.blocks.name(member, None);
            }
        }
        if self.names.as_ref().is_some_and(|it| it.table != table) {
            self.name_nameless(members.iter().map(String::as_str))
                .await?;
        }
        Ok(findings)
    }

    /// The logins that these had when they were there.
    async fn kept_of(&self, table: usize, members: &[String]) -> Result<Named, Interruption> {
        let is_named = self.names.as_ref().is_some_and(|it| it.table == table);
        match (&self.feed.parts.state, self.fingerprints.get(table)) {
            (Some(state), Some(Some(sealing))) if is_named => kept(state, sealing, members).await,
            _ => Ok(Named::new()),
        }
    }

    /// Tokens of this member that were issued at this moment or before are refused.
    pub(super) fn end_before(&self, (member, name): (&str, Option<&str>), at: UnixSeconds) {
        let denylist = &self.feed.parts.denylist;
        denylist.not_before(member, at);
        if let Some(name) = name {
            denylist.not_before(name, at);
        }
    }
}

fn named<'r>(spelling: Spelling, rows: impl IntoIterator<Item = &'r WatchedRow>) -> Named {
    let named = rows.into_iter().filter_map(|row| {
        let login = row.login.as_ref()?;
        Some((row.id.clone(), spelling.key(login.expose())))
    });
    named.collect()
}

/// The name under which logins are kept, beside that of what is watched.
pub(super) fn under(sealing: &Fingerprinting) -> String {
    format!("{}@login", sealing.source())
}

async fn kept(
    state: &State,
    sealing: &Fingerprinting,
    members: &[String],
) -> Result<Named, Interruption> {
    let kept = state.fingerprints_of(&under(sealing), members).await?;
    let opened = kept.into_iter().map(|(member, Fingerprint(sealed))| {
        // What seals it opens it.
        let Fingerprint(opened) = seal(sealing, &member, NameKey(sealed));
        (member, NameKey(opened))
    });
    Ok(opened.collect())
}

/// What is kept shows nobody without the secret which login it is, nor that two are the same.
fn seal(sealing: &Fingerprinting, member: &str, NameKey(name): NameKey) -> Fingerprint {
    let Fingerprint(mut sealed) = sealing.of_secret(member, b"login");
    for (byte, of_name) in sealed.iter_mut().zip(name) {
        *byte ^= of_name;
    }
    Fingerprint(sealed)
}

/// The ids of rows, to tell who has none.
pub(super) fn ids(rows: &[WatchedRow]) -> HashSet<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}
