//! The user database is away, or no longer what the configuration says: never the user's fault, never the traffic's.

use std::fs;

use super::{login, pair, refresh, refresh_token, verify};
use crate::harness::{Gateway, Request, Response, Upstream, token, users::PASSWORD};

fn every_account_request() -> [Request; 4] {
    [
        login("active@example.com", PASSWORD),
        pair("active@example.com", PASSWORD),
        refresh(&refresh_token("1")),
        verify(&token::access("1")),
    ]
}

#[track_caller]
fn assert_unavailable(response: &Response, code: &str, retry_after: &str) {
    assert_eq!(response.status, 503, "{response:?}");
    assert_eq!(response.header("retry-after"), Some(retry_after));
    assert_eq!(
        response.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(response.json()["type"], format!("urn:sidegate:{code}"));
    assert!(response.header("x-request-id").is_some());
}

/// A gateway whose database is somewhere below its folder, and where.
fn with_database(upstream: &Upstream, name: &str) -> Gateway {
    let setup = Gateway::before(upstream);
    let path = setup.folder().join(name);
    setup
        .variable("DATABASE_URL", &format!("sqlite:{}", path.display()))
        .start()
}

#[test]
fn without_its_database_the_gateway_starts_and_forwards() {
    let upstream = Upstream::start();
    let gateway = with_database(&upstream, "later.db");
    for request in every_account_request() {
        assert_unavailable(&gateway.send(&request), "users_unavailable", "1");
    }
    assert!(upstream.seen().is_empty());
    assert_eq!(
        gateway
            .send(&Request::get("/deals").token(&token::access("1")))
            .status,
        200
    );
    let ready = gateway.ask("/ready");
    assert_eq!(ready.status, 503);
    let reason = ready.json()["reasons"][0]
        .as_str()
        .expect("a reason")
        .to_owned();
    assert!(
        reason.starts_with("the user database is unavailable"),
        "{reason}"
    );
}

#[test]
fn a_database_that_comes_is_found_without_help() {
    let gateway = with_database(&Upstream::start(), "later.db");
    assert_eq!(
        gateway.send(&login("active@example.com", PASSWORD)).status,
        503
    );
    let folder = gateway.setup().folder();
    fs::copy(folder.join("users.db"), folder.join("later.db")).expect("a copy");
    assert_eq!(
        gateway.send(&login("active@example.com", PASSWORD)).status,
        200
    );
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn a_folder_in_place_of_the_database_is_an_outage() {
    let upstream = Upstream::start();
    let setup = Gateway::before(&upstream);
    fs::create_dir(setup.folder().join("folder.db")).expect("a folder");
    let path = setup.folder().join("folder.db");
    let gateway = setup
        .variable("DATABASE_URL", &format!("sqlite:{}", path.display()))
        .start();
    for request in every_account_request() {
        assert_unavailable(&gateway.send(&request), "users_unavailable", "1");
    }
}

#[test]
fn a_table_that_is_renamed_is_the_operator_s_to_put_right() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(
        gateway.send(&login("active@example.com", PASSWORD)).status,
        200
    );
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO member");
    for request in every_account_request() {
        assert_unavailable(&gateway.send(&request), "users_misconfigured", "30");
    }
    assert_eq!(
        gateway
            .send(&Request::get("/deals").token(&token::access("1")))
            .status,
        200
    );
    let reasons = gateway.ask("/ready").json()["reasons"].to_string();
    assert!(reasons.contains("there is no table `user`"), "{reasons}");
    users.execute("ALTER TABLE member RENAME TO user");
    assert_eq!(
        gateway.send(&login("active@example.com", PASSWORD)).status,
        200
    );
}

#[test]
fn a_bad_token_is_still_a_bad_token_during_an_outage() {
    let gateway = with_database(&Upstream::start(), "later.db");
    assert_eq!(gateway.send(&refresh("garbage")).status, 401);
    assert_eq!(gateway.send(&verify("garbage")).text(), r#"{"bool":false}"#);
    assert_eq!(gateway.send(&login("nonsense", "x")).status, 422);
}
