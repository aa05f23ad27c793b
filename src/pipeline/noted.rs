//! What is written down on the way, for whoever asks why a request was refused.
//!
//! A request that nobody refuses pays for one byte of it: the rest is found out again, by the same functions, once it is
//! refused and as long as it is there.

use super::{
    authorize::{Connected, facts},
    inject::{Added, removed},
    live::Live,
    stage::{Identified, Routed},
};
use crate::{
    policy::{
        decide::decide,
        explanation::{Check, Recorder},
    },
    upstream::{Failure, Undelivered},
};

/// Of one request.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) known: Known,
    pub(super) refusal: Option<Box<OfRefusal>>,
}

/// What earlier requests have found out about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Known {
    /// Nothing: it had to be verified.
    #[default]
    Nothing,
    /// That it is signed.
    Proof,
    /// That it is not.
    Forgery,
}

/// What is known of a request that was refused.
#[derive(Debug, Default)]
pub(super) struct OfRefusal {
    /// The steps of the route's rule, if it was asked.
    pub(super) checks: Vec<Check>,
    /// The names of headers that would not have gone on.
    pub(super) removed: Vec<Box<str>>,
    /// The names of headers that were made for the upstream.
    pub(super) added: Vec<Box<str>>,
    /// The endpoint that had it last.
    pub(super) endpoint: Option<Box<str>>,
}

impl Noted {
    /// A request that was refused before its rule was asked.
    #[cold]
    pub(super) fn refused<B>(&mut self, routed: &Routed<'_, B>, live: &Live) {
        let headers = routed.received.request.headers();
        let refusal = self.refusal.get_or_insert_default();
        refusal.removed = removed(headers, routed.route, live)
            .map(Box::from)
            .collect();
    }

    /// One that was refused by its rule or after it: the rule is asked again, by the one evaluator.
    #[cold]
    pub(super) fn refused_by_rule<B>(
        &mut self,
        identified: &Identified<'_, B>,
        connected: &Connected<'_>,
        live: &Live,
    ) {
        let routed = &identified.routed;
        self.refused(routed, live);
        let mut recorder = Recorder::default();
        // It has been decided already.
        let _ = decide(routed.route, &facts(identified, connected), &mut recorder);
        self.refusal.get_or_insert_default().checks = recorder.into_checks();
    }

    /// One that its upstream has not answered.
    #[cold]
    pub(super) fn not_answered(&mut self, lost: Undelivered, added: &Added<'_>) -> Failure {
        let refusal = self.refusal.get_or_insert_default();
        refusal.added = added.names();
        refusal.endpoint = lost.endpoint;
        lost.failure
    }
}

impl Known {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "miss",
            Self::Proof => "hit",
            Self::Forgery => "hit, as a forgery",
        }
    }
}
