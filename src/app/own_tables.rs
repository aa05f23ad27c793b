//! The gateway's own tables while it serves: migrated at the start where that is wanted, followed, purged on a schedule,
//! counted.
//!
//! A database that is away keeps nobody from being served: `/ready` says so, and what needs the tables says so itself.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{assemble::Assembled, other_gateways::OtherGateways};
use crate::{
    clock::Clock,
    revocation::Denylist,
    state::{self, Error, Migrate, Purge, State, Task},
    telemetry::counters::{Counters, Kind, Sample},
};

/// How soon migrations are tried again that could not be applied, at first and at last.
const SOON: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(30);

/// How often old rows are looked for.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Between two chunks of old rows, so that others get their turn.
const BREATH: Duration = Duration::from_millis(50);

/// The tables of a snapshot, and what they were made of.
#[derive(Debug, Clone)]
pub(super) struct OwnState {
    pub(super) state: Arc<State>,
    pub(super) settings: state::Settings,
}

impl OwnState {
    /// With the connections of those before, where the database is still the same.
    pub(super) fn after(
        before: Option<&Assembled>,
        settings: Option<state::Settings>,
    ) -> Result<Option<Self>, Error> {
        let Some(settings) = settings else {
            return Ok(None);
        };
        let before = before.and_then(|before| before.state.as_ref());
        let same = before.filter(|before| before.settings.is_same_database(&settings));
        let state = match same {
            Some(before) => Arc::clone(&before.state),
            None => Arc::new(State::open(&settings)?),
        };
        Ok(Some(Self { state, settings }))
    }
}

/// The tables of the snapshot that is in effect.
#[derive(Debug)]
pub(super) struct OwnTables {
    tasks: TaskTracker,
    stop: CancellationToken,
    current: Mutex<Option<Kept>>,
    purged: [AtomicU64; Purge::ALL.len()],
}

#[derive(Debug)]
struct Kept {
    opened: OwnState,
    /// Whether rows are watched beside them.
    watched: bool,
    /// Ends what was begun for these settings.
    stop: CancellationToken,
    /// They have been migrated and read, or that has failed once.
    tried: CancellationToken,
}

impl OwnTables {
    /// Nothing is done yet; everything ends at `stop`.
    pub(super) fn new(
        counters: &Counters,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let tables = Arc::new(Self {
            tasks,
            stop,
            current: Mutex::default(),
            purged: Default::default(),
        });
        count(counters, &tables);
        tables
    }

    /// Looks after the tables of this snapshot and no others. Has to be called inside the control runtime.
    pub(super) fn follow(self: &Arc<Self>, assembled: &Assembled) {
        let mut current = self.current();
        let wanted = assembled.state.as_ref();
        let watched = assembled.watch.is_some();
        let same = |kept: &Kept, wanted: &OwnState| {
            Arc::ptr_eq(&kept.opened.state, &wanted.state)
                && kept.opened.settings == wanted.settings
                && kept.watched == watched
        };
        match (&*current, wanted) {
            (None, None) => return,
            (Some(kept), Some(wanted)) if same(kept, wanted) => return,
            (Some(kept), _) => kept.stop.cancel(),
            (None, Some(_)) => {}
        }
        if wanted.is_none() && !watched {
            assembled.denylist.freshness().unwatch();
        }
        *current = wanted.map(|wanted| self.begin(wanted.clone(), &assembled.denylist, watched));
    }

    fn begin(self: &Arc<Self>, opened: OwnState, denylist: &Arc<Denylist>, watched: bool) -> Kept {
        let (stop, tried) = (self.stop.child_token(), CancellationToken::new());
        let others = OtherGateways {
            state: Arc::clone(&opened.state),
            denylist: Arc::clone(denylist),
            watched,
        };
        // Behind what watches the rows, which may just have ended.
        others.expect();
        let (tables, ending) = (Arc::clone(self), (stop.clone(), tried.clone()));
        self.tasks
            .spawn(tables.look_after(opened.clone(), others, ending));
        Kept {
            opened,
            watched,
            stop,
            tried,
        }
    }

    /// When they have been migrated and read, or that was tried once, and after the database's own deadline at the latest.
    pub(super) async fn tried(&self) {
        let waiting = self.current().as_ref().map(|kept| {
            let settings = &kept.opened.settings;
            (
                kept.tried.clone(),
                settings.connect_timeout + settings.deadline,
            )
        });
        if let Some((tried, limit)) = waiting {
            // Whoever is not done by then goes on beside the gateway.
            let _ = timeout(limit, tried.cancelled()).await;
        }
    }

    /// Why what needs the tables cannot be done.
    pub(super) async fn reason(&self) -> Option<String> {
        let state = self.state()?;
        let error = state.inspect().await.err()?;
        Some(error.to_string())
    }

    fn state(&self) -> Option<Arc<State>> {
        let current = self.current();
        Some(Arc::clone(&current.as_ref()?.opened.state))
    }

    fn current(&self) -> MutexGuard<'_, Option<Kept>> {
        // Nothing between two changes that belong together can panic.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_after(
        self: Arc<Self>,
        OwnState { state, settings }: OwnState,
        others: OtherGateways,
        (stop, tried): (CancellationToken, CancellationToken),
    ) {
        if settings.migrate == Migrate::OnStart {
            migrate(&state, &stop, &tried).await;
        }
        let denylist = Arc::clone(&others.denylist);
        let purging = async {
            loop {
                self.purge(&state, &settings).await;
                denylist.tidy(Clock.unix_seconds(), settings.keep.stamps);
                sleep(EVERY).await;
            }
        };
        let both = futures_util::future::join(others.follow(tried), purging);
        stop.run_until_cancelled(both).await;
    }

    async fn purge(&self, state: &State, settings: &state::Settings) {
        for (what, purged) in Purge::ALL.into_iter().zip(&self.purged) {
            let before = what.before(&settings.keep, Clock.unix_seconds());
            loop {
                match state.purge(what, before).await {
                    Ok(gone) => {
                        purged.fetch_add(gone, Ordering::Relaxed);
                        if gone < Purge::CHUNK {
                            break;
                        }
                    }
                    // Said by `/ready` until somebody has migrated.
                    Err(Error::NotMigrated) => return,
                    Err(error) => {
                        warn!(rows = what.name(), %error, "old rows stay until the next look");
                        return;
                    }
                }
                sleep(BREATH).await;
            }
        }
    }

    fn purged(&self) -> Vec<Sample> {
        if self.current().is_none() {
            return Vec::new();
        }
        let counts = Purge::ALL.into_iter().zip(&self.purged);
        let sample = |(what, count): (Purge, &AtomicU64)| Sample {
            labels: vec![("rows", what.name().to_owned())],
            value: count.load(Ordering::Relaxed),
        };
        counts.map(sample).collect()
    }
}

/// Until it is done. It is not given up in the middle of a migration: MySQL would keep the half of it.
async fn migrate(state: &State, stop: &CancellationToken, tried: &CancellationToken) {
    let mut pause = SOON;
    loop {
        match state
            .migrate(Task::Up { resume: false }, Clock.unix_seconds())
            .await
        {
            Ok(done) => {
                if !done.is_empty() {
                    info!(
                        migrations = done.join(", "),
                        "sidegate's own tables were migrated"
                    );
                }
                return;
            }
            Err(error) => {
                warn!(%error, "sidegate's own tables could not be migrated; it is tried again");
            }
        }
        tried.cancel();
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(LATE);
    }
}

/// Adds what is counted to the counters of the snapshot, which all that follow share.
fn count(counters: &Counters, tables: &Arc<OwnTables>) {
    let add = |name, help, kind, read: fn(&OwnTables) -> Vec<Sample>| {
        let tables = Arc::clone(tables);
        counters.read(name, help, kind, move || read(&tables));
    };
    let help = "Whether the last operation on the gateway's own tables was done";
    add("state_up", help, Kind::Gauge, |tables| {
        let state = tables.state();
        let sample = state.map(|state| Sample {
            labels: Vec::new(),
            value: u64::from(state.tally().is_up()),
        });
        sample.into_iter().collect()
    });
    let help = "Operations on the gateway's own tables, by outcome";
    add("state_operations", help, Kind::Counter, |tables| {
        let state = tables.state();
        let counts = state.iter().flat_map(|state| state.tally().counts());
        let sample = |(outcome, value): (&str, u64)| Sample {
            labels: vec![("outcome", outcome.to_owned())],
            value,
        };
        counts.map(sample).collect()
    });
    let help = "Old rows of the gateway's own tables that were deleted";
    add("state_rows_purged", help, Kind::Counter, OwnTables::purged);
}
