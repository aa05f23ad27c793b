//! Several gateways that share their own tables: what one has ended the others refuse, and a restart forgets nothing.

use std::time::Duration;

use serde_json::json;
use sidegate::{
    clock::{Clock, UnixSeconds},
    state::{Change, Keep, Migrate, Settings, State, Task},
    store::{DatabaseUrl, PoolSettings},
};
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Database, Gateway, Request, Setup, Upstream, token, wait_until};

/// Whoever writes to the tables as a gateway does.
struct Writer {
    runtime: Runtime,
    state: State,
}

impl Writer {
    fn to(database: &Database) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let entered = runtime.enter();
        let settings = Settings {
            database: DatabaseUrl::parse(&database.url()).expect("a URL"),
            migrate: Migrate::ByHand,
            pool: PoolSettings { min: 0, max: 1 },
            connect_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(5),
            tls: None,
            keep: Keep {
                addresses: Duration::ZERO,
                ended_sessions: Duration::ZERO,
                stamps: Duration::ZERO,
                member_acts: Duration::ZERO,
            },
        };
        let state = State::open(&settings).expect("good settings");
        drop(entered);
        let up = Task::Up { resume: false };
        let migrated = runtime.block_on(state.migrate(up, now()));
        migrated.expect("to migrate");
        Self { runtime, state }
    }

    fn record(&self, change: Change) {
        let recorded = self.runtime.block_on(self.state.stamp(change, now()));
        assert!(recorded.expect("to record"), "it was news");
    }

    /// All sessions of a member end now.
    fn end_all(&self, member: &str) {
        self.record(Change::NotBefore {
            member: member.to_owned(),
            at: now(),
        });
    }
}

fn now() -> UnixSeconds {
    UnixSeconds(token::now())
}

fn before(upstream: &Upstream, database: &Database) -> Setup {
    let section = format!("{{ database: \"{}\" }}", database.url());
    Gateway::before(upstream).section("state", &section)
}

fn status(gateway: &Gateway, token: &str) -> u16 {
    gateway.send(&Request::get("/a").token(token)).status
}

#[test]
fn what_ends_for_one_gateway_ends_for_all_within_a_second() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let writer = Writer::to(&database);
        let gateways = [0, 1].map(|_| before(&upstream, &database).start());
        let mut longest = Vec::new();
        for member in 101..108 {
            let token = token::access(member.to_string());
            assert!(gateways.iter().all(|it| status(it, &token) == 200));
            writer.end_all(&member.to_string());
            let since = Clock.instant();
            for gateway in &gateways {
                wait_until("it is refused", || status(gateway, &token) == 401);
            }
            longest.push(since.elapsed());
        }
        longest.sort();
        let median = longest[longest.len() / 2];
        assert!(median < Duration::from_secs(1), "{longest:?}");
    }
}

#[test]
fn a_session_that_ended_is_told_from_the_users_others() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let writer = Writer::to(&database);
        let gateway = before(&upstream, &database).start();
        let of = |session: &str| {
            token::signed(&json!({ "exp": token::now() + 600, "sub": "1", "jti": session }))
        };
        let (ended, other) = (of("phone"), of("laptop"));
        assert_eq!(
            (status(&gateway, &ended), status(&gateway, &other)),
            (200, 200)
        );
        let until = UnixSeconds(token::now() + 600);
        let token_id = "phone".to_owned();
        writer.record(Change::SessionEnded { token_id, until });
        wait_until("it is refused", || status(&gateway, &ended) == 401);
        assert_eq!(status(&gateway, &other), 200);
    }
}

#[test]
fn a_row_that_is_gone_and_comes_back_is_followed() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let writer = Writer::to(&database);
        let gateway = before(&upstream, &database).start();
        let token = token::access("1");
        let member = || "1".to_owned();
        writer.record(Change::Deleted { member: member() });
        wait_until("it is refused", || status(&gateway, &token) == 401);
        writer.record(Change::Restored { member: member() });
        wait_until("it is admitted", || status(&gateway, &token) == 200);
    }
}

#[test]
fn a_restart_forgets_nothing_before_the_first_request() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let writer = Writer::to(&database);
        let ended = token::access("1");
        writer.end_all("1");
        for _ in 0..3 {
            let gateway = before(&upstream, &database).start();
            assert_eq!(status(&gateway, &ended), 401, "at once");
            assert_eq!(status(&gateway, &token::access("4")), 200);
        }
    }
}

#[test]
fn a_gateway_that_was_away_for_longer_than_the_log_reads_everything_again() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let writer = Writer::to(&database);
        let gateway = before(&upstream, &database).start();
        let (ended, gone, other) = (token::access("1"), token::access("2"), token::access("4"));
        writer.record(Change::Deleted {
            member: "2".to_owned(),
        });
        wait_until("it is refused", || status(&gateway, &gone) == 401);
        // While it does nothing the log is written to, and purged.
        gateway.paused(|| {
            writer.end_all("1");
            writer.record(Change::Restored {
                member: "2".to_owned(),
            });
            database.execute("DELETE FROM sidegate_changes");
        });
        wait_until("it is refused", || status(&gateway, &ended) == 401);
        wait_until("it is admitted", || status(&gateway, &gone) == 200);
        assert_eq!(status(&gateway, &other), 200);
    }
}

#[test]
fn where_the_own_database_is_lost_what_was_known_is_still_refused() {
    let upstream = Upstream::start();
    let database = Database::mysql();
    let writer = Writer::to(&database);
    writer.end_all("1");
    let gateway = before(&upstream, &database).start();
    let (ended, other) = (token::access("1"), token::access("4"));
    assert_eq!(status(&gateway, &ended), 401);
    database.execute("RENAME TABLE sidegate_counters TO sidegate_lost");
    wait_until("it is noticed", || gateway.said().contains("is not known"));
    assert_eq!(
        (status(&gateway, &ended), status(&gateway, &other)),
        (401, 200)
    );
    database.execute("RENAME TABLE sidegate_lost TO sidegate_counters");
    writer.end_all("4");
    wait_until("it goes on", || status(&gateway, &other) == 401);
}

#[test]
fn before_the_own_tables_were_read_a_route_decides() {
    let upstream = Upstream::start();
    let routes = r#"
- { match: "/refused/**", access: required, on_stale: refuse }
- { match: "/served/**", access: required, on_stale: serve }
- { match: "/**", access: required }"#;
    let setup = Gateway::before(&upstream)
        .section("state", "{ database: \"sqlite:later/own.db\" }")
        .routes(routes);
    let folder = setup.folder().join("later");
    let gateway = setup.start();
    let ask = |path: &str, member: &str| {
        let request = Request::get(path).token(&token::access(member));
        gateway.send(&request).status
    };
    assert_eq!(ask("/refused/a", "1"), 503);
    assert_eq!(ask("/served/a", "1"), 200);
    assert_eq!(ask("/a", "1"), 200, "the row is asked");
    assert_eq!(ask("/a", "999"), 401, "there is no such row");
    std::fs::create_dir(folder).expect("a folder");
    wait_until("it is read", || ask("/refused/a", "1") == 200);
    assert_eq!(
        ask("/a", "999"),
        200,
        "nothing is watched that would say so"
    );
}

#[test]
fn without_own_tables_any_more_nothing_is_waited_for() {
    let upstream = Upstream::start();
    let database = Database::sqlite();
    let gateway = before(&upstream, &database).start();
    let token = token::access("1");
    assert_eq!(status(&gateway, &token), 200);
    let path = gateway.setup().folder().join("gateway.yaml");
    let yaml = std::fs::read_to_string(&path).expect("the configuration");
    let reload = |yaml: &str| {
        std::fs::write(&path, yaml).expect("to write it");
        let answer = gateway.operate(Request::post("/reload"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    reload(&yaml.replace("state:", "# state:"));
    assert_eq!(status(&gateway, &token), 200);
    Writer::to(&database).end_all("1");
    reload(&yaml);
    wait_until("it is refused", || status(&gateway, &token) == 401);
}
