//! What a member is made of, in both databases.

use serde_json::{Value, json};

use super::bench::{Bench, shown, state, written_out};
use crate::store::settings::{ColumnType, Expected, StateRule};
use crate::store::{Error, Store};

const TYPES: [(&str, ColumnType); 8] = [
    ("name", ColumnType::Text),
    ("point", ColumnType::Integer),
    ("rate", ColumnType::Number),
    ("is_agent", ColumnType::Boolean),
    ("created_time", ColumnType::DateTime),
    ("updated_time", ColumnType::DateTime),
    ("quit_at", ColumnType::Date),
    ("keyword_list", ColumnType::Json),
];

async fn typed_store(bench: &Bench) -> Store {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(80), hashed_password TEXT, \
             name TEXT, point BIGINT, rate DOUBLE, is_agent BOOL, created_time DATETIME(6), \
             updated_time DATETIME(6), quit_at DATE, keyword_list BLOB)",
            "INSERT INTO user VALUES (1, 'a', 'x', '보호 🔒', -5, 0.25, 1, '2024-01-02 03:04:05', \
             '2024-01-02 03:04:05.000600', '2024-02-29', '{\"b\": [1, null], \"a\": \"é\"}')",
            "INSERT INTO user (id, email) VALUES (2, 'b')",
        ])
        .await;
    let mut settings = bench.settings();
    settings.shown = TYPES
        .map(|(column, column_type)| shown(column, column_type))
        .to_vec();
    Store::open(&settings).expect("good settings")
}

pub(super) async fn shows_every_type(bench: &Bench) {
    let store = typed_store(bench).await;
    let members = store.members_by_login("a").await.expect("an answer");
    let expected = json!({
        "name": "보호 🔒", "point": -5, "rate": 0.25, "is_agent": true,
        "created_time": "2024-01-02T03:04:05", "updated_time": "2024-01-02T03:04:05.000600",
        "quit_at": "2024-02-29", "keyword_list": {"b": [1, null], "a": "é"},
    });
    let written = Value::Object(members[0].shown.clone()).to_string();
    assert_eq!(written, expected.to_string(), "types and order");
}

pub(super) async fn null_is_shown_as_null(bench: &Bench) {
    let store = typed_store(bench).await;
    let member = store
        .member_by_id("2")
        .await
        .expect("an answer")
        .expect("a row");
    assert_eq!(member.shown.len(), TYPES.len());
    assert!(
        member.shown.values().all(Value::is_null),
        "{:?}",
        member.shown
    );
}

async fn state_of(bench: &Bench, rules: Vec<StateRule>, id: &str) -> Option<String> {
    let mut settings = bench.settings();
    settings.states = rules;
    let store = Store::open(&settings).expect("good settings");
    let member = store
        .member_by_id(id)
        .await
        .expect("an answer")
        .expect("a row");
    member.state.map(|state| state.as_str().to_owned())
}

async fn state_table(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT, \
             is_active BOOL, is_restricted BOOL, grade TEXT, quit_at DATE)",
            "INSERT INTO user (id, is_active, is_restricted, grade, quit_at) VALUES \
             (1, 1, 0, 'A', NULL), (2, 0, 1, 'B', NULL), (3, 0, 0, 'C', '2024-01-02'), \
             (4, NULL, NULL, NULL, NULL), (5, 7, 0, '', NULL)",
        ])
        .await;
}

pub(super) async fn the_first_state_that_matches_holds(bench: &Bench) {
    state_table(bench).await;
    let rules = || {
        vec![
            state("banned", &[("is_restricted", Expected::Boolean(true))]),
            state("withdrawn", &[("is_active", Expected::Boolean(false))]),
            state("unknown", &[("is_active", Expected::Null)]),
            state("odd", &[("is_active", Expected::Integer(7))]),
        ]
    };
    for (id, name) in [
        ("1", None),
        ("2", Some("banned")),
        ("3", Some("withdrawn")),
        ("4", Some("unknown")),
        ("5", Some("odd")),
    ] {
        assert_eq!(state_of(bench, rules(), id).await.as_deref(), name, "{id}");
    }
}

pub(super) async fn a_state_needs_all_its_columns(bench: &Bench) {
    state_table(bench).await;
    let rules = || {
        let c = Expected::Text("C".to_owned());
        vec![
            state(
                "both",
                &[("is_active", Expected::Boolean(false)), ("grade", c)],
            ),
            state("empty", &[("grade", Expected::Text(String::new()))]),
            state("lower", &[("grade", Expected::Text("a".to_owned()))]),
        ]
    };
    for (id, name) in [
        ("1", None),
        ("2", None),
        ("3", Some("both")),
        ("4", None),
        ("5", Some("empty")),
    ] {
        assert_eq!(state_of(bench, rules(), id).await.as_deref(), name, "{id}");
    }
}

pub(super) async fn states_that_cannot_be_read_are_errors(bench: &Bench) {
    state_table(bench).await;
    let mut settings = bench.settings();
    settings.states = vec![state("banned", &[("grade", Expected::Boolean(true))])];
    let store = Store::open(&settings).expect("good settings");
    let error = store
        .member_by_id("1")
        .await
        .expect_err("text is no boolean");
    assert!(
        matches!(&error, Error::Corrupt { column, .. } if column == "grade"),
        "{error:?}"
    );
    assert!(
        store
            .member_by_id("4")
            .await
            .expect("NULL is readable")
            .is_some()
    );
}

pub(super) async fn passwords_are_text_or_bytes(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password BLOB)",
            "INSERT INTO user VALUES (1, 'bytes', x'24326224'), (2, 'null', NULL), (3, 'empty', ''), \
             (4, 'broken', x'ff00fe')",
        ])
        .await;
    let store = bench.store();
    for (id, password) in [("1", Some("$2b$")), ("2", None), ("3", None)] {
        let member = store
            .member_by_id(id)
            .await
            .expect("an answer")
            .expect("a row");
        assert_eq!(
            member
                .password
                .as_ref()
                .map(|secret| secret.expose().as_str()),
            password
        );
        assert!(!format!("{member:?}").contains("2b"));
    }
    let error = store.member_by_id("4").await.expect_err("not UTF-8");
    assert!(matches!(&error, Error::Corrupt { column, .. } if column == "hashed_password"));
}

pub(super) async fn bytes_that_are_no_text_are_corrupt(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT, blob_column BLOB)",
            "INSERT INTO user VALUES (1, 'a', 'x', x'68656c6cff')",
        ])
        .await;
    for column_type in [
        ColumnType::Text,
        ColumnType::Json,
        ColumnType::Date,
        ColumnType::Integer,
    ] {
        let mut settings = bench.settings();
        settings.shown = vec![shown("blob_column", column_type)];
        let store = Store::open(&settings).expect("good settings");
        let error = store.member_by_id("1").await.expect_err("not UTF-8");
        assert!(
            matches!(&error, Error::Corrupt { column, .. } if column == "blob_column"),
            "{error:?}"
        );
        assert!(
            !written_out(&error).contains("hell"),
            "the value stays inside"
        );
    }
}
