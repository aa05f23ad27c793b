//! What all cores share of one upstream: its settings, how its endpoints stand, and how much it has to do.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use tracing::{info, warn};

use super::{
    balance::{self, Endpoints},
    endpoint::{Change, Moment, Standing},
    error::{Blame, Failure},
    gate::Gate,
    health::Unwell,
    settings::{Endpoint, Settings},
    tally::{Event, Tally},
};

/// One upstream, as all cores see it.
#[derive(Debug)]
pub struct Group {
    settings: Settings,
    standings: Vec<Standing>,
    gate: Gate,
    /// Where moments are counted from.
    origin: Instant,
    tally: Tally,
    /// Held while one is ejected, so that the last two are not ejected by each other's example.
    ejecting: Mutex<()>,
}

impl Group {
    /// All endpoints are taken for well.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let standings = settings.endpoints.iter().map(|_| Standing::default());
        Self {
            standings: standings.collect(),
            gate: Gate::new(&settings.concurrency),
            origin: now,
            tally: Tally::default(),
            ejecting: Mutex::new(()),
            settings,
        }
    }

    /// What the operator said.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether none of its endpoints is used.
    pub fn is_down(&self) -> bool {
        !self.standings.iter().any(Standing::is_usable)
    }

    /// What has happened to it so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn standing(&self, position: usize) -> Option<&Standing> {
        self.standings.get(position)
    }

    /// Whether there is anything to choose from.
    pub(super) fn has_several(&self) -> bool {
        self.standings.len() > 1
    }

    /// Whether a request could go elsewhere than where it has been.
    pub(super) fn has_untried(&self, tried: Endpoints) -> bool {
        !balance::usable(&self.standings, tried).is_empty()
    }

    /// Where the request goes; `None` when there is nowhere to go.
    pub(super) fn choose(
        &self,
        tried: Endpoints,
        now: Instant,
        random: impl FnMut() -> u64,
    ) -> Option<usize> {
        match self.standings.as_slice() {
            [only] if tried.is_empty() && only.is_usable() => Some(0),
            standings => {
                balance::choose(standings, &self.settings, tried, self.moment(now), random)
            }
        }
    }

    /// A response has come, after failures.
    pub(super) fn recovered(&self, position: usize, now: Instant) {
        let moment = self.moment(now);
        let change = self.standing(position).map(|it| it.succeeded(moment));
        self.announce_back(position, change);
    }

    /// An exchange has failed.
    pub(super) fn failed(&self, position: usize, failure: &Failure, now: Instant) {
        let ejection = &self.settings.ejection;
        let blame = failure.blame();
        let Some(standing) = self.standing(position).filter(|_| blame != Blame::Nobody) else {
            return;
        };
        if !standing.count_failure(ejection) {
            return;
        }
        let _alone = self.ejecting.lock().unwrap_or_else(PoisonError::into_inner);
        // One slow or broken route must not take the only endpoint away from all others.
        if blame == Blame::Exchange && standing.is_usable() && self.is_last(position) {
            return;
        }
        if standing.eject(self.moment(now), ejection) == Change::Out {
            self.tally.add(Event::Ejected);
            let (upstream, endpoint) = self.names(position);
            warn!(upstream, endpoint, reason = %failure, "an endpoint has failed and is left alone for a while");
        }
    }

    /// The health check has had enough bad answers.
    pub(super) fn found_dead(&self, position: usize, unwell: &Unwell) {
        if self.standing(position).map(Standing::found_dead) == Some(Change::Out) {
            let (upstream, endpoint) = self.names(position);
            warn!(upstream, endpoint, reason = %unwell, "the health check takes an endpoint out");
        }
    }

    /// The health check has had enough good answers.
    pub(super) fn found_well(&self, position: usize, now: Instant) {
        let moment = self.moment(now);
        let change = self.standing(position).map(|it| it.found_well(moment));
        self.announce_back(position, change);
    }

    fn announce_back(&self, position: usize, change: Option<Change>) {
        if change == Some(Change::Back) {
            let (upstream, endpoint) = self.names(position);
            info!(upstream, endpoint, "an endpoint is back");
        }
    }

    fn is_last(&self, position: usize) -> bool {
        let mut others = Endpoints::default();
        others.add(position);
        !self.has_untried(others)
    }

    fn names(&self, position: usize) -> (&str, String) {
        let endpoint = self.settings.endpoints.get(position);
        let endpoint = endpoint.map(Endpoint::to_string).unwrap_or_default();
        (&self.settings.name, endpoint)
    }

    /// Counted from 1, since 0 means never.
    fn moment(&self, now: Instant) -> Moment {
        let since = now.saturating_duration_since(self.origin);
        let milliseconds = since.as_secs().saturating_mul(1000);
        Moment(milliseconds.saturating_add(u64::from(since.subsec_millis()) + 1))
    }
}
