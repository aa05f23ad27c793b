//! Which configuration is in effect, since when, and whether the file says something else.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use serde::Serialize;

use super::{
    Reload,
    outcome::{Outcome, Refused, Trigger},
    watch::Stamps,
};
use crate::app::stamp::stamp;
use crate::{
    clock::UnixSeconds,
    config::fingerprint::Hash,
    telemetry::counters::{Counters, Kind, Sample},
};

#[derive(Debug)]
pub(super) struct Status {
    hash: Hash,
    loaded: UnixSeconds,
    /// Why the file, as it was last read, is not in effect.
    refused: Option<Refused>,
    /// The files that it is made of, as they were when they were tried last.
    pub(super) tried: Stamps,
    /// Whether a change of them is reason enough to read them again.
    pub(super) watched: bool,
    /// By result.
    counts: [(&'static str, u64); 3],
}

/// What operators are shown.
#[derive(Debug, Serialize)]
pub(in crate::app) struct Shown {
    hash: String,
    loaded_at: u64,
    age_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

impl Status {
    pub(super) fn new(hash: Hash, loaded: UnixSeconds) -> Self {
        Self {
            hash,
            loaded,
            refused: None,
            tried: Stamps::new(),
            watched: false,
            counts: ["applied", "unchanged", "refused"].map(|result| (result, 0)),
        }
    }

    /// These files are the ones that were tried; `before` is how they were before that, as far as they were known.
    pub(super) fn tried(&mut self, files: Vec<PathBuf>, before: &Stamps) {
        let stamped = |file: PathBuf| {
            let known = before.iter().find(|(known, _)| *known == file);
            let stamp = known.map_or_else(|| stamp(&file), |(_, stamp)| *stamp);
            (file, stamp)
        };
        self.tried = files.into_iter().map(stamped).collect();
    }

    /// A reload has ended, and this is in effect now.
    pub(super) fn note(
        &mut self,
        outcome: &Outcome,
        (trigger, hash): (Trigger, Hash),
        now: UnixSeconds,
    ) {
        // A file that was only touched is not worth counting.
        let counts = trigger != Trigger::Change || !matches!(outcome, Outcome::Unchanged);
        for (result, count) in &mut self.counts {
            *count += u64::from(counts && *result == outcome.name());
        }
        self.refused = match outcome {
            Outcome::Refused(refused) => Some(refused.clone()),
            Outcome::Applied { .. } | Outcome::Unchanged | Outcome::NoFile => None,
        };
        self.hash = hash;
        if let Outcome::Applied { .. } = outcome {
            self.loaded = now;
        }
    }

    pub(super) fn show(&self, now: UnixSeconds) -> Shown {
        Shown {
            hash: self.hash.to_string(),
            loaded_at: self.loaded.0,
            age_seconds: now.0.saturating_sub(self.loaded.0),
            refused: self.refused.clone(),
        }
    }
}

impl Reload {
    /// Shows all of it to whoever reads the counters.
    pub(in crate::app) fn register(reload: &Arc<Self>, counters: &Counters) {
        let read = |read: fn(&Self) -> Vec<Sample>| {
            // Weakly: the counters are a part of what it holds.
            let reload: Weak<Self> = Arc::downgrade(reload);
            move || reload.upgrade().map_or_else(Vec::new, |it| read(&it))
        };
        let help = "The configuration that is in effect, by its hash";
        let info = |it: &Self| {
            let hash = it.status().hash.to_string();
            one(vec![("hash", hash)], 1)
        };
        counters.read("config_info", help, Kind::Gauge, read(info));
        let help = "When the configuration was read, in seconds since 1970";
        let loaded = |it: &Self| one(Vec::new(), it.status().loaded.0);
        counters.read(
            "config_loaded_timestamp_seconds",
            help,
            Kind::Gauge,
            read(loaded),
        );
        let help = "How often the configuration was read again, by what came of it";
        let reloads = |it: &Self| {
            let counts = it.status().counts;
            let sample = |(result, value): (&str, u64)| Sample {
                labels: vec![("result", result.to_owned())],
                value,
            };
            counts.map(sample).into()
        };
        counters.read("config_reloads", help, Kind::Counter, read(reloads));
        let help = "Why the file, as it was last read, is not in effect: mistakes, and keys that need a restart";
        let mistakes = |it: &Self| {
            let count = it.status().refused.as_ref().map_or(0, Refused::count);
            one(Vec::new(), count as u64)
        };
        counters.read("config_mistakes", help, Kind::Gauge, read(mistakes));
        let help =
            "Configurations in memory: the one in effect, and those that some request still has";
        let snapshots = |it: &Self| one(Vec::new(), it.snapshots() as u64);
        counters.read("config_snapshots", help, Kind::Gauge, read(snapshots));
    }
}

fn one(labels: Vec<(&'static str, String)>, value: u64) -> Vec<Sample> {
    vec![Sample { labels, value }]
}
