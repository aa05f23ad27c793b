//! The files of the configuration, and whether they have changed.
//!
//! The file system tells of changes where it can, so that they are seen at once; the files are looked at from time to
//! time all the same, since network and overlay file systems tell of nothing. What is told is never believed: a change is
//! what two looks in a row have found.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;
use tracing::debug;

use crate::app::stamp::{Stamp, stamp};

/// Files, and how they were at some moment.
pub(super) type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// Looks at the files.
#[derive(Debug)]
pub(super) struct Watch {
    /// What the last look found.
    seen: Stamps,
    folders: Folders,
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What was tried last.
    Same,
    /// Something else than the last look: it may be half written.
    Moving,
    /// Twice the same, and not what was tried last.
    Changed,
}

impl Watch {
    pub(super) fn new(told: Arc<Notify>) -> Self {
        Self {
            seen: Stamps::new(),
            folders: Folders::new(told),
        }
    }

    /// Looks at the files of `tried`, which is how they were when they were tried last.
    pub(super) fn look(&mut self, tried: &Stamps) -> Look {
        // Before the look: a change between the two is told.
        self.folders.follow(tried);
        let now = again(tried);
        let settled = now == self.seen;
        self.seen = now;
        match (settled, self.seen == *tried) {
            (_, true) => Look::Same,
            (false, false) => Look::Moving,
            (true, false) => Look::Changed,
        }
    }
}

/// How these files are now.
pub(super) fn again(stamps: &Stamps) -> Stamps {
    let now = stamps.iter().map(|(file, _)| (file.clone(), stamp(file)));
    now.collect()
}

/// The folders of the files, and of what the files are links to: a file is often replaced by another of its name, and
/// Kubernetes replaces a link to the folder.
#[derive(Debug)]
struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(told: Arc<Notify>) -> Self {
        let tell = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| may_be_a_change(event.kind)) {
                told.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(tell);
        let watcher = watcher.inspect_err(
            |error| debug!(%error, "the system does not tell of changes: files are looked at"),
        );
        Self {
            watcher: watcher.ok(),
            watched: BTreeSet::new(),
        }
    }

    fn follow(&mut self, files: &Stamps) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|(file, _)| folders(file)).collect();
        for folder in self.watched.difference(&wanted) {
            // One that is gone is not watched any more in any case.
            drop(watcher.unwatch(folder));
        }
        for folder in wanted.difference(&self.watched) {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                debug!(folder = %folder.display(), %error, "the system does not tell of changes there");
            }
        }
        self.watched = wanted;
    }
}

fn folders(file: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let folder = |path: &Path| match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Some(PathBuf::from(".")),
        folder => folder.map(Path::to_owned),
    };
    let real = file.canonicalize().ok();
    let real = real.and_then(|real| folder(&real));
    folder(file).into_iter().chain(real)
}

/// Reading is none, and the gateway reads these files itself.
fn may_be_a_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

#[cfg(test)]
mod tests;
