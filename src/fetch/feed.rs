//! The task that keeps one issuer's keys, and how it is asked for more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::{
    error::FetchError,
    get::get,
    settings::{Settings, Source},
};
use crate::{
    clock::Clock,
    token::{
        key_set,
        keyring::{ListedKey, PublishedKeys},
    },
};

/// How long after an attempt nobody can cause another one: names of keys that do not exist cost an issuer no more.
const PAUSE: Duration = Duration::from_secs(10);

/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The first pause after a failed attempt; each time again it is twice as long, up to [`PAUSE`].
const RETRY: Duration = Duration::from_secs(1);

/// The longest that a request waits for an attempt.
const PATIENCE: Duration = Duration::from_secs(3);

/// The keys of one issuer.
#[derive(Debug)]
pub struct KeyFeed {
    settings: Settings,
    keys: Arc<PublishedKeys>,
    wanted: Notify,
    state: watch::Sender<State>,
    fetched: AtomicU64,
    failed: AtomicU64,
}

/// How the attempts went.
#[derive(Debug, Clone, Default)]
struct State {
    attempts: u64,
    under_way: bool,
    last: Option<Instant>,
    succeeded: Option<Instant>,
    /// What went wrong last, if anything.
    error: Option<Arc<str>>,
}

/// What asking for keys came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The keys are what the issuer publishes: what is not there does not exist.
    Fresh,
    /// The issuer cannot be asked: what is not there may exist.
    Unavailable,
}

impl KeyFeed {
    /// Nothing is fetched until it runs.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            keys: Arc::default(),
            wanted: Notify::new(),
            state: watch::Sender::default(),
            fetched: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The same set with other patience: what is known of it stays known. The keys are copies, since the other one goes
    /// on for a moment and may give its own up.
    pub fn in_place_of(settings: Settings, other: &Self) -> Self {
        let feed = Self::new(settings);
        feed.keys.replace(other.keys.listed());
        feed.state.send_replace(State {
            under_way: false,
            ..other.state.borrow().clone()
        });
        let (fetched, failed) = other.attempts();
        feed.fetched.store(fetched, Ordering::Relaxed);
        feed.failed.store(failed, Ordering::Relaxed);
        feed
    }

    /// The keys as they are last known.
    pub fn keys(&self) -> &Arc<PublishedKeys> {
        &self.keys
    }

    /// Where they come from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whose they are.
    pub fn issuer(&self) -> &Arc<str> {
        &self.settings.issuer
    }

    /// How many attempts have succeeded and failed.
    pub fn attempts(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.fetched), read(&self.failed))
    }

    /// How long ago the keys were last seen.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        let succeeded = self.state.borrow().succeeded;
        succeeded.map(|at| now.saturating_duration_since(at))
    }

    /// What went wrong with the last attempt, if anything.
    pub fn error(&self) -> Option<Arc<str>> {
        self.state.borrow().error.clone()
    }

    /// Whether what is not among the keys does not exist: they were read a moment ago.
    pub fn is_fresh(&self, now: Instant) -> bool {
        let state = self.state.borrow();
        let is_recent = match self.settings.source {
            // It is looked at all the time.
            Source::File(_) => state.succeeded.is_some(),
            Source::Url { .. } => self.is_recent(&state, now),
        };
        state.error.is_none() && is_recent
    }

    /// Whether looking at the keys asks nobody else.
    pub fn is_local(&self) -> bool {
        match self.settings.source {
            Source::File(_) => true,
            Source::Url { .. } => false,
        }
    }

    /// Looks once.
    pub async fn look(&self, clock: Clock) {
        self.attempt(&mut Vec::new(), clock).await;
    }

    /// Fetches for ever.
    pub async fn run(self: Arc<Self>, clock: Clock) {
        let mut seen = Vec::new();
        let mut retry = RETRY;
        loop {
            self.state.send_modify(|state| state.under_way = true);
            let succeeded = self.attempt(&mut seen, clock).await;
            retry = if succeeded {
                RETRY
            } else {
                (retry * 2).min(PAUSE)
            };
            let interval = if succeeded { self.interval() } else { retry };
            let asked = async {
                loop {
                    self.wanted.notified().await;
                    if !self.tried_lately(clock.instant()) {
                        break;
                    }
                }
            };
            tokio::select! {
                () = sleep(interval) => {}
                () = asked => {}
            }
        }
    }

    /// Waits until the keys have been looked at again, unless that was a moment ago. It waits for a short time at most.
    pub async fn ask(&self, clock: Clock) -> Asked {
        let mut state = self.state.subscribe();
        let (before, waits) = {
            let state = state.borrow_and_update();
            let waits = state.under_way || !self.is_recent(&state, clock.instant());
            (state.attempts, waits)
        };
        if waits {
            self.wanted.notify_one();
            let next = state.wait_for(|state| state.attempts > before);
            // Whether it came in time is read from the state below.
            drop(timeout(PATIENCE, next).await);
        }
        let state = self.state.borrow();
        if state.error.is_some() || state.attempts == before && waits {
            Asked::Unavailable
        } else {
            Asked::Fresh
        }
    }

    fn interval(&self) -> Duration {
        match self.settings.source {
            Source::File(_) => LOOK,
            Source::Url { .. } => self.settings.refresh,
        }
    }

    fn tried_lately(&self, now: Instant) -> bool {
        self.is_recent(&self.state.borrow(), now)
    }

    fn is_recent(&self, state: &State, now: Instant) -> bool {
        let pause = match self.settings.source {
            Source::File(_) => Duration::from_millis(100),
            Source::Url { .. } => PAUSE,
        };
        let last = state.last;
        last.is_some_and(|last| now.saturating_duration_since(last) < pause)
    }

    async fn attempt(&self, seen: &mut Vec<u8>, clock: Clock) -> bool {
        let result = self.fetch(seen, clock).await;
        let now = clock.instant();
        let error = match result {
            Ok(changed) => {
                self.fetched.fetch_add(1, Ordering::Relaxed);
                self.take_up(changed);
                None
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                Some(self.endure(&error, now))
            }
        };
        let succeeded = error.is_none();
        self.state.send_modify(|state| {
            state.attempts += 1;
            state.under_way = false;
            state.last = Some(now);
            state.error = error;
            if succeeded {
                state.succeeded = Some(now);
            }
        });
        succeeded
    }

    /// The keys, if they are others than were seen last.
    async fn fetch(
        &self,
        seen: &mut Vec<u8>,
        clock: Clock,
    ) -> Result<Option<Vec<ListedKey>>, FetchError> {
        let text = get(&self.settings.source, clock).await?;
        if text == *seen && !self.keys.is_empty() {
            return Ok(None);
        }
        let set = key_set::read(&text, &self.settings.algorithms)?;
        *seen = text;
        if let Some((count, error)) = set.unusable {
            let issuer = &*self.settings.issuer;
            info!(issuer, count, %error, "keys of an issuer are passed over");
        }
        Ok(Some(set.keys))
    }

    fn take_up(&self, changed: Option<Vec<ListedKey>>) {
        let issuer = &*self.settings.issuer;
        if let Some(keys) = changed {
            info!(issuer, keys = keys.len(), "the keys of an issuer are known");
            self.keys.replace(keys);
        } else if self.error().is_some() {
            info!(issuer, "the keys of an issuer can be read again");
        }
    }

    /// Goes on with what is known, for as long as that is good.
    fn endure(&self, error: &FetchError, now: Instant) -> Arc<str> {
        let text: Arc<str> = error.whole().into();
        let issuer = &*self.settings.issuer;
        if self.error().as_ref() != Some(&text) {
            warn!(
                issuer,
                error = &*text,
                "the keys of an issuer cannot be read"
            );
        }
        let expires = match self.settings.source {
            // What a broken file says now does not make untrue what it said before.
            Source::File(_) => false,
            Source::Url { .. } => true,
        };
        let age = self.age(now);
        let is_stale = age.is_some_and(|age| age > self.settings.stale_if_error);
        if expires && is_stale && !self.keys.is_empty() {
            warn!(issuer, "the keys of an issuer are too old to be used");
            self.keys.replace(Vec::new());
        }
        text
    }
}
