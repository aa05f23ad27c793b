//! Failed logins that several gateways count together.

use super::login;
use crate::harness::{
    Gateway, Request, Setup, Upstream, database::Database, redis::Redis, users::PASSWORD,
    wait_until,
};

/// Four failures, and then an hour.
const ATTEMPTS: &str = "
secret: attempts-secret-of-the-tests-0123456789
accounts: { after: 4, delay: 1h, longest: 1h, forget: 2h }
addresses: { after: 1000000, delay: 1s, longest: 1s, forget: 2s }
known_devices: { carried_by: header }";

fn setup(redis: &Redis) -> Setup {
    with("counted_in: redis").section("redis", &format!("{{ url: \"{}\" }}", redis.url()))
}

fn with(counted_in: &str) -> Setup {
    let login_clients = "{ login_clients: { by: client, rate: 1000000/1m } }";
    Gateway::before(&Upstream::start())
        .section("rate_limits", login_clients)
        .section("attempts", &format!("{ATTEMPTS}\n{counted_in}"))
}

/// What is counted in the own tables unless something else is said.
fn in_tables(database: &Database) -> Gateway {
    let url = database.url();
    let state = format!("{{ database: \"{url}\", migrate: on_start, connect_timeout: 1s }}");
    with("").section("state", &state).start()
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

#[test]
fn attempts_at_two_gateways_are_limited_as_those_at_one_by_the_own_tables_too() {
    for database in Database::both() {
        let gateways = [(); 2].map(|()| in_tables(&database));
        let statuses: Vec<u16> = (0..8)
            .map(|number| status(&gateways[number % 2], &wrong()))
            .collect();
        assert_eq!(statuses, [400, 400, 400, 400, 429, 429, 429, 429]);
        // By row, by name and by address, for each of four; the fifth has changed nothing.
        let counts = database.numbers("SELECT failures FROM sidegate_attempts");
        assert_eq!(counts, [4, 4, 4]);
        drop(gateways);
        let gateway = in_tables(&database);
        assert_eq!(status(&gateway, &right()), 429);
    }
}

#[test]
fn attempts_at_once_are_no_more_guesses_by_the_own_tables_too() {
    for database in Database::both() {
        let gateways = [(); 2].map(|()| in_tables(&database));
        let admitted: usize = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..8)
                .map(|number| {
                    let gateway = &gateways[number % 2];
                    let tries = move || (0..5).filter(|_| status(gateway, &wrong()) == 400).count();
                    scope.spawn(tries)
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().expect("a count"))
                .sum()
        });
        assert_eq!(admitted, 4);
    }
}

#[test]
fn logins_that_succeed_leave_nothing_in_the_own_tables() {
    for database in Database::both() {
        let gateway = in_tables(&database);
        for _ in 0..6 {
            assert_eq!(status(&gateway, &right()), 200);
        }
        let counts = database.numbers("SELECT failures FROM sidegate_attempts");
        assert_eq!(counts.iter().sum::<i64>(), 0);
    }
}

#[test]
fn without_its_tables_each_gateway_counts_alone_and_none_fails() {
    for database in Database::both() {
        let gateway = in_tables(&database);
        assert_eq!(status(&gateway, &wrong()), 400);
        let up = "sidegate_shared_counters_up{place=\"database\"}";
        assert_eq!(metric(&gateway, up), 1);
        database.execute("ALTER TABLE sidegate_attempts RENAME TO sidegate_gone");
        let statuses = [(); 5].map(|()| status(&gateway, &wrong()));
        assert_eq!(statuses, [400, 400, 400, 429, 429]);
        assert_eq!(metric(&gateway, up), 0);
        assert!(gateway.log_line("counts alone").contains("WARN"));
        database.execute("ALTER TABLE sidegate_gone RENAME TO sidegate_attempts");
        let mut names = names();
        wait_until("the tables are found again", || {
            status(&gateway, &names.next().expect("a name"));
            metric(&gateway, up) == 1
        });
        assert_eq!(status(&gateway, &wrong()), 429);
    }
}

/// As the monolith's own is, with one user whose password nobody knows.
const USERS: &str = "
CREATE TABLE user (
    id INT PRIMARY KEY, email VARCHAR(100) COLLATE utf8mb4_unicode_ci NOT NULL, hashed_password VARCHAR(100),
    name VARCHAR(100), user_type VARCHAR(20), is_active BOOLEAN, point INT, created_time DATETIME, quit_at DATE,
    is_restricted BOOLEAN
) DEFAULT CHARSET utf8mb4";

#[test]
fn spellings_that_mariadb_takes_for_one_account_are_counted_together() {
    let database = Database::mysql();
    database.execute(USERS);
    let hash = bcrypt::hash("something else", 4).expect("a hash");
    database.execute(&format!(
        "INSERT INTO user VALUES (7, 'stra\u{df}e@example.com', '{hash}', 'S', 'user', 1, 0, NOW(), NULL, 0)"
    ));
    let url = database.url();
    let state = format!("{{ database: \"{url}\", migrate: on_start }}");
    let gateways = [(); 2].map(|()| {
        let setup = with("").section("state", &state);
        setup.variable("DATABASE_URL", &url).start()
    });
    let spellings = [
        "stra\u{df}e@example.com",
        "STRASSE@EXAMPLE.COM",
        "str\u{e1}sse@example.com  ",
        "Strasse@example.com",
        "STRASSE@example.com ",
        "stra\u{df}e@example.com",
    ];
    let statuses: Vec<u16> = spellings
        .iter()
        .enumerate()
        .map(|(number, name)| status(&gateways[number % 2], &login(name, "wrong")))
        .collect();
    assert_eq!(statuses, [400, 400, 400, 400, 429, 429]);
}
