//! Where failed logins and limits are counted, taken over where it is the same place.

use std::{hash::RandomState, sync::Arc};

use super::{StartError, follows::Follows};
use crate::{
    attempts::{Attempts, CountingPlace, Settings, Shared},
    clock::Clock,
    entropy::Entropy,
    ratelimit::{self, RateLimit},
    state::State,
    valkey::{self, Valkey},
};

/// Where gateways may count together.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) valkey: Option<&'a Arc<Valkey>>,
    pub(super) state: Option<&'a Arc<State>>,
}

impl Follows<'_> {
    /// The connection stays where it leads to the same server.
    pub(super) fn valkey(
        self,
        settings: Option<valkey::Settings>,
    ) -> Result<Option<Arc<Valkey>>, StartError> {
        let Some(settings) = settings else {
            return Ok(None);
        };
        let before = self.live().and_then(|live| live.valkey.as_ref());
        if let Some(same) = before.filter(|before| *before.settings() == settings) {
            return Ok(Some(Arc::clone(same)));
        }
        Ok(Some(Arc::new(Valkey::open(settings, Clock)?)))
    }

    /// Failures are not forgotten for a change of something else.
    pub(super) fn attempts(self, settings: Settings, places: Places<'_>) -> Arc<Attempts> {
        let shared = match settings.place {
            CountingPlace::Memory => None,
            CountingPlace::Valkey => places.valkey.map(|it| Shared::Valkey(Arc::clone(it))),
            CountingPlace::Database => places.state.map(|it| Shared::database(it, Clock)),
        };
        let same_place = |before: &Attempts| match (before.shared(), &shared) {
            (Some(before), Some(now)) => before.is_same(now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let before = self.live().and_then(|live| live.accounts.as_ref());
        let before = before.and_then(|accounts| accounts.attempts.as_ref());
        match before {
            Some(before) if *before.settings() == settings && same_place(before) => {
                Arc::clone(before)
            }
            Some(before) => Arc::new(new(settings, shared).in_place_of(before)),
            None => Arc::new(new(settings, shared)),
        }
    }

    /// Limits, each counted where its settings say.
    pub(super) fn rate_limits(
        self,
        settings: Vec<ratelimit::Settings>,
        valkey: Option<&Arc<Valkey>>,
    ) -> Vec<Arc<RateLimit>> {
        self.all(settings, |follows, settings| {
            follows.rate_limit(settings, valkey)
        })
    }

    /// Nobody has used anything yet of one that is new or has changed.
    fn rate_limit(
        self,
        settings: ratelimit::Settings,
        valkey: Option<&Arc<Valkey>>,
    ) -> Arc<RateLimit> {
        let server = valkey.filter(|_| settings.shared.is_some());
        let same_server = |old: &RateLimit| match (old.server(), server) {
            (Some(old), Some(now)) => Arc::ptr_eq(old, now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let mut limits = self.live().into_iter().flat_map(|live| &live.rate_limits);
        let old = limits.find(|limit| limit.name() == &*settings.name);
        match old {
            Some(old) if *old.settings() == settings && same_server(old) => Arc::clone(old),
            Some(old) => Arc::new(start_counting(settings, server).in_place_of(old)),
            None => Arc::new(start_counting(settings, server)),
        }
    }
}

fn start_counting(settings: ratelimit::Settings, server: Option<&Arc<Valkey>>) -> RateLimit {
    let limit = RateLimit::new(settings, RandomState::new(), Clock.instant());
    match server {
        Some(server) => limit.counted_in(Arc::clone(server)),
        None => limit,
    }
}

fn new(settings: Settings, shared: Option<Shared>) -> Attempts {
    Attempts::new(settings, shared, Clock, Entropy::from_os())
}
