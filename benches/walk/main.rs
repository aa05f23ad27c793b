//! The walk of a guarded request without a network: from the parsed head to the decision.
//!
//! `cargo bench` says how long it takes; `benches/policy/run` counts its instructions.

mod cases;
mod counted;

use divan::{Bencher, black_box};
use sidegate::{
    clock::{Clock, UnixSeconds},
    pipeline::{Live, explain::decide},
};

use cases::{CONFIGURATION, bearer, live, many, request};

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("--count") => counted::run(arguments),
        Some(_) | None => divan::main(),
    }
}

#[divan::bench(args = ["/docs/intro", "/users/7/profile", "/items/5/photos/2", "/deals", "/ruled/7", "/told/7"])]
fn decided(bencher: Bencher<'_, '_>, path: &str) {
    decide_each(bencher, &live(CONFIGURATION), path);
}

/// Among so many routes.
#[divan::bench(args = [10, 1_000, 10_000])]
fn matched(bencher: Bencher<'_, '_>, count: usize) {
    let path = format!("/s{}/7/p{}", (count - 1) % 100, count - 1);
    decide_each(bencher, &live(&many(count)), &path);
}

fn decide_each(bencher: Bencher<'_, '_>, live: &Live, path: &str) {
    let token = bearer(&cases::token("HS256", None, 7));
    let now: UnixSeconds = Clock.unix_seconds();
    assert!(decide(request(path, &token), live, now).is_ok(), "{path}");
    bencher
        .with_inputs(|| request(path, &token))
        .bench_values(|request| decide(black_box(request), live, now).is_ok());
}
