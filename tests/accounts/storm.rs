//! Many logins at once, and what the time of a login tells.

use std::time::Duration;

use sidegate::clock::Clock;

use super::{gateway, login};
use crate::harness::{Gateway, Upstream, users::User};

/// bcrypt of something that nobody types. Without optimisation this cost takes about as long as 12 does with it.
const SLOW: &str = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

fn add(gateway: &Gateway, hash: &str) {
    gateway.setup().users().add(&User {
        id: 5,
        name: "slow",
        hash: Some(hash),
        active: true,
        restricted: false,
    });
}

#[test]
fn past_the_queue_logins_are_refused_and_traffic_goes_on() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("passwords", "{ threads: 1, queue: 1 }")
        .start();
    add(&gateway, SLOW);
    let request = login("slow@example.com", "wrong").bytes();
    let mut waiting: Vec<_> = (0..6).map(|_| gateway.client().connect()).collect();
    for connection in &mut waiting {
        connection.write(&request);
    }
    let answers = waiting.iter_mut().map(|connection| {
        assert_eq!(gateway.get("/public/x").status, 200);
        connection.response()
    });
    let (busy, checked): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 503);
    assert!(
        !busy.is_empty() && !checked.is_empty(),
        "{} of 6 were refused",
        busy.len()
    );
    assert!(
        checked.iter().all(|answer| answer.status == 400),
        "{checked:?}"
    );
    for answer in busy {
        assert_eq!(answer.header("retry-after"), Some("2"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["type"], "urn:sidegate:login_busy");
    }
}

#[test]
fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let gateway = gateway();
    add(&gateway, SLOW);
    let time = |email: &str| {
        let started = Clock.instant();
        assert_eq!(gateway.send(&login(email, "wrong")).status, 400);
        Clock.instant().duration_since(started)
    };
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    // In turns, so that a busy machine slows down both; the first login tells the gateway the usual cost.
    let pairs = (0..7).map(|_| (time("slow@example.com"), time("nobody@example.com")));
    let (known, unknown): (Vec<_>, Vec<_>) = pairs.unzip();
    let ratio = median(unknown) / median(known);
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

#[test]
fn a_user_without_a_password_takes_as_long_too() {
    let gateway = gateway();
    add(&gateway, SLOW);
    assert_eq!(
        gateway.send(&login("slow@example.com", "wrong")).status,
        400
    );
    let fastest = |email: &str| {
        let times = (0..5).map(|_| {
            let started = Clock.instant();
            assert_eq!(gateway.send(&login(email, "wrong")).status, 400);
            Clock.instant().duration_since(started)
        });
        times.min().expect("a time")
    };
    let (with, without) = (
        fastest("slow@example.com"),
        fastest("passwordless@example.com"),
    );
    assert!(without > with / 2, "{without:?} {with:?}");
}
