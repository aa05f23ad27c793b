//! Answers and connections that were under way when their token stopped counting.
//!
//! Like connections that are refused these belong to the process: a stream outlives the snapshot that it began in.

use std::sync::atomic::{AtomicU64, Ordering};

use super::reading::Sample;

/// Why an open stream was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// Its user was blocked.
    Blocked,
    /// Its user has no row any more.
    Deleted,
    /// Its user's sessions from before were ended, for example because the password was changed.
    SessionsEnded,
    /// Its own session was ended.
    SessionEnded,
    /// Its token has expired.
    Expired,
}

/// Every reason and its word.
const REASONS: [(StreamEnd, &str); 5] = [
    (StreamEnd::Blocked, "blocked"),
    (StreamEnd::Deleted, "deleted"),
    (StreamEnd::SessionsEnded, "sessions_ended"),
    (StreamEnd::SessionEnded, "session_ended"),
    (StreamEnd::Expired, "expired"),
];

static ENDED: [AtomicU64; REASONS.len()] = [const { AtomicU64::new(0) }; REASONS.len()];

/// Counts an open stream that was ended.
pub fn stream_ended(reason: StreamEnd) {
    let place = REASONS.iter().position(|(known, _)| *known == reason);
    if let Some(count) = place.and_then(|place| ENDED.get(place)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let counts = REASONS.iter().zip(&ENDED);
    let sample = |((_, word), count): (&(StreamEnd, &str), &AtomicU64)| Sample {
        labels: vec![("reason", (*word).to_owned())],
        value: count.load(Ordering::Relaxed),
    };
    counts.map(sample).collect()
}
