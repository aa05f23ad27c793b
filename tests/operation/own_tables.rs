//! The own tables while the gateway serves: migrated, purged, counted, away.

use std::fs;

use crate::harness::{Database, Gateway, Request, Setup, Upstream, wait_until};

fn before(upstream: &Upstream, database: &str, keys: &str) -> Setup {
    let section = format!("{{ database: \"{database}\"{keys} }}");
    Gateway::before(upstream).section("state", &section)
}

fn metric(gateway: &Gateway, series: &str) -> Option<u64> {
    let text = gateway.ask("/metrics").text();
    let prefix = format!("sidegate_{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix))?;
    line.parse().ok()
}

fn reasons(gateway: &Gateway) -> String {
    gateway.ask("/ready").json()["reasons"].to_string()
}

#[test]
fn a_gateway_migrates_when_it_starts_where_it_is_told_to() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let setup = before(&upstream, &database.url(), ", migrate: on_start");
        let gateway = setup.start();
        assert_eq!(gateway.ask("/ready").status, 200, "{}", reasons(&gateway));
        assert!(database.has_table("sidegate_stamps"));
        assert_eq!(metric(&gateway, "state_up"), Some(1));
    }
}

#[test]
fn sqlite_is_migrated_and_a_server_is_not_unless_it_is_said() {
    let upstream = Upstream::start();
    let [sqlite, mysql] = Database::both();
    let gateway = before(&upstream, &sqlite.url(), "").start();
    assert_eq!(gateway.ask("/ready").status, 200);
    let gateway = before(&upstream, &mysql.url(), "").start();
    let ready = gateway.ask("/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("0001_stamps"), "{}", ready.text());
    assert!(
        ready.text().contains("sidegate migrate up"),
        "{}",
        ready.text()
    );
    assert_eq!(gateway.get("/public/a").status, 200, "traffic goes on");
    assert!(!mysql.has_table("sidegate_migrations"));
    let migrated = gateway.setup().command(&["migrate", "up"]).status();
    assert!(migrated.expect("the binary").success());
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn gateways_that_start_at_once_all_have_their_tables() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let start = |_| before(&upstream, &database.url(), ", migrate: on_start").start();
        let gateways: Vec<Gateway> = (0..3).map(start).collect();
        for gateway in &gateways {
            wait_until("it is ready", || gateway.ask("/ready").status == 200);
        }
    }
}

#[test]
fn an_own_database_that_is_away_keeps_nobody_from_being_served() {
    let upstream = Upstream::start();
    let setup = before(&upstream, "sqlite:later/own.db", "");
    let folder = setup.folder().join("later");
    let gateway = setup.start();
    assert_eq!(gateway.ask("/live").status, 200);
    assert_eq!(gateway.ask("/ready").status, 503);
    assert!(
        reasons(&gateway).contains("own database is unavailable"),
        "{}",
        reasons(&gateway)
    );
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(metric(&gateway, "state_up"), Some(0));
    // It comes back: it is migrated without help.
    fs::create_dir(folder).expect("a folder");
    wait_until("it is ready", || gateway.ask("/ready").status == 200);
    assert_eq!(metric(&gateway, "state_up"), Some(1));
}

#[test]
fn a_server_that_does_not_answer_keeps_nobody_from_being_served() {
    let upstream = Upstream::start();
    let url = "mysql://sidegate:hunter2@127.0.0.1:9/own";
    let gateway = before(&upstream, url, ", migrate: on_start").start();
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.ask("/ready").status, 503);
    let said = format!("{}{}", gateway.said(), reasons(&gateway));
    assert!(said.contains("own database is unavailable"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn old_rows_are_deleted() {
    let upstream = Upstream::start();
    for database in Database::both() {
        let setup = before(&upstream, &database.url(), ", keep: { stamps: 100d }");
        setup.write();
        let migrated = setup.command(&["migrate", "up"]).status();
        assert!(migrated.expect("the binary").success());
        database.execute(
            "INSERT INTO sidegate_stamps VALUES ('old', 5, 0, 100), ('new', 5, 0, 9999999999)",
        );
        database.execute(
            "INSERT INTO sidegate_ended_sessions VALUES ('old', 100), ('new', 9999999999)",
        );
        let gateway = setup.start();
        for table in ["sidegate_stamps", "sidegate_ended_sessions"] {
            let count = format!("SELECT COUNT(*) FROM {table}");
            wait_until("the old row is gone", || database.numbers(&count) == [1]);
        }
        for rows in ["stamps", "ended_sessions"] {
            let series = format!("state_rows_purged_total{{rows=\"{rows}\"}}");
            wait_until("it is counted", || metric(&gateway, &series) == Some(1));
        }
    }
}

#[test]
fn a_reload_keeps_the_own_tables_and_takes_new_ones() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "sqlite:one.db", "").start();
    let operations = || metric(&gateway, "state_operations_total{outcome=\"done\"}");
    wait_until("it has worked", || operations() > Some(0));
    let before_it = operations();
    let reload = |from: &str, to: &str| {
        let path = gateway.setup().folder().join("gateway.yaml");
        let yaml = fs::read_to_string(&path).expect("the configuration");
        assert!(yaml.contains(from), "{yaml}");
        fs::write(&path, yaml.replace(from, to)).expect("to write it");
        let answer = gateway.operate(Request::post("/reload"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    reload(
        "sqlite:one.db\"",
        "sqlite:one.db\", keep: { addresses: 1d }",
    );
    assert!(operations() >= before_it, "the same connection");
    reload("sqlite:one.db", "sqlite:two.db");
    wait_until("the new one is there", || {
        gateway.ask("/ready").status == 200
    });
    assert!(gateway.setup().folder().join("two.db").exists());
    reload("state:", "# state:");
    assert_eq!(metric(&gateway, "state_up"), None);
    assert_eq!(gateway.ask("/ready").status, 200);
}
