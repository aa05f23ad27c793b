//! The configuration is read again while the gateway serves: load, compare, build, swap, or keep what there is and say
//! why.
//!
//! A file is taken whole or not at all. The environment is the one of the start, since a process has no other.

mod left;
mod outcome;
mod status;
mod triggers;
mod watch;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    assemble::{Assembled, assemble},
    health::HealthChecks,
    key_feeds::Feeding,
    own_tables::OwnTables,
    posting::Posting,
    restart,
    watching::Watching,
};
use crate::{
    clock::Clock,
    config::{
        diagnostic::{Diagnostic, Severity},
        load::{Loaded, load},
        source::{Disk, ProcessEnvironment},
    },
    listener::AddressLimit,
    pipeline::Snapshots,
};
use left::Left;
pub(super) use outcome::Trigger;
use outcome::{Mistake, Outcome, Refused};
pub(super) use status::Shown;
use status::Status;
pub(super) use triggers::follow;
use watch::Stamps;

/// A configuration file, and the other files that it was made of.
#[derive(Debug)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// What else was read.
    pub files: Vec<PathBuf>,
}

impl Origin {
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(&self.path).chain(&self.files).cloned()
    }
}

/// Everything that a reload changes.
pub(super) struct Parts {
    pub(super) snapshots: Arc<Snapshots>,
    pub(super) address_limit: Arc<AddressLimit>,
    pub(super) health_checks: HealthChecks,
    pub(super) feeding: Feeding,
    pub(super) own_tables: Arc<OwnTables>,
    pub(super) watching: Arc<Watching>,
    pub(super) posting: Arc<Posting>,
}

/// Reads the configuration again.
pub(super) struct Reload {
    /// `None` where it came from no file.
    path: Option<PathBuf>,
    parts: Parts,
    /// Held as long as it takes: one reload follows the other.
    running: Mutex<Assembled>,
    status: Mutex<Status>,
    left: Left,
}

impl Reload {
    pub(super) fn new(running: Assembled, origin: Option<Origin>, parts: Parts) -> Self {
        let mut status = Status::new(running.fingerprint.hash(), Clock.unix_seconds());
        status.watched = running.server.watched;
        if let Some(origin) = &origin {
            // Whatever has changed since it was read is found by the first look, which takes nothing for tried.
            status.tried = origin.files().map(|file| (file, None)).collect();
        }
        parts.health_checks.follow(&running.live.upstreams);
        parts.feeding.follow(&running.live);
        parts.watching.follow(&running);
        parts.own_tables.follow(&running);
        parts.posting.follow(&running.live);
        Self {
            path: origin.map(|origin| origin.path),
            parts,
            running: Mutex::new(running),
            status: Mutex::new(status),
            left: Left::default(),
        }
    }

    /// Reads the file and uses it, if it can be used. Has to be called inside the control runtime, where it may block.
    fn reload(&self, trigger: Trigger) -> Outcome {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let before = watch::again(&self.status().tried);
        if trigger == Trigger::Change && before == self.status().tried {
            // Somebody else was faster.
            return Outcome::Unchanged;
        }
        let outcome = self.attempt(&mut running, &before);
        let hash = running.fingerprint.hash();
        let mut status = self.status();
        status.watched = running.server.watched;
        status.note(&outcome, (trigger, hash), Clock.unix_seconds());
        drop(status);
        outcome.report(trigger, hash);
        outcome
    }

    fn attempt(&self, running: &mut Assembled, before: &Stamps) -> Outcome {
        let Some(path) = &self.path else {
            return Outcome::NoFile;
        };
        let loaded = match load(path, &Disk, &ProcessEnvironment) {
            Ok(loaded) => loaded,
            Err(error) => {
                let mut status = self.status();
                let files = status.tried.iter().map(|(file, _)| file.clone());
                let files = files.collect();
                status.tried(files, before);
                return Refused::for_want_of(&error).into();
            }
        };
        let Loaded {
            compiled,
            diagnostics,
            files,
            places: _,
        } = loaded;
        let path = path.clone();
        let files = Origin { path, files };
        self.status().tried(files.files().collect(), before);
        let (warnings, mistakes): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(is_warning);
        let Some(compiled) = compiled else {
            let mistakes = mistakes.into_iter().map(Mistake::from).collect();
            return Refused::with(mistakes).into();
        };
        if compiled.fingerprint == running.fingerprint {
            return Outcome::Unchanged;
        }
        let restart = restart::needed(running, &compiled);
        if !restart.is_empty() {
            return Refused::until_restart(restart).into();
        }
        match assemble(compiled, Some(running)) {
            Ok(assembled) => self.swap(running, assembled),
            Err(error) => return Refused::for_want_of(&error).into(),
        }
        Outcome::Applied { warnings }
    }

    fn swap(&self, running: &mut Assembled, assembled: Assembled) {
        let Parts {
            snapshots,
            address_limit,
            health_checks,
            feeding,
            own_tables,
            watching,
            posting,
        } = &self.parts;
        *running = assembled;
        self.left.tidy();
        self.left.keep(snapshots.replace(Arc::clone(&running.live)));
        address_limit.change(running.server.address_limit.clone());
        health_checks.follow(&running.live.upstreams);
        feeding.follow(&running.live);
        watching.follow(running);
        own_tables.follow(running);
        posting.follow(&running.live);
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        // Nothing between two changes that belong together can panic.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in effect, and what is not.
    pub(super) fn shown(&self) -> Shown {
        self.status().show(Clock.unix_seconds())
    }

    /// How many snapshots there are, with those that some request still has.
    fn snapshots(&self) -> usize {
        1 + self.left.count()
    }
}

/// A reload that an operator asks for, and what came of it.
pub(super) async fn ask(reload: &Arc<Reload>, trigger: Trigger) -> (StatusCode, Value) {
    let reload = Arc::clone(reload);
    // It goes on when the operator does not wait for it.
    let asked = tokio::task::spawn_blocking(move || {
        let outcome = reload.reload(trigger);
        (outcome.status(), json!(outcome.answer(reload.shown())))
    });
    asked.await.unwrap_or_else(|_| {
        let answer = Value::from("the configuration could not be read again");
        (StatusCode::INTERNAL_SERVER_ERROR, answer)
    })
}

fn is_warning(diagnostic: &Diagnostic) -> bool {
    match diagnostic.severity {
        Severity::Mistake => false,
        Severity::Warning => true,
    }
}
