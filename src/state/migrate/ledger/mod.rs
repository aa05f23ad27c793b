//! What was applied, compared with what there is.

use super::{Migration, Obstacle};
use crate::clock::UnixSeconds;

/// A row of `sidegate_migrations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) struct Entry {
    pub(in crate::state) number: u32,
    pub(in crate::state) name: String,
    pub(in crate::state) checksum: String,
    /// `None` where a newer version has written a word that this one does not know.
    pub(in crate::state) mark: Option<Mark>,
    /// How many statements are known to be done.
    pub(in crate::state) steps: u32,
    pub(in crate::state) changed_at: u64,
}

/// The word about a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::state) enum Mark {
    /// Begun, and not finished.
    Begun,
    /// Done by its statements.
    Applied,
    /// An operator has said so.
    Stamped,
    /// Its undoing was begun and not finished.
    Undoing,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Begun, Self::Applied, Self::Stamped, Self::Undoing];

    pub(in crate::state) fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Applied => "applied",
            Self::Stamped => "stamped",
            Self::Undoing => "undoing",
        }
    }

    pub(in crate::state) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.word() == word)
    }
}

/// A migration and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was applied then.
    Applied(UnixSeconds),
    /// An operator has said then that it was applied.
    Stamped(UnixSeconds),
    /// It was applied by a newer version, which alone knows what it is.
    Unknown(UnixSeconds),
    /// It was begun, or its undoing was, and not finished: so many statements are known to be done.
    Unfinished(u32),
    /// It has not been applied.
    Pending,
}

impl Listed {
    /// Whether something is left to be done.
    pub fn is_pending(&self) -> bool {
        match self.standing {
            Standing::Pending | Standing::Unfinished(_) => true,
            Standing::Applied(_) | Standing::Stamped(_) | Standing::Unknown(_) => false,
        }
    }
}

impl Entry {
    fn is_finished(&self) -> bool {
        match self.mark {
            Some(Mark::Applied | Mark::Stamped) | None => true,
            Some(Mark::Begun | Mark::Undoing) => false,
        }
    }

    fn standing(&self) -> Standing {
        let at = UnixSeconds(self.changed_at);
        match self.mark {
            Some(Mark::Applied) => Standing::Applied(at),
            Some(Mark::Stamped) => Standing::Stamped(at),
            Some(Mark::Begun | Mark::Undoing) => Standing::Unfinished(self.steps),
            None => Standing::Unknown(at),
        }
    }
}

fn entry_of<'a>(entries: &'a [Entry], migration: &Migration) -> Option<&'a Entry> {
    let number = migration.number();
    entries.iter().find(|entry| entry.number == number)
}

/// The entries of migrations that are not known here.
fn unknown<'a>(entries: &'a [Entry], embedded: &[Migration]) -> impl Iterator<Item = &'a Entry> {
    let last = embedded.last().map_or(0, Migration::number);
    entries.iter().filter(move |entry| entry.number > last)
}

fn unchanged(entries: &[Entry], embedded: &[Migration]) -> Result<(), Obstacle> {
    for migration in embedded {
        if let Some(entry) = entry_of(entries, migration)
            && (entry.name != migration.name || entry.checksum != migration.checksum())
        {
            let name = migration.name.to_owned();
            return Err(Obstacle::Changed { name });
        }
    }
    Ok(())
}

pub(super) fn listed(entries: &[Entry], embedded: &[Migration]) -> Result<Vec<Listed>, Obstacle> {
    unchanged(entries, embedded)?;
    let known = embedded.iter().map(|migration| Listed {
        name: migration.name.to_owned(),
        standing: entry_of(entries, migration).map_or(Standing::Pending, Entry::standing),
    });
    let unknown = unknown(entries, embedded).map(|entry| Listed {
        name: entry.name.clone(),
        standing: Standing::Unknown(UnixSeconds(entry.changed_at)),
    });
    Ok(known.chain(unknown).collect())
}

/// What has to be applied. One that was begun is among it where it is to be finished.
pub(super) fn pending(
    entries: &[Entry],
    embedded: &'static [Migration],
    resume: bool,
) -> Result<Vec<&'static Migration>, Obstacle> {
    unchanged(entries, embedded)?;
    let mut pending = Vec::new();
    for migration in embedded {
        match entry_of(entries, migration) {
            Some(entry) if entry.is_finished() => {}
            Some(entry) if !resume || entry.mark == Some(Mark::Undoing) => {
                return Err(half_applied(migration, entry));
            }
            Some(_) | None => pending.push(migration),
        }
    }
    Ok(pending)
}

fn half_applied(migration: &Migration, entry: &Entry) -> Obstacle {
    Obstacle::HalfApplied {
        name: migration.name.to_owned(),
        steps: entry.steps,
        all: migration.up().len(),
        below: migration.number().saturating_sub(1),
    }
}

/// What an operator says to be applied: what is pending or unfinished up to a number.
pub(super) fn pending_up_to(
    entries: &[Entry],
    embedded: &'static [Migration],
    number: u32,
) -> Result<Vec<&'static Migration>, Obstacle> {
    known(embedded, number)?;
    unchanged(entries, embedded)?;
    let pending = embedded.iter().filter(|migration| {
        let entry = entry_of(entries, migration);
        migration.number() <= number && !entry.is_some_and(Entry::is_finished)
    });
    Ok(pending.collect())
}

/// What has to be undone, the last first, half-applied ones included.
pub(super) fn applied_behind(
    entries: &[Entry],
    embedded: &'static [Migration],
    number: u32,
) -> Result<Vec<&'static Migration>, Obstacle> {
    known(embedded, number)?;
    unchanged(entries, embedded)?;
    if let Some(newer) = unknown(entries, embedded).last() {
        let name = newer.name.clone();
        return Err(Obstacle::Newer { name });
    }
    let applied = embedded
        .iter()
        .rev()
        .filter(|migration| migration.number() > number && entry_of(entries, migration).is_some());
    Ok(applied.collect())
}

fn known(embedded: &[Migration], number: u32) -> Result<(), Obstacle> {
    let last = embedded.last().map_or(0, Migration::number);
    if number > last {
        return Err(Obstacle::NoSuch { number, last });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
