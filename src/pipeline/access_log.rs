//! One line per request: what was asked, which route, what came of it, why.
//!
//! The line is written when the answer's body has left, so that its size and time are true. It never has a query, a
//! token, an e-mail or a body.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderValue, Method, uri::PathAndQuery};
use tracing::info;

use super::{body::BrokenOff, identify::Proof};
use crate::{clock::Clock, entropy::DecisionId};

/// A finished line, waiting for the body to leave.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) decision: DecisionId,
    pub(super) started: Instant,
    pub(super) client: HeaderValue,
    pub(super) method: Method,
    pub(super) target: Option<PathAndQuery>,
    pub(super) status: u16,
    /// What the client got, where `status` is what it means.
    pub(super) sent: Option<u16>,
    pub(super) route: Option<Arc<str>>,
    pub(super) proof: Option<Arc<Proof>>,
    pub(super) outcome: &'static str,
    pub(super) observed: Option<&'static str>,
    pub(super) reason: Option<String>,
    pub(super) upstream_time: Option<Duration>,
    pub(super) bytes: u64,
    pub(super) whole: Whole,
}

/// Whether all of an answer has been given to its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    NotYet,
    Yes,
}

impl Line {
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    pub(super) fn broke(&mut self, error: &BrokenOff) {
        self.outcome = match error {
            BrokenOff::Upstream(_) => "upstream_broke_off",
            BrokenOff::Ended(_) => "stream_ended",
        };
        self.reason = Some(error.to_string());
        self.whole = Whole::Yes;
    }

    pub(super) fn ended(&mut self) {
        self.whole = Whole::Yes;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.whole == Whole::NotYet {
            self.outcome = "cut_off";
        }
        let elapsed = Clock.instant().duration_since(self.started);
        // Bytes are what needs no look for characters to escape: words of ours, digits, a method's token.
        info!(
            target: "sidegate::access",
            method = self.method.as_str().as_bytes(),
            path = self.target.as_ref().map_or("", PathAndQuery::path),
            status = self.status,
            sent = self.sent,
            route = self.route.as_deref(),
            outcome = self.outcome.as_bytes(),
            observed = self.observed,
            reason = self.reason.as_deref(),
            subject = self.proof.as_ref().map(|proof| &*proof.log_subject),
            client = self.client.as_bytes(),
            bytes = self.bytes,
            time_us = micros(elapsed),
            upstream_us = self.upstream_time.map(micros),
            decision = self.decision.as_bytes(),
        );
    }
}

/// Microseconds; a duration of more than 584 000 years does not occur.
fn micros(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1_000_000);
    whole.saturating_add(duration.subsec_micros().into())
}
