//! Limits that several gateways count together.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{
    Gateway, Request, Setup, Upstream, certificates::Authority, redis::Redis, token, wait_until,
};

const SECRET: &str = "counting-secret-of-the-tests-0123456789";

fn limited(upstream: &Upstream, redis: &Redis, limit: &str) -> Setup {
    let url = redis.url();
    let limits = format!("{{ few: {{ {limit}, counted_in: redis }} }}");
    Gateway::before(upstream)
        .section("rate_limits", &limits)
        .section("redis", &format!("{{ url: \"{url}\", secret: {SECRET} }}"))
        .without("accounts")
        .without("users")
        .routes(
            "[{ match: \"/public/**\", access: public, rate_limit: [few] },\
             { match: \"/free/**\", access: public }]",
        )
}

fn by_subject(upstream: &Upstream, redis: &Redis, mode: &str) -> Setup {
    limited(upstream, redis, "by: subject, rate: 2/1h").routes(&format!(
        "[{{ match: \"/**\", access: required, rate_limit: [few], mode: {mode} }}]"
    ))
}

fn status(gateway: &Gateway, request: &Request) -> u16 {
    gateway.send(request).status
}

fn public() -> Request {
    Request::get("/public/a")
}

fn metric(gateway: &Gateway, line: &str) -> u64 {
    let metrics = gateway.ask("/metrics").text();
    let value = metrics.lines().find_map(|it| it.strip_prefix(line));
    let value = value.unwrap_or_else(|| panic!("{line} is not in {metrics}"));
    value.trim().parse().expect("a number")
}

fn up(gateway: &Gateway) -> u64 {
    metric(gateway, "sidegate_shared_counters_up{place=\"redis\"}")
}

#[test]
fn requests_at_two_gateways_are_limited_as_those_at_one() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateways = [(); 2].map(|()| limited(&upstream, &redis, "by: client, rate: 4/1h").start());
    for (number, left) in [3, 2, 1, 0].into_iter().enumerate() {
        let answer = gateways[number % 2].send(&public());
        assert_eq!(answer.status, 200);
        let current = answer.header("ratelimit").expect("what is left");
        assert_eq!(current, format!("\"few\";r={left};t=900"));
    }
    for gateway in &gateways {
        let refused = gateway.send(&public());
        assert_eq!(refused.status, 429);
        let after = refused.header("retry-after").expect("when");
        let after: u64 = after.parse().expect("a number");
        assert!((880..=900).contains(&after), "{after}");
        assert_eq!(gateway.get("/free/a").status, 200);
        assert_eq!(
            metric(gateway, "sidegate_rate_limited_total{limit=\"few\"}"),
            1
        );
    }
    assert_eq!(upstream.seen().len(), 6);
    // Nothing there says who it is.
    let kept = redis.dump();
    assert!(
        kept.starts_with("{sidegate}:rate:") && !kept.contains("127"),
        "{kept}"
    );
}

#[test]
fn requests_at_two_gateways_at_once_are_no_more_than_allowed() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateways = [(); 2].map(|()| limited(&upstream, &redis, "by: route, rate: 9/1h").start());
    let admitted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (gateway, admitted) = (&gateways[number % 2], &admitted);
            scope.spawn(move || {
                let passed = (0..10).filter(|_| status(gateway, &public()) == 200);
                admitted.fetch_add(passed.count(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(admitted.into_inner(), 9);
}

#[test]
fn a_subject_has_one_count_at_all_gateways() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateways = [(); 2].map(|()| by_subject(&upstream, &redis, "enforce").start());
    let of = |subject: &str| Request::get("/a").token(&token::access(subject));
    let statuses = [0, 1, 0, 1].map(|number: usize| status(&gateways[number], &of("7")));
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert_eq!(status(&gateways[0], &of("8")), 200);
    // The upstream is told who it is, as without the wait.
    let seen = upstream.seen();
    let last = seen.last().expect("a request");
    assert_eq!(last.values("x-user-id"), ["8"]);
}

#[test]
fn an_observed_route_refuses_nobody_for_what_all_gateways_have_counted() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateway = by_subject(&upstream, &redis, "observe").start();
    let request = Request::get("/a").token(&token::access("7"));
    let statuses = [(); 4].map(|()| status(&gateway, &request));
    assert_eq!(statuses, [200; 4]);
    let observed = "sidegate_observed_total{route=\"/**\",host=\"\",code=\"rate_limited\"}";
    assert_eq!(metric(&gateway, observed), 2);
}

#[test]
fn a_gateway_that_is_started_again_or_reads_its_file_again_forgets_nothing() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let setup = || limited(&upstream, &redis, "by: client, rate: 2/1h");
    let gateway = setup().start();
    assert_eq!(status(&gateway, &public()), 200);
    drop(gateway);
    let gateway = setup().start();
    assert_eq!(status(&gateway, &public()), 200);
    assert_eq!(status(&gateway, &public()), 429);
}

#[test]
fn while_redis_is_away_each_gateway_counts_alone_and_none_fails() {
    let (upstream, mut redis) = (Upstream::start(), Redis::start());
    let gateways = [(); 2].map(|()| limited(&upstream, &redis, "by: client, rate: 3/1h").start());
    assert_eq!(status(&gateways[0], &public()), 200);
    assert_eq!(up(&gateways[0]), 1);
    redis.kill();
    // What each process has counted itself goes on to count.
    let of = |gateway: &Gateway| [(); 4].map(|()| status(gateway, &public()));
    assert_eq!(of(&gateways[0]), [200, 200, 429, 429]);
    assert_eq!(of(&gateways[1]), [200, 200, 200, 429]);
    let gateway = &gateways[1];
    assert!(gateway.log_line("counts alone").contains("WARN"));
    assert_eq!(gateway.said().matches("counts alone").count(), 1);
    assert_eq!(up(gateway), 0);
    let alone = "sidegate_rate_limits_counted_alone_total{limit=\"few\"}";
    assert_eq!(metric(gateway, alone), 3);
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn redis_is_found_again_and_counts_anew() {
    let (upstream, mut redis) = (Upstream::start(), Redis::start());
    let limit = "by: client, rate: 1000/1h";
    let gateways = [(); 2].map(|()| limited(&upstream, &redis, limit).start());
    redis.kill();
    for gateway in &gateways {
        assert_eq!(status(gateway, &public()), 200);
        assert_eq!(up(gateway), 0);
    }
    redis.come_back();
    for gateway in &gateways {
        wait_until("Redis is found again", || {
            status(gateway, &public());
            up(gateway) == 1
        });
        gateway.log_line("answers again");
    }
    assert!(redis.dump().contains(":rate:"));
}

#[test]
fn a_request_waits_for_a_server_that_is_stuck_no_longer_than_its_deadline() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateway = limited(&upstream, &redis, "by: client, rate: 1000/1h").start();
    assert_eq!(status(&gateway, &public()), 200);
    redis.paused(|| {
        let statuses = [(); 4].map(|()| status(&gateway, &public()));
        assert_eq!(statuses, [200; 4]);
        assert_eq!(gateway.get("/free/a").status, 200);
        let lines = gateway.access_lines(6);
        let time = |line: &serde_json::Value| line["time_us"].as_u64();
        let slow = lines.iter().filter_map(time).filter(|it| *it > 100_000);
        // The deadline once, and then the server is left alone for a second.
        assert!((1..=2).contains(&slow.count()), "{lines:?}");
    });
}

#[test]
fn a_client_that_is_gone_meanwhile_harms_nobody() {
    let (upstream, redis) = (Upstream::start(), Redis::start());
    let gateway = limited(&upstream, &redis, "by: client, rate: 1000/1h").start();
    redis.paused(|| {
        for _ in 0..20 {
            let mut client = gateway.client().connect();
            client.write(b"GET /public/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
        }
    });
    wait_until("Redis is found again", || {
        status(&gateway, &public()) == 200 && up(&gateway) == 1
    });
}

/// A gateway that counts in a server behind TLS, and what it says of that after a request.
fn over_tls(redis: &Redis, ca: &Authority) -> Gateway {
    let upstream = Upstream::start();
    let url = redis.url();
    // A handshake takes its time where many tests run.
    let section = format!("{{ url: \"{url}\", ca: ca.pem, secret: {SECRET}, deadline: 8s }}");
    let setup = limited(&upstream, redis, "by: client, rate: 5/1h");
    let setup = setup.section("redis", &section).file("ca.pem", &ca.pem);
    let gateway = setup.start();
    assert_eq!(status(&gateway, &public()), 200);
    gateway
}

#[test]
fn a_server_is_asked_over_tls_if_the_authority_of_its_certificate_is_known() {
    let authority = Authority::new();
    let redis = Redis::with_tls(&authority.issue_for_server("localhost"));
    let gateways = [(); 2].map(|()| over_tls(&redis, &authority));
    assert_eq!(gateways.each_ref().map(up), [1, 1]);
    let statuses = [0, 1, 0, 1].map(|number: usize| status(&gateways[number], &public()));
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert!(redis.dump().contains(":rate:"));
}

#[test]
fn a_server_that_somebody_else_has_vouched_for_is_told_nothing() {
    let authority = Authority::new();
    for (issued, trusted) in [
        (authority.issue_for_server("localhost"), &Authority::new()),
        (authority.issue_for_server("cache.test"), &authority),
        (authority.issue_expired("localhost"), &authority),
    ] {
        let redis = Redis::with_tls(&issued);
        let gateway = over_tls(&redis, trusted);
        assert_eq!(up(&gateway), 0);
        let said = gateway.log_line("counts alone");
        assert!(said.contains("certificate"), "{said}");
        assert_eq!(redis.dump().trim(), "");
    }
}
