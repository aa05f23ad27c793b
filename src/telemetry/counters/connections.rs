//! Connections that end before or beside a request.
//!
//! These numbers belong to the process and not to a gateway: a connection is refused where no request, no route and
//! no snapshot is known.

use std::sync::atomic::{AtomicU64, Ordering};

use super::reading::Sample;

/// Why a connection was refused or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionRefusal {
    /// The system would not accept it, for example for want of file descriptors.
    Accept,
    /// As many connections are open as the limit allows, so that the next one waits.
    TooMany,
    /// More connections of one address are open than the limit.
    TooManyOfAddress,
    /// Its PROXY header is missing, broken or not allowed.
    ProxyHeader,
    /// Its TLS handshake failed.
    TlsHandshake,
    /// Its TLS handshake or its PROXY header took too long.
    SlowStart,
    /// A request head took too long.
    SlowHead,
    /// A request body made no progress.
    SlowBody,
    /// Its answer was not read.
    SlowReader,
    /// Its bytes are no request: bad framing, or a head that is too large.
    BadRequest,
    /// It reset more streams than the limit.
    StreamResets,
    /// Control frames without end: CONTINUATION, SETTINGS, PING.
    FrameFlood,
    /// The drain's deadline cut it off.
    Drain,
}

/// Every reason and its word.
const REASONS: [(ConnectionRefusal, &str); 13] = [
    (ConnectionRefusal::Accept, "accept"),
    (ConnectionRefusal::TooMany, "too_many"),
    (ConnectionRefusal::TooManyOfAddress, "too_many_of_address"),
    (ConnectionRefusal::ProxyHeader, "proxy_header"),
    (ConnectionRefusal::TlsHandshake, "tls_handshake"),
    (ConnectionRefusal::SlowStart, "slow_start"),
    (ConnectionRefusal::SlowHead, "slow_head"),
    (ConnectionRefusal::SlowBody, "slow_body"),
    (ConnectionRefusal::SlowReader, "slow_reader"),
    (ConnectionRefusal::BadRequest, "bad_request"),
    (ConnectionRefusal::StreamResets, "stream_resets"),
    (ConnectionRefusal::FrameFlood, "frame_flood"),
    (ConnectionRefusal::Drain, "drain"),
];

static REFUSED: [AtomicU64; REASONS.len()] = [const { AtomicU64::new(0) }; REASONS.len()];

/// Counts a connection that was refused or cut off.
pub fn connection_refused(reason: ConnectionRefusal) {
    let place = REASONS.iter().position(|(known, _)| *known == reason);
    if let Some(count) = place.and_then(|place| REFUSED.get(place)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let counts = REASONS.iter().zip(&REFUSED);
    let sample = |((_, word), count): (&(ConnectionRefusal, &str), &AtomicU64)| Sample {
        labels: vec![("reason", (*word).to_owned())],
        value: count.load(Ordering::Relaxed),
    };
    counts.map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_and_a_number_of_its_own() {
        // Other tests of this process may count too.
        let value = |word: &str| {
            let samples = samples();
            let sample = samples
                .into_iter()
                .find(|sample| sample.labels[0].1 == word);
            sample.expect("a sample").value
        };
        let before = value("proxy_header");
        connection_refused(ConnectionRefusal::ProxyHeader);
        assert!(value("proxy_header") > before);
        let mut words: Vec<&str> = REASONS.iter().map(|(_, word)| *word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), REASONS.len());
    }
}
