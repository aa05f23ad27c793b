//! A real server, and gateways that are only limits of one name.

use std::{hash::RandomState, net::IpAddr, num::NonZeroU32};

use super::*;
use crate::{
    clock::Clock,
    ratelimit::{
        By, Quota,
        quota::{Nanoseconds, Taken},
    },
    valkey::bench::Bench,
};

fn quota(count: u32, seconds: u64, burst: u32) -> Quota {
    let number = |number| NonZeroU32::new(number).expect("a number");
    let period = Duration::from_secs(seconds);
    let quota = Quota::new(number(count), period, number(burst));
    quota.expect("a quota").in_microseconds()
}

/// The same limit at one gateway more.
fn limit(name: &str, quota: Quota, server: &Arc<Valkey>) -> Arc<RateLimit> {
    let settings = Settings {
        name: name.into(),
        by: By::Subject,
        quota,
        keys: 1_024,
        shared: Some(Secret::new(b"a secret of all gateways".to_vec())),
    };
    let limit = RateLimit::new(settings, RandomState::new(), Clock.instant());
    Arc::new(limit.counted_in(Arc::clone(server)))
}

fn pending(limit: &Arc<RateLimit>, subject: &str) -> Pending {
    let key = Key::Subject(subject);
    let here = limit.take(key, Clock.instant()).expect("one here");
    limit.pending(key, &here).expect("it is shared")
}

#[tokio::test]
async fn the_server_decides_as_the_arithmetic_does() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    // Longer than the test takes: the server forgets by its own clock.
    let quota = quota(7, 1_000, 5);
    let limit = limit("few", quota, &server);
    let mut full_at: Nanoseconds = 0;
    let mut now = 1_800_000_000_000_000_u64;
    let mut state = 1_u64;
    let mut refused = 0;
    let one = pending(&limit, "7");
    for _ in 0..400 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        now += (state >> 33) % 250_000_000;
        let expected = quota.take(full_at, now * 1_000);
        let answers = take(&server, std::slice::from_ref(&one), now)
            .await
            .expect("an answer");
        match expected {
            Taken::Admitted(moved) => {
                full_at = moved;
                let used = Duration::from_nanos(moved - now * 1_000);
                assert_eq!(answers, [Answer::Taken(used)]);
            }
            Taken::Refused => {
                refused += 1;
                let used = Duration::from_nanos(full_at - now * 1_000);
                assert_eq!(answers, [Answer::Refused(used)]);
            }
        }
    }
    assert!((50..350).contains(&refused), "{refused}");
}

#[tokio::test]
async fn two_processes_have_one_count_and_what_is_refused_is_given_back_here() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    let quota = quota(3, 3_600, 3);
    let [one, other] = [(); 2].map(|()| limit("few", quota, &server));
    for limit in [&one, &other, &one] {
        let settled = settle(vec![pending(limit, "7")]).await;
        assert!(matches!(settled.as_slice(), [Ok(_)]), "{settled:?}");
    }
    for _ in 0..5 {
        let settled = settle(vec![pending(&other, "7")]).await;
        let [Err(exceeded)] = settled.as_slice() else {
            panic!("{settled:?}");
        };
        let after = exceeded.retry_after().as_secs();
        assert!((1_190..=1_200).contains(&after), "{after}");
    }
    assert_eq!((other.refused(), other.counted_alone()), (5, 0));
    let settled = settle(vec![pending(&one, "8")]).await;
    let [Ok(standing)] = settled.as_slice() else {
        panic!("{settled:?}");
    };
    assert_eq!(standing.current(), "\"few\";r=2;t=1200");
}

#[tokio::test]
async fn one_that_is_used_up_leaves_those_behind_it_untouched() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    let [first, second, third] =
        [("first", 9), ("second", 1), ("third", 9)].map(|(name, count)| {
            let quota = quota(count, 3_600, count);
            (limit(name, quota, &server), limit(name, quota, &server))
        });
    assert!(matches!(
        *settle(vec![pending(&second.0, "7")]).await,
        [Ok(_)]
    ));
    let all = [&first.1, &second.1, &third.1].map(|limit| pending(limit, "7"));
    let settled = settle(all.into()).await;
    assert!(matches!(settled.as_slice(), [Ok(_), Err(_)]));
    for (limit, left) in [(&first.0, 7), (&third.0, 8)] {
        let settled = settle(vec![pending(limit, "7")]).await;
        let [Ok(standing)] = settled.as_slice() else {
            panic!("{settled:?}");
        };
        assert!(standing.current().contains(&format!(";r={left};")));
    }
}

#[tokio::test]
async fn many_at_once_get_no_more_than_there_is() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    let quota = quota(20, 3_600, 20);
    let limits = [(); 10].map(|()| limit("few", quota, &server));
    let asked = (0..200).filter_map(|number: usize| {
        let limit = limits.get(number % 10)?;
        Some(settle(vec![pending(limit, "7")]))
    });
    let settled = futures_util::future::join_all(asked).await;
    let admitted = settled.iter().flatten().filter(|it| it.is_ok());
    assert_eq!(admitted.count(), 20);
}

#[tokio::test]
async fn a_clock_of_the_server_that_was_set_back_locks_nobody_out() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    let limit = limit("few", quota(1, 60, 1), &server);
    let one = [pending(&limit, "7")];
    let minute = Duration::from_secs(60);
    let later = 1_800_000_000_000_000;
    let earlier = later - 86_400_000_000;
    assert_eq!(
        take(&server, &one, later).await,
        Ok(vec![Answer::Taken(minute)])
    );
    assert_eq!(
        take(&server, &one, earlier).await,
        Ok(vec![Answer::Refused(minute)])
    );
}

#[tokio::test]
async fn what_the_server_is_given_tells_kinds_apart_and_says_nothing() {
    let bench = Bench::start();
    let server = Arc::new(bench.server());
    let limit = limit("few", quota(3, 60, 3), &server);
    let shared = limit.shared.as_ref().expect("it is shared");
    let address: IpAddr = "192.0.2.1".parse().expect("an address");
    let keys = [
        Key::Client(None),
        Key::Client(Some(address.into())),
        Key::Subject("7"),
        Key::Row("7"),
        Key::Login("7"),
        Key::Route("7", ""),
        Key::Route("", "7"),
    ];
    let names: std::collections::BTreeSet<String> =
        keys.iter().map(|key| shared.name(*key)).collect();
    assert_eq!(names.len(), keys.len());
    let other = super::super::Settings {
        quota: quota(4, 60, 4),
        ..limit.settings().clone()
    };
    let secret = other.shared.clone().expect("a secret");
    let other = Shared::new(Arc::clone(&server), &secret, &other);
    assert_ne!(
        other.name(Key::Subject("7")),
        shared.name(Key::Subject("7"))
    );
}
