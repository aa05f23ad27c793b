//! The monolith's tables: watched while the gateway serves, and how that goes is told to operators.

use std::sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use super::assemble::Assembled;
use crate::{
    clock::Clock,
    pipeline::{Live, Snapshots},
    revocation::{
        Denylist, Heard,
        feed::{self, Feed, Parts, Phase, Tally},
    },
    state::State,
    telemetry::counters::{Kind, Sample},
};

/// A watch that is under way.
#[derive(Debug)]
struct Watched {
    settings: feed::Settings,
    state: Option<Arc<State>>,
    left: CancellationToken,
}

/// What is watched: the tables of the snapshot that is in effect.
#[derive(Debug)]
pub(super) struct Watching {
    tasks: TaskTracker,
    stop: CancellationToken,
    denylist: Arc<Denylist>,
    snapshots: Weak<Snapshots>,
    tally: Arc<Tally>,
    watched: Mutex<Option<Watched>>,
}

impl Watching {
    /// Nothing is watched yet; everything ends at `stop`.
    pub(super) fn new(
        (tasks, stop): (&TaskTracker, &CancellationToken),
        denylist: &Arc<Denylist>,
        snapshots: &Arc<Snapshots>,
    ) -> Arc<Self> {
        Arc::new(Self {
            tasks: tasks.clone(),
            stop: stop.clone(),
            denylist: Arc::clone(denylist),
            snapshots: Arc::downgrade(snapshots),
            tally: Arc::default(),
            watched: Mutex::default(),
        })
    }

    /// Watches the tables of this snapshot and no others. Has to be called inside the control runtime.
    pub(super) fn follow(&self, assembled: &Assembled) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let state = assembled.state.as_ref().map(|opened| &opened.state);
        if let (Some(watched), Some(wanted)) = (&*watched, &assembled.watch)
            && watched.settings == *wanted
            && watched.state.as_ref().map(Arc::as_ptr) == state.map(Arc::as_ptr)
        {
            return;
        }
        if let Some(watched) = watched.take() {
            watched.left.cancel();
            self.denylist.ask_about_secrets(None);
        }
        let Some(settings) = assembled.watch.clone() else {
            // Where there are tables of our own, it is they that have to be read before anybody is let in.
            if assembled.state.is_none() {
                self.denylist.freshness().unwatch();
            }
            return;
        };
        // Before the next request is judged.
        self.denylist.freshness().watch(settings.stale_after);
        let left = self.stop.child_token();
        match Feed::new(settings.clone(), self.parts(state)) {
            Ok(feed) => {
                self.ask_about_secrets(&feed, assembled);
                let until_left = left.clone().run_until_cancelled_owned(feed.run());
                self.tasks.spawn(until_left);
            }
            Err(error) => warn!(%error, "the user table cannot be watched"),
        }
        *watched = Some(Watched {
            settings,
            state: state.cloned(),
            left,
        });
    }

    /// While the watch is behind, passwords are compared with what it has seen last.
    fn ask_about_secrets(&self, feed: &Feed, assembled: &Assembled) {
        let secrets = assembled.users.as_ref().map(|users| feed.secrets(users));
        match secrets.transpose() {
            Ok(secrets) => self.denylist.ask_about_secrets(secrets.flatten()),
            Err(error) => warn!(%error, "changed passwords cannot be asked for"),
        }
    }

    fn parts(&self, state: Option<&Arc<State>>) -> Parts {
        let snapshots = self.snapshots.clone();
        Parts {
            denylist: Arc::clone(&self.denylist),
            state: state.cloned(),
            forget: Box::new(move |member| {
                let current = snapshots.upgrade().map(|snapshots| snapshots.current());
                let kept = current.as_ref().and_then(|live| live.membership.as_ref());
                if let Some(kept) = kept {
                    kept.forget(member);
                }
            }),
            tally: Arc::clone(&self.tally),
        }
    }

    /// Why what is written in the tables does not take effect at once.
    pub(super) fn reasons(&self) -> Option<String> {
        let trouble = self.tally.trouble();
        let told = |why: String| format!("the watch of the user table: {why}");
        match self.denylist.freshness().at(Clock.instant()) {
            Heard::Unwatched => None,
            Heard::Fresh(_) => trouble.map(told),
            Heard::Stale(_) => {
                let loading = self.tally.phase() == Phase::Loading;
                let usual = if loading {
                    "it is being read"
                } else {
                    "it is behind"
                };
                Some(told(trouble.unwrap_or_else(|| usual.to_owned())))
            }
        }
    }

    /// Adds what is counted to the counters, which all snapshots share.
    pub(super) fn count(self: &Arc<Self>, live: &Live) {
        let add = |name, help, kind, read: fn(&Self) -> Vec<Sample>| {
            // Weakly: whoever reads may outlive it.
            let watching = Arc::downgrade(self);
            live.counters.read(name, help, kind, move || {
                let watching = watching.upgrade();
                let watched = watching.filter(|it| it.is_watching());
                watched.map(|it| read(&it)).unwrap_or_default()
            });
        };
        let help = "What the watch of the user table is doing: 1 at its phase";
        add("watch_phase", help, Kind::Gauge, Self::phases);
        let help = "Milliseconds since everything that the user table had to say was known; -1 is not shown";
        add("watch_lag_milliseconds", help, Kind::Gauge, Self::lag);
        let help = "What the watch of the user table has done";
        add("watch_events", help, Kind::Counter, Self::events);
        let help = "Microseconds from an event of the binlog to its verdict, summed up";
        add("watch_verdict_microseconds", help, Kind::Counter, |it| {
            one(it.tally.verdict_micros.load(Ordering::Relaxed))
        });
        let help = "The longest time from an event of the binlog to its verdict, in microseconds";
        add(
            "watch_longest_verdict_microseconds",
            help,
            Kind::Gauge,
            |it| one(it.tally.longest_micros.load(Ordering::Relaxed)),
        );
        let help = "What the watch has seen and could not yet write to sidegate's own tables";
        add("watch_unrecorded", help, Kind::Gauge, |it| {
            one(it.tally.unrecorded.load(Ordering::Relaxed))
        });
    }

    fn is_watching(&self) -> bool {
        self.watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn phases(&self) -> Vec<Sample> {
        let current = self.tally.phase();
        let sample = |phase: Phase| Sample {
            labels: vec![("phase", phase.as_str().to_owned())],
            value: u64::from(phase == current),
        };
        Phase::ALL.map(sample).into()
    }

    fn lag(&self) -> Vec<Sample> {
        match self.denylist.freshness().at(Clock.instant()) {
            Heard::Fresh(age) | Heard::Stale(Some(age)) => {
                one(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
            }
            Heard::Unwatched | Heard::Stale(None) => Vec::new(),
        }
    }

    fn events(&self) -> Vec<Sample> {
        let tally = &self.tally;
        let counted = [
            ("reconnect", &tally.reconnects),
            ("snapshot", &tally.snapshots),
            ("scan", &tally.scans),
            ("finding", &tally.findings),
            ("change", &tally.changes),
        ];
        let sample = |(kind, value): (&str, &std::sync::atomic::AtomicU64)| Sample {
            labels: vec![("kind", kind.to_owned())],
            value: value.load(Ordering::Relaxed),
        };
        counted.map(sample).into()
    }
}

fn one(value: u64) -> Vec<Sample> {
    vec![Sample {
        labels: Vec::new(),
        value,
    }]
}
