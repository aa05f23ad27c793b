//! What rules know of the member that a token is about: the row, looked up and kept for a short time.
//!
//! It promises that a row is never used longer than configured after it was read, that one look-up serves all who wait
//! for the same row, that no more of them are under way than the database has places for, and that a row which cannot be
//! had is an error and never an absence. What can be known without waiting is known without waiting. It does not judge.

mod error;
mod flight;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    hash::RandomState,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, watch};

use crate::{
    clock::Clock,
    member::{ColumnValue, Row},
    ratelimit::{self, Quota, RateLimit},
    store::Store,
};

pub use error::RowError;
pub use flight::LookUp;
pub use tally::Tally;

use flight::Flight;

/// The most rows that are looked up or wait for it; whoever wants yet another one is told that it cannot be had.
const MOST_FLIGHTS: usize = 1024;

/// What an entry of the cache takes besides what is in it.
const ENTRY: usize = 256;

/// What was found: a row, that there is none, or why that is not known.
pub type Looked = Result<Option<Arc<Row>>, RowError>;

/// How rows are looked up and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// By what rows are found.
    pub key: Key,
    /// The columns that rules name, in the order of a row's values.
    pub columns: Vec<String>,
    /// How long a row counts after it was read.
    pub lifetime: Duration,
    /// How many bytes rows may take in memory.
    pub size: u64,
    /// How many look-ups there may be at once.
    pub look_ups: usize,
    /// How long one may take, the wait for its turn included.
    pub deadline: Duration,
    /// How many there may be in a time; `None` where that is not bounded.
    pub rate: Option<Quota>,
}

/// By what rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Their ids.
    Id,
    /// What users log in with; the column's collation decides which spellings are one.
    Login,
}

/// The rows that are known, and those that are being looked up.
pub struct Membership {
    settings: Settings,
    store: Arc<Store>,
    clock: Clock,
    kept: moka::sync::Cache<Arc<str>, Kept, ahash::RandomState>,
    flights: Mutex<HashMap<Arc<str>, watch::Receiver<Option<Looked>>>>,
    places: Semaphore,
    pace: Option<RateLimit>,
    tally: Arc<Tally>,
}

/// What a look-up has found, and until when that counts.
#[derive(Clone)]
struct Kept {
    row: Option<Arc<Row>>,
    until: Instant,
}

impl Membership {
    /// Nothing is known yet.
    pub fn new(settings: Settings, store: Arc<Store>, clock: Clock, tally: Arc<Tally>) -> Self {
        let kept = moka::sync::Cache::builder()
            .max_capacity(settings.size)
            .weigher(|id: &Arc<str>, kept: &Kept| weight(id, kept.row.as_deref()))
            .build_with_hasher(ahash::RandomState::new());
        let pace = settings.rate.map(|quota| pace(quota, clock));
        Self {
            places: Semaphore::new(settings.look_ups),
            pace,
            settings,
            store,
            clock,
            kept,
            flights: Mutex::default(),
            tally,
        }
    }

    /// How rows are looked up and kept.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where they are looked up.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What was counted.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// About how many rows are in memory.
    pub fn size(&self) -> u64 {
        self.kept.entry_count()
    }

    /// What is known of the row with this id at this moment, without a look-up.
    pub fn find(&self, id: &str, now: Instant) -> Option<Looked> {
        let kept = self.kept.get(id)?;
        (now < kept.until).then_some(Ok(kept.row))
    }

    /// Waits for the row with this id. Who asks first gives the look-up to `spawn`, to be run on a runtime with timers,
    /// whether or not anybody still waits for it.
    pub async fn ask(self: &Arc<Self>, id: &str, spawn: impl FnOnce(LookUp)) -> Looked {
        let mut answer = self.board(id, spawn)?;
        match answer.wait_for(Option::is_some).await {
            Ok(looked) => looked.clone().unwrap_or(Err(RowError::Abandoned)),
            Err(_) => Err(RowError::Abandoned),
        }
    }

    /// Takes a row for changed: what is known of it is forgotten, and a look-up that is under way is not kept.
    pub fn forget(&self, id: &str) {
        let mut flights = self.flights();
        flights.remove(id);
        self.kept.invalidate(id);
    }

    fn board(
        self: &Arc<Self>,
        id: &str,
        spawn: impl FnOnce(LookUp),
    ) -> Result<watch::Receiver<Option<Looked>>, RowError> {
        let mut flights = self.flights();
        if let Some(answer) = flights.get(id) {
            return Ok(answer.clone());
        }
        if flights.len() >= MOST_FLIGHTS {
            return Err(RowError::Busy);
        }
        if let Some(pace) = &self.pace {
            let taken = pace.take(EVERYBODY, self.clock.instant());
            taken.map_err(|_| RowError::Often)?;
        }
        let (flight, answer) = Flight::new(Arc::clone(self), id);
        flights.insert(flight.id(), answer.clone());
        drop(flights);
        spawn(flight.look_up());
        Ok(answer)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Arc<str>, watch::Receiver<Option<Looked>>>> {
        // Entries are put in and taken out whole.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who shares the one count of look-ups.
const EVERYBODY: ratelimit::Key<'static> = ratelimit::Key::Route("", "");

fn pace(quota: Quota, clock: Clock) -> RateLimit {
    let settings = ratelimit::Settings {
        name: "look-ups of rows".into(),
        by: ratelimit::By::Route,
        quota,
        keys: 1,
        shared: None,
    };
    RateLimit::new(settings, RandomState::new(), clock.instant())
}

fn weight(id: &str, row: Option<&Row>) -> u32 {
    let values = row.map_or(&[][..], |row| &row.values);
    let texts = values.iter().map(|value| match value {
        ColumnValue::Text(text) => text.len(),
        ColumnValue::Null | ColumnValue::Number(_) | ColumnValue::Other(_) => 0,
    });
    let bytes = ENTRY + id.len() + size_of_val(values) + texts.sum::<usize>();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl fmt::Debug for Membership {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut membership = formatter.debug_struct("Membership");
        membership
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
