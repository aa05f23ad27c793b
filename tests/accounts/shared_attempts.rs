//! Failed logins that several gateways count together.

use super::login;
use crate::harness::{
    Gateway, Request, Setup, Upstream, redis::Redis, users::PASSWORD, wait_until,
};

/// Four failures, and then an hour.
const ATTEMPTS: &str = "
secret: attempts-secret-of-the-tests-0123456789
counted_in: redis
accounts: { after: 4, delay: 1h, longest: 1h, forget: 2h }
addresses: { after: 1000000, delay: 1s, longest: 1s, forget: 2s }
known_devices: { carried_by: header }";

fn setup(redis: &Redis) -> Setup {
    Gateway::before(&Upstream::start())
        .section(
            "rate_limits",
            "{ login_clients: { by: client, rate: 1000000/1m } }",
        )
        .section("attempts", ATTEMPTS)
        .section("redis", &format!("{{ url: \"{}\" }}", redis.url()))
}

fn wrong() -> Request {
    login("active@example.com", "wrong")
}

fn right() -> Request {
    login("active@example.com", PASSWORD)
}

/// One that had to wait would be refused without Redis being asked.
fn names() -> impl Iterator<Item = Request> {
    (0..).map(|number| login(&format!("user{number}@example.com"), "wrong"))
}

fn status(gateway: &Gateway, request: &Request) -> u16 {
    gateway.send(request).status
}

fn metric(gateway: &Gateway, line: &str) -> u64 {
    let metrics = gateway.ask("/metrics").text();
    let value = metrics.lines().find_map(|it| it.strip_prefix(line));
    let value = value.unwrap_or_else(|| panic!("{line} is not in {metrics}"));
    value.trim().parse().expect("a number")
}

#[test]
fn attempts_at_two_gateways_are_limited_as_those_at_one() {
    let redis = Redis::start();
    let gateways = [(); 2].map(|()| setup(&redis).start());
    let statuses: Vec<u16> = (0..8)
        .map(|number| status(&gateways[number % 2], &wrong()))
        .collect();
    assert_eq!(statuses, [400, 400, 400, 400, 429, 429, 429, 429]);
    // Nothing there says who it is.
    let kept = redis.dump();
    assert!(
        kept.contains("{sidegate}:failed:") && !kept.contains("active"),
        "{kept}"
    );
}

#[test]
fn attempts_at_two_gateways_at_once_are_no_more_guesses() {
    let redis = Redis::start();
    let gateways = [(); 2].map(|()| setup(&redis).start());
    let admitted: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let gateway = &gateways[number % 2];
                scope.spawn(move || (0..10).filter(|_| status(gateway, &wrong()) == 400).count())
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("a count"))
            .sum()
    });
    assert_eq!(admitted, 4);
}

#[test]
fn a_gateway_that_is_started_again_forgets_no_failure() {
    let redis = Redis::start();
    let gateway = setup(&redis).start();
    for _ in 0..4 {
        assert_eq!(status(&gateway, &wrong()), 400);
    }
    drop(gateway);
    let gateway = setup(&redis).start();
    assert_eq!(status(&gateway, &right()), 429);
}

#[test]
fn a_device_that_one_gateway_knows_is_known_to_the_other() {
    let redis = Redis::start();
    let gateways = [(); 2].map(|()| setup(&redis).start());
    let granted = gateways[0].send(&right());
    let device = granted.header("known-device").expect("a device");
    for number in 0..8 {
        status(&gateways[number % 2], &wrong());
    }
    assert_eq!(status(&gateways[1], &right()), 429);
    let known = right().header("Known-Device", device);
    assert_eq!(status(&gateways[1], &known), 200);
}

#[test]
fn while_redis_is_away_each_gateway_counts_alone_and_none_fails() {
    let mut redis = Redis::start();
    let gateway = setup(&redis).start();
    assert_eq!(status(&gateway, &wrong()), 400);
    assert_eq!(
        metric(&gateway, "sidegate_shared_counters_up{place=\"redis\"}"),
        1
    );
    redis.kill();
    // What this process has counted itself goes on to count.
    let statuses = [(); 5].map(|()| status(&gateway, &wrong()));
    assert_eq!(statuses, [400, 400, 400, 429, 429]);
    assert_eq!(status(&gateway, &login("other@example.com", "wrong")), 400);
    assert!(gateway.log_line("counts alone").contains("WARN"));
    assert_eq!(
        metric(&gateway, "sidegate_shared_counters_up{place=\"redis\"}"),
        0
    );
    assert!(
        metric(
            &gateway,
            "sidegate_login_attempts_total{outcome=\"counted_alone\"}"
        ) >= 4
    );
    redis.come_back();
    let mut names = names();
    wait_until("Redis is found again", || {
        status(&gateway, &names.next().expect("a name"));
        metric(&gateway, "sidegate_shared_counters_up{place=\"redis\"}") == 1
    });
    // It has forgotten; this process has not.
    assert_eq!(status(&gateway, &wrong()), 429);
    gateway.log_line("answers again");
}

#[test]
fn a_login_waits_for_a_server_that_is_stuck_no_longer_than_its_deadline() {
    let redis = Redis::start();
    let gateway = setup(&redis).start();
    assert_eq!(status(&gateway, &right()), 200);
    redis.paused(|| {
        let lines = gateway.access_lines(1).len();
        for _ in 0..3 {
            assert_eq!(status(&gateway, &right()), 200);
        }
        let lines = gateway.access_lines(lines + 3);
        let times: Vec<u64> = lines
            .iter()
            .filter_map(|line| line["time_us"].as_u64())
            .collect();
        // The deadline once, and then the server is left alone for a second.
        let slow = times.iter().filter(|time| **time > 100_000).count();
        assert!(slow <= 2, "{times:?}");
        assert!(times.iter().all(|time| *time < 5_000_000), "{times:?}");
    });
    wait_until("Redis is found again", || {
        status(&gateway, &right());
        metric(&gateway, "sidegate_shared_counters_up{place=\"redis\"}") == 1
    });
}

#[test]
fn a_gateway_starts_while_redis_is_away() {
    let mut redis = Redis::start();
    redis.kill();
    let gateway = setup(&redis).start();
    let statuses = [(); 5].map(|()| status(&gateway, &wrong()));
    assert_eq!(statuses, [400, 400, 400, 400, 429]);
    redis.come_back();
    let mut names = names();
    wait_until("Redis is found", || {
        status(&gateway, &names.next().expect("a name"));
        redis.dump().contains("failed")
    });
}
