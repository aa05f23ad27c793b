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

/// The files.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<PathBuf>,
    /// What was tried last, whether it could be used or not.
    tried: Vec<Option<Stamp>>,
    /// What the last look found.
    seen: Vec<Option<Stamp>>,
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
    /// The files as they are now have been tried.
    pub(super) fn new(files: Vec<PathBuf>, told: Arc<Notify>) -> Self {
        let mut watch = Self {
            files: Vec::new(),
            tried: Vec::new(),
            seen: Vec::new(),
            folders: Folders::new(told),
        };
        watch.begin(files);
        watch
    }

    /// These files are tried now.
    pub(super) fn begin(&mut self, files: Vec<PathBuf>) {
        self.folders.follow(&files);
        self.tried = stamps(&files);
        self.seen.clone_from(&self.tried);
        self.files = files;
    }

    /// They were tried, and these are the files from now on. What has changed since [`Self::begin`] is still a change.
    pub(super) fn end(&mut self, files: Vec<PathBuf>) {
        if files == self.files {
            return;
        }
        let tried = |file: &PathBuf| {
            let known = self.files.iter().position(|known| known == file);
            let known = known.and_then(|place| self.tried.get(place));
            known.map_or_else(|| stamp(file), |stamp| *stamp)
        };
        let stamps = files.iter().map(tried).collect();
        self.begin(files);
        self.tried = stamps;
    }

    pub(super) fn look(&mut self) -> Look {
        let now = stamps(&self.files);
        let settled = now == self.seen;
        self.seen = now;
        match (settled, self.seen == self.tried) {
            (false, _) => Look::Moving,
            (true, true) => Look::Same,
            (true, false) => Look::Changed,
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
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

    fn follow(&mut self, files: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|file| folders(file)).collect();
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
