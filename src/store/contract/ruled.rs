//! What rules are told of a row, in both databases.

use super::bench::{Bench, ids, state};
use crate::member::{ColumnValue, Row, StateName};
use crate::store::settings::Expected;
use crate::store::{Error, Store};

async fn table(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(80), hashed_password TEXT, \
             user_type VARCHAR(20), level INTEGER, score DOUBLE, is_agent BOOL, photo BLOB, quit_at DATE)",
            "INSERT INTO user VALUES (1, 'a', 'x', 'admin', 3, 0.5, 1, x'ff00', '2024-02-29'), \
             (2, 'b', 'x', '1', 1, -2, 0, NULL, NULL)",
            "INSERT INTO user (id, email) VALUES (3, 'c')",
        ])
        .await;
}

fn store(bench: &Bench, columns: &[&str]) -> Store {
    let mut settings = bench.settings();
    settings.ruled = columns.iter().map(ToString::to_string).collect();
    settings.states = vec![state("agent", &[("is_agent", Expected::Boolean(true))])];
    Store::open(&settings).expect("good settings")
}

async fn row(store: &Store, id: &str) -> Row {
    let row = store.row_by_id(id).await.expect("an answer");
    row.expect("a row")
}

fn text(text: &str) -> ColumnValue {
    ColumnValue::Text(text.into())
}

fn number(number: i64) -> ColumnValue {
    ColumnValue::Number(number.into())
}

pub(super) async fn rules_see_columns_as_they_are(bench: &Bench) {
    table(bench).await;
    let columns = ["user_type", "level", "score", "is_agent", "photo", "id"];
    let store = store(bench, &columns);
    let half = serde_json::Number::from_f64(0.5).expect("a number");
    let first = row(&store, "1").await;
    assert_eq!(
        first.values[..4],
        [
            text("admin"),
            number(3),
            ColumnValue::Number(half),
            number(1)
        ]
    );
    assert_eq!(first.values[4..], [ColumnValue::Other("bytes"), number(1)]);
    // A text that looks like a number is one no more than a number is a text.
    assert_eq!(row(&store, "2").await.values[..2], [text("1"), number(1)]);
    let empty = row(&store, "3").await;
    assert!(
        empty.values[..5]
            .iter()
            .all(|value| *value == ColumnValue::Null)
    );
}

pub(super) async fn a_row_has_its_state(bench: &Bench) {
    table(bench).await;
    let store = store(bench, &["level"]);
    for (id, expected) in [("1", Some("agent")), ("2", None), ("3", None)] {
        let row = row(&store, id).await;
        assert_eq!(row.state.as_ref().map(StateName::as_str), expected, "{id}");
        assert_eq!(row.values.len(), 1);
    }
}

pub(super) async fn a_row_is_found_by_the_spelling_of_its_id(bench: &Bench) {
    table(bench).await;
    let store = store(bench, &["level"]);
    for id in [
        "01",
        "1 ",
        "1.0",
        "1abc",
        "",
        "4",
        "1 OR 1=1",
        "' OR ''='",
        "9".repeat(2_000).as_str(),
    ] {
        assert_eq!(store.row_by_id(id).await.expect("an answer"), None, "{id}");
    }
}

pub(super) async fn a_missing_column_is_the_rules_matter_alone(bench: &Bench) {
    table(bench).await;
    let store = store(bench, &["level", "grade"]);
    for error in [
        store.row_by_id("1").await.expect_err("no column"),
        store.inspect().await.expect_err("no column"),
    ] {
        let named = matches!(&error, Error::UnknownColumn { column, .. } if column == "grade");
        assert!(named, "{error:?}");
    }
    assert_eq!(
        ids(&store, "a").await,
        ["1"],
        "a login needs no such column"
    );
    bench
        .run(&["ALTER TABLE user ADD COLUMN grade INTEGER"])
        .await;
    assert_eq!(row(&store, "1").await.values[1], ColumnValue::Null);
}

pub(super) async fn a_state_that_cannot_be_read_is_an_error(bench: &Bench) {
    table(bench).await;
    let mut settings = bench.settings();
    settings.ruled = vec!["level".to_owned()];
    settings.states = vec![state("odd", &[("user_type", Expected::Boolean(true))])];
    let store = Store::open(&settings).expect("good settings");
    let error = store.row_by_id("1").await.expect_err("text is no boolean");
    assert!(
        matches!(&error, Error::Corrupt { column, .. } if column == "user_type"),
        "{error:?}"
    );
}
