//! Requests byte by byte: what is answered, whether the connection goes on, and what reaches the upstream.
//!
//! The cases are files of `tests/fixtures/wire`, written as `case.rs` reads them. Each is played whole, cut in two,
//! byte by byte, and behind a good request: a rule that holds for one read only is none.

mod case;
mod play;
mod sockets;

use crate::harness::{Gateway, Upstream};
use case::Case;
use play::{Bench, Play};

/// What stands before a case on the same connection: one request without a body, and one of each framing.
const BEFORE: [&str; 3] = [
    "GET /before HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "POST /before HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nhello",
    "POST /before HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
];

fn bench() -> Bench {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("public_by_default", "acknowledged")
        // The system's table of these sockets is short, and is looked at very often.
        .section("listeners", "[{ address: \"[::1]:0\" }]")
        // A hundred requests that come byte by byte take their time.
        .section("limits", "{ header_timeout: 5m, body_timeout: 5m }")
        .routes("[{ match: \"/**\", access: public }, { match: /guarded, access: required }]")
        .start();
    Bench::new(gateway, upstream)
}

/// Plays every case of a file in every way that `plays` says, and reports all that went wrong.
#[track_caller]
fn all(file: &str, plays: impl Fn(&Case) -> Vec<Play<'_>>) {
    let bench = bench();
    let cases = Case::load(file);
    let wrong = bench.wrong(cases.iter().flat_map(plays).collect());
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} wrong\n{}", wrong.join("\n"));
}

/// One read, and as many as there are bytes; a long one in fewer.
fn whole_and_dribbled(case: &Case) -> Vec<Play<'_>> {
    const READS: usize = 400;
    let size = case.sent.len().div_ceil(READS);
    let pieces = case.sent.chunks(size).collect();
    vec![Play::of(case, vec![&case.sent]), Play::of(case, pieces)]
}

/// Cut in two at the ends of its lines, where most goes wrong, and at some other places.
fn cut(case: &Case) -> Vec<Play<'_>> {
    const PLACES: usize = 16;
    let stride = case.sent.len().div_ceil(PLACES);
    let worth = |at: &usize| {
        let around = case.sent.get(at - 1..=*at).unwrap_or_default();
        at.is_multiple_of(stride) || around.iter().any(|byte| b"\r\n".contains(byte))
    };
    let places = (1..case.sent.len()).filter(worth).take(4 * PLACES);
    places
        .map(|at| {
            let (first, second) = case.sent.split_at(at);
            Play::of(case, vec![first, second])
        })
        .collect()
}

fn behind(case: &Case) -> Vec<Play<'_>> {
    BEFORE
        .iter()
        .map(|before| Play::behind(case, before))
        .collect()
}

macro_rules! corpus {
    ($($file:ident)*) => {$(
        mod $file {
            #[test]
            fn in_one_read_and_byte_by_byte() {
                super::all(stringify!($file), super::whole_and_dribbled);
            }

            #[test]
            fn cut_in_two() {
                super::all(stringify!($file), super::cut);
            }

            #[test]
            fn behind_a_good_request() {
                super::all(stringify!($file), super::behind);
            }
        }
    )*};
}

corpus! { accepted chunks framing headers heads hosts lines old }
