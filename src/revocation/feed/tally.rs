//! How a watch stands and what it has counted; read by whoever shows it.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a watch is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It looks for its server.
    Connecting,
    /// It reads everything for the first time.
    Loading,
    /// It follows the binlog.
    Streaming,
    /// It looks at the tables again and again.
    Polling,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Connecting,
        Self::Loading,
        Self::Streaming,
        Self::Polling,
    ];

    /// As logs and metrics call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Loading => "loading",
            Self::Streaming => "streaming",
            Self::Polling => "polling",
        }
    }
}

/// Numbers that only grow, but for the last ones.
#[derive(Debug, Default)]
pub struct Tally {
    phase: AtomicU8,
    /// Connections that were made after the first.
    pub reconnects: AtomicU64,
    /// Looks at everything that somebody waited for: the first one, and those after something unknown.
    pub snapshots: AtomicU64,
    /// Looks at everything that were done.
    pub scans: AtomicU64,
    /// What a look has found that no stream had told.
    pub findings: AtomicU64,
    /// Rows that were read because they had changed.
    pub changes: AtomicU64,
    /// Microseconds from an event to its verdict: all of them, and the longest.
    pub verdict_micros: AtomicU64,
    /// The longest of them.
    pub longest_micros: AtomicU64,
    /// What waits for our own tables.
    pub unrecorded: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Tally {
    /// What it is doing.
    pub fn phase(&self) -> Phase {
        let phase = usize::from(self.phase.load(Ordering::Relaxed));
        Phase::ALL.get(phase).copied().unwrap_or(Phase::Connecting)
    }

    /// Why it does not do what it should, in words for operators.
    pub fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn enter(&self, phase: Phase) {
        let place = Phase::ALL.iter().position(|it| *it == phase);
        let place = place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(0);
        self.phase.store(place, Ordering::Relaxed);
    }

    /// Says what is the matter; whether that is news.
    pub(super) fn is_news(&self, trouble: Option<String>) -> bool {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *known != trouble;
        *known = trouble;
        news
    }

    pub(super) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.verdict_micros.fetch_add(micros, Ordering::Relaxed);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
    }
}

pub(super) fn add(counter: &AtomicU64, number: usize) {
    counter.fetch_add(u64::try_from(number).unwrap_or(u64::MAX), Ordering::Relaxed);
}
