//! What was decided lately, for operators who ask why.
//!
//! Each core keeps its own, for a stated time and no more than a stated number of them: of refusals what is needed to
//! explain them, never a query, a token or the value of a claim.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use ::http::{HeaderValue, Method, uri::PathAndQuery};

use super::{noted::Known, observe::WouldBe, token_facts::TokenFacts, token_fate::Fate};
use crate::{
    clock::UnixSeconds,
    entropy::DecisionId,
    policy::explanation::Check,
    telemetry::{DecisionKeeping, KeptDecisions},
};

/// Longer paths are cut: a client must not choose how much is remembered of it.
const LONGEST_PATH: usize = 1024;

/// What all cores have decided lately.
#[derive(Debug)]
pub struct Decisions {
    keeping: DecisionKeeping,
    /// Each core may keep this many.
    share: usize,
    cores: Mutex<Vec<Arc<CoreDecisions>>>,
}

/// What one core has decided lately. No other core writes to it.
#[derive(Debug)]
pub(super) struct CoreDecisions {
    keeping: DecisionKeeping,
    share: usize,
    kept: Mutex<VecDeque<Arc<Decision>>>,
}

/// One decision.
#[derive(Debug)]
pub struct Decision {
    pub(super) id: DecisionId,
    pub(super) at: UnixSeconds,
    pub(super) kept_at: Instant,
    /// Names the configuration that it was decided by.
    pub(super) config: Box<str>,
    pub(super) method: Method,
    /// As it was sent, without its query; `None` for what never became a request.
    pub(super) path: Option<Box<str>>,
    pub(super) host: Option<Box<str>>,
    pub(super) client: HeaderValue,
    pub(super) route: Option<DecidedRoute>,
    pub(super) token: Option<DecidedToken>,
    /// The subject as the log shows it.
    pub(super) subject: Option<Box<str>>,
    pub(super) status: u16,
    pub(super) outcome: &'static str,
    /// Why it was refused.
    pub(super) reason: Option<Box<str>>,
    /// The steps of the rule, of a request that was refused once it had been asked.
    pub(super) checks: Vec<Check>,
    /// The names of headers that did not go on, or would not have.
    pub(super) removed: Vec<Box<str>>,
    /// The names of headers that were made for the upstream.
    pub(super) added: Vec<Box<str>>,
    /// The endpoint that had the request last, and did not answer it.
    pub(super) endpoint: Option<Box<str>>,
    /// What would have refused it, where its route is only observed.
    pub(super) observed: Option<WouldBe>,
}

/// The token, and what became of it.
#[derive(Debug)]
pub(super) struct DecidedToken {
    pub(super) facts: TokenFacts,
    pub(super) fate: Fate,
    pub(super) known: Known,
    /// What was said of it by whatever can revoke it, if anything can.
    pub(super) revocation: Option<Box<str>>,
}

/// The route, as it was called when it was taken.
#[derive(Debug)]
pub(super) struct DecidedRoute {
    pub(super) name: Arc<str>,
    pub(super) place: Arc<str>,
    pub(super) access: &'static str,
    pub(super) mode: &'static str,
}

impl Decisions {
    /// For this many cores.
    pub fn new(keeping: DecisionKeeping, cores: usize) -> Self {
        Self {
            share: (keeping.most / cores.max(1)).max(1),
            keeping,
            cores: Mutex::default(),
        }
    }

    /// The decisions of one more core.
    pub(super) fn core(&self) -> Arc<CoreDecisions> {
        let core = Arc::new(CoreDecisions {
            keeping: self.keeping,
            share: self.share,
            kept: Mutex::default(),
        });
        self.cores().push(Arc::clone(&core));
        core
    }

    /// The decision with this id, if it is still kept.
    pub fn find(&self, id: &str, now: Instant) -> Option<Arc<Decision>> {
        let cores = self.cores().clone();
        cores.iter().find_map(|core| core.find(id, now))
    }

    fn cores(&self) -> MutexGuard<'_, Vec<Arc<CoreDecisions>>> {
        // A push is all that happens to it.
        self.cores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CoreDecisions {
    /// Whether requests that nobody refused are kept too.
    pub(super) fn keeps_all(&self) -> bool {
        self.keeping.which == KeptDecisions::All
    }

    pub(super) fn keep(&self, decision: Decision) {
        let now = decision.kept_at;
        let mut kept = self.kept();
        let is_old = |decision: &Arc<Decision>| self.is_old(decision, now);
        while kept.len() >= self.share || kept.front().is_some_and(is_old) {
            kept.pop_front();
        }
        kept.push_back(Arc::new(decision));
    }

    fn find(&self, id: &str, now: Instant) -> Option<Arc<Decision>> {
        let kept = self.kept();
        let found = kept
            .iter()
            .rev()
            .find(|decision| decision.id.as_str() == id);
        let found = found.filter(|decision| !self.is_old(decision, now));
        found.cloned()
    }

    fn is_old(&self, decision: &Decision, now: Instant) -> bool {
        now.saturating_duration_since(decision.kept_at) > self.keeping.time
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<Decision>>> {
        // Whatever was interrupted, each entry is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path without its query, cut where it is very long.
pub(super) fn path_of(target: &PathAndQuery) -> Box<str> {
    let path = target.path();
    match path.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => format!("{}…", path.get(..end).unwrap_or_default()).into(),
        None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{clock::Clock, entropy::Entropy};

    fn decision(id: DecisionId, kept_at: Instant) -> Decision {
        Decision {
            id,
            at: UnixSeconds(0),
            kept_at,
            config: "".into(),
            method: Method::GET,
            path: None,
            host: None,
            client: HeaderValue::from_static("192.0.2.1"),
            route: None,
            token: None,
            subject: None,
            status: 401,
            outcome: "missing_token",
            reason: None,
            checks: Vec::new(),
            removed: Vec::new(),
            added: Vec::new(),
            endpoint: None,
            observed: None,
        }
    }

    #[test]
    fn decisions_are_kept_for_their_time_and_the_oldest_makes_room() {
        let keeping = DecisionKeeping {
            which: KeptDecisions::Refusals,
            time: Duration::from_secs(60),
            most: 6,
        };
        let decisions = Decisions::new(keeping, 2);
        let cores = [decisions.core(), decisions.core()];
        let mut entropy = Entropy::seeded(1);
        let start = Clock.instant();
        let ids: Vec<DecisionId> = (0..4).map(|_| entropy.decision_id()).collect();
        for id in &ids {
            cores[0].keep(decision(*id, start));
        }
        let is_kept = |id: &DecisionId, now| decisions.find(id.as_str(), now).is_some();
        let kept: Vec<bool> = ids.iter().map(|id| is_kept(id, start)).collect();
        assert_eq!(kept, [false, true, true, true]);
        let later = start + Duration::from_secs(61);
        assert!(!is_kept(&ids[3], later));
        let other = entropy.decision_id();
        cores[1].keep(decision(other, later));
        assert!(is_kept(&other, later));
        let next = entropy.decision_id();
        cores[0].keep(decision(next, later));
        assert_eq!(cores[0].kept().len(), 1);
    }

    #[test]
    fn a_path_is_kept_without_its_query_and_not_at_any_length() {
        let path = path_of(&PathAndQuery::from_static("/a?token=x"));
        assert_eq!(&*path, "/a");
        let long = format!("/{}", "a".repeat(5000));
        let long = path_of(&PathAndQuery::try_from(long).unwrap());
        assert!(long.len() < 1100 && long.ends_with('…'), "{}", long.len());
    }
}
