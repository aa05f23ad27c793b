//! The watch of the monolith's tables: what is written there becomes a verdict at once.
//!
//! A replica's stream says whose rows were written, and the rows are read then. Position, then everything, then the stream
//! from that position: so there is no gap. Rows are read and judged by one task, in turns with looks at everything, and a
//! row is read after whatever said that it changed; so what is judged last is what is newest. What the stream cannot show
//! is found by a look at everything, now where something is known to be missing, and every so often in any case.
//!
//! Verdicts go to the [`Denylist`] first. What the tables do not remember (a secret was changed, a row is gone) goes to our
//! own tables afterwards, and the checkpoint after that.

mod announced;
mod blocks;
mod changed;
mod fingerprint;
mod mark;
mod names;
mod poll;
mod recorder;
mod scan;
mod secrets;
mod settings;
mod stream;
mod tally;
mod watcher;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::{info, warn};

use super::Denylist;
use super::binlog::{Fault, Position};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::state::{self, State};
use crate::store::{self, Changing, Store};
use recorder::Recorder;
use watcher::Watcher;

pub use announced::Announcements;
pub use secrets::{SecretSeen, Secrets};
pub use settings::{Settings, Source, Table};
pub use tally::{Phase, Tally};

/// The pause after a stream has broken for the first time, and the longest one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often the server is asked anew for what it has refused.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// Tells whoever keeps rows that one has changed.
pub type Forget = Box<dyn Fn(&str) + Send + Sync>;

/// What a watch tells, and what it keeps things in.
pub struct Parts {
    /// Its verdicts.
    pub denylist: Arc<Denylist>,
    /// Our own tables, where something has to be remembered.
    pub state: Option<Arc<State>>,
    /// Those who keep rows.
    pub forget: Forget,
    /// Its counters.
    pub tally: Arc<Tally>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Parts")
    }
}

/// A watch.
pub struct Feed {
    settings: Settings,
    stores: Vec<Store>,
    /// What says when rows were changed, by table; of none where not of all.
    changing: Vec<Changing>,
    parts: Parts,
}

/// Why a turn of the watch ended.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Stream(#[from] Fault),
    #[error(transparent)]
    Table(#[from] store::Error),
    #[error(transparent)]
    Own(#[from] state::Error),
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Feed")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// Prepares a watch without connecting. Needs a tokio runtime.
    pub fn new(settings: Settings, parts: Parts) -> Result<Self, store::Error> {
        let stores = settings
            .tables
            .iter()
            .map(|table| Store::open(&table.store));
        let stores: Vec<Store> = stores.collect::<Result<_, _>>()?;
        Ok(Self {
            changing: changing(&settings, &stores)?,
            stores,
            settings,
            parts,
        })
    }

    /// What tells whether a secret was changed while this watch is behind; nothing where it watches none. `users` is how
    /// logins read the user table.
    pub fn secrets(&self, users: &store::Settings) -> Result<Option<Arc<Secrets>>, store::Error> {
        let Some(state) = &self.parts.state else {
            return Ok(None);
        };
        let secrets = Secrets::new(&self.settings, state, users)?;
        Ok(secrets.map(Arc::new))
    }

    /// Watches until it is dropped.
    pub async fn run(self) {
        let mut recording = JoinSet::new();
        let records = self.parts.state.as_ref().map(|state| {
            let parts = (
                Arc::clone(&self.parts.denylist),
                Arc::clone(&self.parts.tally),
            );
            let (records, recorder) = Recorder::new(Arc::clone(state), parts.0, parts.1);
            recording.spawn(recorder.run());
            records
        });
        self.parts.denylist.freshness().watch(self.fresh_for());
        let mut watcher = Watcher::new(&self, records);
        let mut pauses = Pauses::default();
        while let Err(error) = watcher.remember().await {
            self.in_trouble(&error.to_string());
            pauses.wait().await;
        }
        loop {
            let (connected, interruption) = match self.settings.source {
                Source::Binlog => watcher.follow().await,
                Source::Polling => watcher.poll(None).await,
            };
            if connected {
                pauses = Pauses::default();
            }
            self.interrupted(&mut watcher, interruption, &mut pauses)
                .await;
        }
    }

    async fn interrupted(&self, watcher: &mut Watcher<'_>, why: Interruption, pauses: &mut Pauses) {
        self.in_trouble(&why.to_string());
        match why {
            Interruption::Stream(fault) if fault.is_lasting() => {
                // Until it is asked for again.
                let (_, why) = watcher.poll(Some(ASK_AGAIN)).await;
                if let Some(why) = why.into_trouble() {
                    self.in_trouble(&why);
                    pauses.wait().await;
                }
            }
            Interruption::Stream(Fault::PositionLost { .. }) => {
                watcher.lose_position();
                pauses.wait().await;
            }
            Interruption::Stream(_) | Interruption::Table(_) | Interruption::Own(_) => {
                self.parts.tally.enter(Phase::Connecting);
                pauses.wait().await;
            }
        }
    }

    /// For how long what was heard counts: polling hears something when a look has ended.
    fn fresh_for(&self) -> Duration {
        let polled = self.settings.poll.saturating_mul(3);
        match self.settings.source {
            Source::Binlog => self.settings.stale_after,
            Source::Polling => self.settings.stale_after.max(polled),
        }
    }

    fn in_trouble(&self, trouble: &str) {
        if self.parts.tally.is_news(Some(trouble.to_owned())) {
            warn!(trouble, "the watch of the user table is interrupted");
        }
    }

    fn is_well(&self, phase: Phase) {
        self.parts.tally.enter(phase);
        if self.parts.tally.is_news(None) {
            info!(
                phase = phase.as_str(),
                "the watch of the user table goes on"
            );
        }
    }
}

impl Interruption {
    /// What there is to say of it, unless it only means that it is time to ask the server again.
    fn into_trouble(self) -> Option<String> {
        match self {
            Self::Stream(Fault::Ended) => None,
            other @ (Self::Stream(_) | Self::Table(_) | Self::Own(_)) => Some(other.to_string()),
        }
    }
}

/// Pauses that grow, each with a random part, so that many gateways do not come back together.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    async fn wait(&mut self) {
        let pause = SHORTEST_PAUSE
            .saturating_mul(1 << self.0.min(6))
            .min(LONGEST_PAUSE);
        self.0 = self.0.saturating_add(1);
        let [random] = Entropy::from_os().bytes::<1>();
        let pause = pause.mul_f64(0.5 + f64::from(random) / 512.0);
        tokio::time::sleep(pause).await;
    }
}

/// A number that no other replica has, as far as chance goes.
fn replica_number() -> u32 {
    u32::from_le_bytes(Entropy::from_os().bytes())
}

/// The position that a checkpoint holds.
fn position(checkpoint: Option<&str>) -> Option<Position> {
    checkpoint.and_then(Position::parse)
}

fn changing(settings: &Settings, stores: &[Store]) -> Result<Vec<Changing>, store::Error> {
    let columns = settings.tables.iter().map(|it| it.changed_at.as_deref());
    let Some(columns) = columns.collect::<Option<Vec<_>>>() else {
        return Ok(Vec::new());
    };
    let tables = stores.iter().zip(&settings.tables).zip(columns);
    tables
        .map(|((store, table), column)| store.changing(&table.store, column))
        .collect()
}

/// Now, by the monotonic clock.
fn instant() -> std::time::Instant {
    Clock.instant()
}
