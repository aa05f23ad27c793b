//! What becomes of a request in one configuration and in the other.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    pipeline::explain::{Explanation, Verdict as Explained},
    policy::route::Route,
};

/// Whether somebody is let in who was not, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    /// What was refused goes on.
    Opens,
    /// What went on is refused.
    Closes,
    /// Neither, but something else.
    Differs,
}

/// To how many a request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Openness {
    /// To nobody.
    Refused,
    /// To whom a row or a key decides that is not known here.
    Undecided,
    /// To whoever sends it.
    Passes,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Verdict {
    /// In words.
    pub(super) outcome: String,
    pub(super) passes: bool,
    #[serde(skip)]
    pub(super) openness: Openness,
    /// The code of a refusal that is only observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) observed: Option<String>,
    /// The names of headers that are added.
    pub(super) headers: Vec<String>,
}

/// A route, as it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) struct RouteName {
    pub(super) route: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) host: String,
    pub(super) place: String,
}

/// Requests that become different in the same way, by one of them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Change {
    pub(super) effect: Effect,
    /// `GET /users/5`.
    pub(super) request: String,
    /// Its Host, where that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    pub(super) callers: BTreeSet<String>,
    pub(super) before: Verdict,
    pub(super) after: Verdict,
    pub(super) route_before: Option<RouteName>,
    pub(super) route_after: Option<RouteName>,
    /// How many requests there are like it.
    pub(super) requests: usize,
}

/// A route that does something else with requests that it had before, or takes over from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct RouteChange {
    pub(super) before: RouteName,
    pub(super) after: RouteName,
    pub(super) keys: Vec<&'static str>,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Differences {
    pub(super) requests: usize,
    pub(super) complete: bool,
    pub(super) changes: Vec<Change>,
    pub(super) routes: Vec<RouteChange>,
}

impl Differences {
    /// How many requests have this effect.
    pub(super) fn count(&self, effect: Effect) -> usize {
        let changes = self.changes.iter().filter(|change| change.effect == effect);
        changes.map(|change| change.requests).sum()
    }
}

impl RouteName {
    pub(super) fn of(route: &Route) -> Self {
        Self {
            route: route.name.to_string(),
            host: route.host.to_string(),
            place: route.place.to_string(),
        }
    }
}

/// In short.
pub(super) fn verdict(explanation: &Explanation) -> Verdict {
    let (outcome, openness) = match &explanation.verdict {
        Explained::Refused { status, code, .. } => {
            (format!("refused with {status} {code}"), Openness::Refused)
        }
        Explained::Undecided => ("undecided".to_owned(), Openness::Undecided),
        Explained::Forwarded { upstream } => (format!("forwarded to {upstream}"), Openness::Passes),
        Explained::Answered => ("answered by the gateway".to_owned(), Openness::Passes),
    };
    let passes = openness == Openness::Passes;
    let mut headers = if passes {
        explanation.headers.clone()
    } else {
        Vec::new()
    };
    headers.sort();
    headers.dedup();
    let observed = explanation.observed.as_ref();
    Verdict {
        outcome,
        passes,
        openness,
        observed: observed.map(|observed| observed.code.to_string()),
        headers,
    }
}

/// The route that was taken.
pub(super) fn name(explanation: &Explanation) -> Option<RouteName> {
    let taken = explanation.route.as_ref()?;
    Some(RouteName {
        route: taken.route.clone(),
        host: String::new(),
        place: taken.place.clone(),
    })
}
