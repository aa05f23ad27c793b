//! Refresh tokens that are spent: one successor for each, whoever asks and however often.

use std::{collections::BTreeSet, thread};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Pair, keeping, logged_in, refreshed};
use crate::{
    accounts::{REFRESH_LIFETIME, pair, refresh, refresh_token},
    harness::{Gateway, Request, own_tables::OwnTables, token, users::PASSWORD, wait_until},
};

const ON: &str = "rotation: on";

/// Both kinds of databases.
fn databases() -> [OwnTables; 2] {
    [OwnTables::Sqlite, OwnTables::maria_db()]
}

/// As if this many seconds had passed for what is written down.
fn pass(tables: &OwnTables, gateway: &Gateway, seconds: u64) {
    let setup = gateway.setup();
    let tokens = "UPDATE sidegate_refresh_tokens SET spent_at = spent_at";
    tables.execute(setup, &format!("{tokens} - {seconds}"));
    tables.execute(
        setup,
        &format!(
            "UPDATE sidegate_sessions SET opened_at = opened_at - {seconds}, used_at = used_at - {seconds}"
        ),
    );
}

fn count(tables: &OwnTables, gateway: &Gateway, what: &str) -> i64 {
    tables.number(gateway.setup(), &format!("SELECT COUNT(*) FROM {what}"))
}

fn expires(token: &str) -> Option<u64> {
    let payload = token.split('.').nth(1).expect("claims");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    let claims: Value = serde_json::from_slice(&payload).expect("claims");
    claims["exp"].as_u64()
}

#[test]
fn each_refresh_gives_another_token_and_the_last_one_goes_on() {
    for tables in databases() {
        let gateway = keeping(&tables, ON).start();
        let mut pair = logged_in(&gateway);
        let mut seen = BTreeSet::from([pair.refresh.clone()]);
        for _ in 0..5 {
            pair = refreshed(&gateway, &pair.refresh).expect("a successor");
            assert!(seen.insert(pair.refresh.clone()), "a token came back");
        }
        assert_eq!(count(&tables, &gateway, "sidegate_sessions"), 1);
        let live = "sidegate_refresh_tokens WHERE spent_at IS NULL";
        assert_eq!(count(&tables, &gateway, live), 1);
        assert!(!gateway.said().contains(&pair.refresh));
    }
}

#[test]
fn whoever_has_lost_the_answer_is_given_the_same_successor() {
    for tables in databases() {
        let gateway = keeping(&tables, ON).start();
        let first = logged_in(&gateway).refresh;
        let second = refreshed(&gateway, &first).expect("a successor").refresh;
        let again = refreshed(&gateway, &first).expect("the same").refresh;
        assert_eq!(again, second);
        let third = refreshed(&gateway, &second).expect("a successor").refresh;
        let again = refreshed(&gateway, &first).expect("the same").refresh;
        assert_eq!(again, second, "its successor is spent, too");
        assert_ne!(third, second);
    }
}

#[test]
fn fifty_refreshes_at_once_have_one_successor() {
    for tables in databases() {
        let gateway = keeping(&tables, ON).start();
        let token = logged_in(&gateway).refresh;
        let successors: BTreeSet<String> = thread::scope(|scope| {
            let asked: Vec<_> = (0..50)
                .map(|_| scope.spawn(|| refreshed(&gateway, &token).expect("a successor").refresh))
                .collect();
            asked
                .into_iter()
                .map(|asking| asking.join().expect("an answer"))
                .collect()
        });
        assert_eq!(successors.len(), 1, "one for all");
        assert_eq!(count(&tables, &gateway, "sidegate_refresh_tokens"), 2);
    }
}

#[test]
fn a_token_that_comes_again_after_its_time_ends_the_session() {
    for tables in databases() {
        let gateway = keeping(&tables, ON).start();
        let stolen = logged_in(&gateway);
        let other = logged_in(&gateway);
        let kept = refreshed(&gateway, &stolen.refresh).expect("a successor");
        pass(&tables, &gateway, 11);
        assert_eq!(refreshed(&gateway, &stolen.refresh), None, "too late");
        assert_eq!(refreshed(&gateway, &kept.refresh), None, "the family");
        for access in [&stolen.access, &kept.access] {
            let request = Request::get("/deals").token(access);
            assert_eq!(gateway.send(&request).status, 401, "its access tokens");
        }
        let line = gateway.log_line("refresh_token_reused");
        assert!(line.contains(r#""account":"1""#), "{line}");
        assert!(!gateway.said().contains(&stolen.refresh));
        assert!(
            refreshed(&gateway, &other.refresh).is_some(),
            "another login"
        );
    }
}

#[test]
fn what_was_spent_is_spent_after_a_restart() {
    for tables in databases() {
        let mut gateway = keeping(&tables, ON).start();
        let first = logged_in(&gateway).refresh;
        let second = refreshed(&gateway, &first).expect("a successor").refresh;
        gateway.sigkill();
        let gateway = gateway.follow();
        let again = refreshed(&gateway, &first).expect("the same").refresh;
        assert_eq!(again, second);
        pass(&tables, &gateway, 11);
        assert_eq!(refreshed(&gateway, &first), None);
        assert_eq!(refreshed(&gateway, &second), None);
    }
}

#[test]
fn a_gateway_that_is_killed_before_it_answers_has_spent_the_token_once() {
    for tables in databases() {
        let mut gateway = keeping(&tables, ON).start();
        let token = logged_in(&gateway).refresh;
        // Whether the answer was on its way is not looked at: nobody reads it.
        let mut connection = gateway.client().connect();
        connection.write(refresh(&token).bytes());
        let spent = "sidegate_refresh_tokens WHERE spent_at IS NOT NULL";
        wait_until("the token to be spent", || {
            count(&tables, &gateway, spent) == 1
        });
        gateway.sigkill();
        let gateway = gateway.follow();
        let given = refreshed(&gateway, &token).expect("the same again").refresh;
        assert_eq!(count(&tables, &gateway, "sidegate_refresh_tokens"), 2);
        assert!(refreshed(&gateway, &given).is_some());
    }
}

#[test]
fn two_gateways_spend_a_token_once() {
    let tables = OwnTables::maria_db();
    let one = keeping(&tables, ON).start();
    let token = logged_in(&one).refresh;
    let other = one.follow();
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| refreshed(&one, &token));
        let second = scope.spawn(|| refreshed(&other, &token));
        (first.join().expect("one"), second.join().expect("other"))
    });
    let refresh_of = |pair: Option<Pair>| pair.expect("a successor").refresh;
    assert_eq!(refresh_of(first), refresh_of(second));
}

#[test]
fn a_token_of_the_monolith_is_adopted_once() {
    for tables in databases() {
        let gateway = keeping(&tables, ON).start();
        // Until the tables are there.
        logged_in(&gateway);
        let monoliths = refresh_token("1");
        let successors: BTreeSet<String> = thread::scope(|scope| {
            let asked: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        refreshed(&gateway, &monoliths)
                            .expect("a successor")
                            .refresh
                    })
                })
                .collect();
            asked
                .into_iter()
                .map(|asking| asking.join().expect("an answer"))
                .collect()
        });
        assert_eq!(successors.len(), 1);
        let adopted = "sidegate_sessions WHERE adopted = 1";
        assert_eq!(count(&tables, &gateway, adopted), 1);
        pass(&tables, &gateway, 11);
        assert_eq!(refreshed(&gateway, &monoliths), None, "it was spent");
    }
}

#[test]
fn a_session_ends_when_it_was_idle_and_when_it_is_too_old() {
    let lifetimes = "rotation: on, idle_lifetime: 1h, absolute_lifetime: 3h";
    for tables in databases() {
        let gateway = keeping(&tables, lifetimes).start();
        let mut pair = logged_in(&gateway);
        for _ in 0..3 {
            pass(&tables, &gateway, 3500);
            pair = refreshed(&gateway, &pair.refresh).expect("a successor");
        }
        pass(&tables, &gateway, 300);
        assert_eq!(refreshed(&gateway, &pair.refresh), None, "three hours");
        let pair = logged_in(&gateway);
        pass(&tables, &gateway, 3600);
        assert_eq!(
            refreshed(&gateway, &pair.refresh),
            None,
            "an hour of nothing"
        );
    }
}

#[test]
fn a_refresh_token_says_no_later_end_than_its_session_has() {
    let tables = OwnTables::Sqlite;
    let lifetimes = "rotation: on, idle_lifetime: 30d, absolute_lifetime: 40d";
    let gateway = keeping(&tables, lifetimes).start();
    let first = logged_in(&gateway).refresh;
    let forty_days = 40 * 86_400;
    assert!(forty_days < REFRESH_LIFETIME);
    let latest = token::now() + forty_days;
    assert!(expires(&first) <= Some(latest));
    let second = refreshed(&gateway, &first).expect("a successor").refresh;
    assert!(expires(&second) <= Some(latest));
}

#[test]
fn without_its_tables_the_gateway_neither_logs_in_nor_refreshes_and_blames_nobody() {
    let gateway = keeping(&OwnTables::Sqlite, ON)
        .section("state", "{ database: \"sqlite:/no/such/folder/own.db\" }")
        .start();
    let answer = gateway.send(&refresh(&refresh_token("1")));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["type"], "urn:sidegate:state_unavailable");
    assert!(answer.header("retry-after").is_some());
    let answer = gateway.send(&pair("active@example.com", PASSWORD));
    assert_eq!(answer.status, 503);
}

#[test]
fn without_rotation_nothing_is_another_byte() {
    let tables = OwnTables::Sqlite;
    let gateway = keeping(&tables, "rotation: off").start();
    let token = refresh_token("1");
    for _ in 0..3 {
        let pair = refreshed(&gateway, &token).expect("a pair");
        assert_eq!(pair.refresh, token);
    }
}
