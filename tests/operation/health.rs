//! The operators' listener.

use serde_json::json;

use crate::harness::{Gateway, Request, Upstream};

#[test]
fn a_gateway_with_its_database_is_alive_and_ready() {
    let gateway = Gateway::before(&Upstream::start()).start();
    assert_eq!(gateway.ask("/live").status, 200);
    let ready = gateway.ask("/ready");
    let report = ready.json();
    assert_eq!(ready.status, 200);
    assert_eq!(
        (&report["ready"], &report["reasons"]),
        (&json!(true), &json!([]))
    );
}

#[test]
fn a_gateway_without_its_database_is_alive_and_says_why_it_is_not_ready() {
    let setup = Gateway::before(&Upstream::start());
    let gateway = setup
        .variable("DATABASE_URL", "sqlite:missing/users.db")
        .start();
    assert_eq!(gateway.ask("/live").status, 200);
    let ready = gateway.ask("/ready");
    let report = ready.json();
    assert_eq!((ready.status, &report["ready"]), (503, &json!(false)));
    let reason = report["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.contains("database") || reason.contains("open"),
        "{reason}"
    );
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn a_table_without_a_column_is_a_reason_not_to_be_ready() {
    let setup = Gateway::before(&Upstream::start());
    setup
        .users()
        .execute("ALTER TABLE user RENAME COLUMN is_restricted TO blocked");
    let ready = setup.start().ask("/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("is_restricted"), "{}", ready.text());
}

#[test]
fn readiness_follows_the_table_while_the_gateway_runs() {
    let gateway = Gateway::before(&Upstream::start()).start();
    assert_eq!(gateway.ask("/ready").status, 200);
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO gone");
    assert_eq!(gateway.ask("/ready").status, 503);
    users.execute("ALTER TABLE gone RENAME TO user");
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn a_gateway_without_accounts_needs_no_database() {
    let setup = Gateway::before(&Upstream::start())
        .without("accounts")
        .without("users");
    assert_eq!(setup.start().ask("/ready").status, 200);
}

#[test]
fn the_operators_routes_are_not_on_the_public_listener() {
    let gateway = Gateway::before(&Upstream::start()).start();
    for path in ["/live", "/ready"] {
        assert_eq!(gateway.get(path).status, 401, "{path}");
    }
    assert_eq!(gateway.ask("/public/a").status, 404);
    assert_eq!(gateway.operate(Request::post("/ready")).status, 405);
}
