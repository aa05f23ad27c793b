//! Ejection, trials and the way back, with times of our own.

use super::*;

const EJECTION: Ejection = Ejection {
    failures: 3,
    period: Duration::from_secs(10),
};

/// Seconds.
fn at(seconds: u64) -> Moment {
    Moment(1 + seconds * 1000)
}

fn fail(standing: &Standing, now: Moment) -> Change {
    if standing.count_failure(&EJECTION) {
        standing.eject(now, &EJECTION)
    } else {
        Change::None
    }
}

fn ejected(now: Moment) -> Standing {
    let standing = Standing::default();
    assert_eq!(fail(&standing, now), Change::None);
    assert_eq!(fail(&standing, now), Change::None);
    assert_eq!(fail(&standing, now), Change::Out);
    standing
}

#[test]
fn failures_in_a_row_eject_and_a_success_between_forgives() {
    let standing = Standing::default();
    for _ in 0..5 {
        fail(&standing, at(0));
        fail(&standing, at(0));
        assert!(standing.has_failed());
        assert_eq!(standing.succeeded(at(0)), Change::None);
        assert!(!standing.has_failed());
    }
    assert!(standing.is_usable());
    assert!(!ejected(at(0)).is_usable());
}

#[test]
fn none_is_ejected_when_the_operator_wants_none() {
    let standing = Standing::default();
    let never = Ejection {
        failures: 0,
        ..EJECTION
    };
    assert!((0..100).all(|_| !standing.count_failure(&never)));
}

#[test]
fn one_request_tries_an_endpoint_when_its_time_is_over() {
    let standing = ejected(at(0));
    let claim = |now| standing.claim_trial(now, Others::Usable, &EJECTION);
    assert!(!claim(at(9)));
    assert!(claim(at(10)));
    assert!(!claim(at(10)), "somebody else does");
    assert!(claim(at(11)), "nothing was heard of the first");
    assert_eq!(standing.succeeded(at(11)), Change::Back);
    assert!(standing.is_usable());
    assert!(!claim(at(60)), "nothing to find out");
}

#[test]
fn a_last_endpoint_is_tried_every_second() {
    let standing = ejected(at(0));
    let claim = |now| standing.claim_trial(now, Others::None, &EJECTION);
    assert!(!claim(at(0)));
    for second in 1..5 {
        assert!(claim(at(second)));
        assert!(!claim(at(second)));
    }
}

#[test]
fn each_failed_trial_makes_the_next_ejection_longer_up_to_a_limit() {
    let standing = ejected(at(0));
    let mut now = at(10);
    for times in 2..15 {
        assert!(standing.claim_trial(now, Others::Usable, &EJECTION));
        assert_eq!(fail(&standing, now), Change::None, "it was out already");
        now.0 += 10_000 * u64::from(u32::min(times, LONGEST));
        let early = Moment(now.0 - 1);
        assert!(!standing.claim_trial(early, Others::Usable, &EJECTION));
    }
}

#[test]
fn requests_that_were_under_way_do_not_make_an_ejection_longer() {
    let standing = ejected(at(0));
    for _ in 0..20 {
        assert_eq!(fail(&standing, at(1)), Change::None);
    }
    assert!(standing.claim_trial(at(10), Others::Usable, &EJECTION));
}

#[test]
fn a_long_rest_makes_the_next_ejection_short_again() {
    let ejected_again = |after: u64| {
        let standing = ejected(at(0));
        standing.succeeded(at(10));
        for _ in 0..3 {
            fail(&standing, at(10 + after));
        }
        standing.claim_trial(at(20 + after), Others::Usable, &EJECTION)
    };
    assert!(!ejected_again(50), "twice as long");
    assert!(ejected_again(101));
}

#[test]
fn the_share_grows_while_an_endpoint_is_back() {
    let standing = Standing::default();
    let slow_start = Duration::from_secs(10);
    assert_eq!(standing.weight(at(0), slow_start), FULL_WEIGHT);
    assert_eq!(standing.found_dead(), Change::Out);
    assert_eq!(standing.found_dead(), Change::None);
    assert!(!standing.is_usable());
    assert_eq!(standing.found_well(at(20)), Change::Back);
    assert_eq!(standing.found_well(at(25)), Change::None);
    assert_eq!(standing.weight(at(20), slow_start), LEAST_WEIGHT);
    assert_eq!(standing.weight(at(25), slow_start), FULL_WEIGHT / 2);
    assert_eq!(standing.weight(at(30), slow_start), FULL_WEIGHT);
    assert_eq!(standing.weight(at(20), Duration::ZERO), FULL_WEIGHT);
}

#[test]
fn what_the_health_check_found_dead_is_not_tried() {
    let standing = ejected(at(0));
    assert_eq!(standing.found_well(at(5)), Change::None);
    assert!(!standing.is_usable(), "requests fail whatever it answers");
    standing.found_dead();
    assert!(!standing.claim_trial(at(100), Others::None, &EJECTION));
    assert_eq!(standing.found_well(at(100)), Change::Back);
    assert!(standing.is_usable());
}
