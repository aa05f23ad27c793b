//! What a writer promises, in both databases.

use std::time::Duration;

use futures_util::future::join_all;
use mysql_async::prelude::Queryable as _;

use super::bench::{Bench, settings, state, written_out_of};
use super::gate::Gate;
use crate::member::{MemberId, StateName};
use crate::secret::Secret;
use crate::store::settings::{Expected, Join, Settings};
use crate::store::url::DatabaseUrl;
use crate::store::{CellValue, Store, WriteAction, WriteError, WriteSettings, Writer};

const SOON: Duration = Duration::from_millis(400);

pub(super) fn writable(mut settings: Settings) -> Settings {
    settings.write = Some(WriteSettings {
        database: settings.database.clone(),
        tls: None,
        connections: 4,
        actions: vec![WriteAction::Password],
        utc_offset: 0,
    });
    settings
}

pub(super) fn store(bench: &Bench) -> Store {
    Store::open(&writable(bench.settings())).expect("good settings")
}

pub(super) fn writer(store: &Store) -> &Writer {
    store.writer().expect("a writer")
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn password(store: &Store, id: &str) -> Option<String> {
    let member = store.member_by_id(id).await.expect("an answer")?;
    member.password.map(|password| password.expose().clone())
}

/// Three tables as the Flask member system has them, without its schemas.
pub(super) async fn three_tables(bench: &Bench) -> Settings {
    bench
        .run(&[
            "CREATE TABLE user (user_no VARCHAR(36) PRIMARY KEY, user_id VARCHAR(100), is_active BOOL, quit_at DATETIME)",
            "CREATE TABLE profile (user_no VARCHAR(36), name VARCHAR(20), nickname VARCHAR(60))",
            "CREATE TABLE password (user_no VARCHAR(36), password VARCHAR(200), refresh_token TEXT)",
            "INSERT INTO user VALUES ('u-1', 'ann', 1, NULL), ('u-2', 'bob', 1, NULL)",
            "INSERT INTO profile VALUES ('u-1', 'Ann', 'annie')",
            "INSERT INTO password VALUES ('u-1', 'hash-1', NULL), ('u-2', 'hash-2', NULL)",
        ])
        .await;
    let join = |table: &str, is_optional| Join {
        table: table.to_owned(),
        alias: None,
        on: vec![("user_no".to_owned(), "user_no".to_owned())],
        is_optional,
    };
    let mut settings = writable(bench.settings());
    settings.joins = vec![join("password", false), join("profile", true)];
    "user_no".clone_into(&mut settings.columns.id);
    "user.user_id".clone_into(&mut settings.columns.login);
    "password.password".clone_into(&mut settings.columns.password);
    settings.states = vec![state(
        "unproven",
        &[("is_active", Expected::Boolean(false))],
    )];
    settings
}

pub(super) fn named(column: &str, value: CellValue) -> (String, CellValue) {
    (column.to_owned(), value)
}

pub(super) fn is_send<T: Send>(value: T) -> T {
    value
}

pub(super) async fn a_password_is_swapped_once(bench: &Bench) {
    bench.two_members().await;
    let store = store(bench);
    let id = MemberId::Integer(1);
    let swaps = (0..8).map(|number| {
        let (old, new) = (secret("$2b$12$alice"), secret(&format!("new-{number}")));
        let (store, id) = (&store, id.clone());
        async move { is_send(writer(store).replace_password(&id, &old, &new)).await }
    });
    let done = join_all(swaps).await.into_iter();
    let done: Vec<bool> = done.collect::<Result<_, _>>().expect("answers");
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let stored = password(&store, "1").await.expect("a password");
    assert!(stored.starts_with("new-"));
    let upper = stored.to_uppercase();
    let swapped = writer(&store)
        .replace_password(&id, &secret(&upper), &secret("x"))
        .await;
    assert!(!swapped.expect("an answer"), "not to the byte");
    let nobody = MemberId::Integer(99);
    let swapped = writer(&store)
        .replace_password(&nobody, &secret("x"), &secret("y"))
        .await;
    assert!(!swapped.expect("an answer"));
    store.close().await;
}

pub(super) async fn columns_are_set_in_every_table_or_in_none(bench: &Bench) {
    let store = Store::open(&three_tables(bench).await).expect("good settings");
    let values = || {
        vec![
            named(
                "profile.nickname",
                CellValue::text("Robert'); DROP TABLE user; --"),
            ),
            named("password.refresh_token", CellValue::text("a.b.c")),
            named("is_active", CellValue::Boolean(false)),
        ]
    };
    let (ann, bob) = (
        MemberId::Text("u-1".to_owned()),
        MemberId::Text("u-2".to_owned()),
    );
    let set = is_send(writer(&store).set_columns(&ann, values())).await;
    assert!(set.expect("an answer"));
    // The same again finds the same rows, though nothing changes.
    let set = writer(&store).set_columns(&ann, values()).await;
    assert!(set.expect("an answer"));
    let ann = store
        .member_by_id("u-1")
        .await
        .expect("an answer")
        .expect("a row");
    assert_eq!(ann.state.as_ref().map(StateName::as_str), Some("unproven"));
    let set = writer(&store).set_columns(&bob, values()).await;
    assert!(!set.expect("an answer"), "bob has no profile");
    let bob = store
        .member_by_id("u-2")
        .await
        .expect("an answer")
        .expect("a row");
    assert!(bob.state.is_none(), "nothing is half-written");
    let found = store
        .finder(&["profile.nickname".to_owned()])
        .expect("a finder");
    let found = store
        .find_where(&found, &["Robert'); DROP TABLE user; --"])
        .await;
    assert_eq!(found.expect("an answer").len(), 1);
}

pub(super) async fn what_a_column_does_not_take_is_unfit(bench: &Bench) {
    bench.two_members().await;
    if bench.is_mysql() {
        bench
            .run(&["ALTER TABLE user ADD COLUMN nickname VARCHAR(5)"])
            .await;
    } else {
        bench
            .run(&["ALTER TABLE user ADD COLUMN nickname TEXT CHECK (length(nickname) < 6)"])
            .await;
    }
    let store = store(bench);
    let id = MemberId::Integer(1);
    let values = vec![
        named("is_active", CellValue::Boolean(false)),
        named("nickname", CellValue::text("far too long")),
    ];
    let error = writer(&store).set_columns(&id, values).await;
    let error = error.expect_err("it is too long");
    assert!(matches!(error, WriteError::Unfit), "{error:?}");
    assert!(!written_out_of(&error).contains("far"));
    let values = vec![named("email", CellValue::Null)];
    let error = writer(&store).set_columns(&id, values).await;
    assert!(matches!(error, Err(WriteError::Unfit)), "{error:?}");
}

pub(super) async fn whose_row_it_is_is_compared_to_the_byte(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id VARCHAR(36), email TEXT, hashed_password TEXT)",
            "INSERT INTO user VALUES ('abc', 'a', 'x'), ('ABC', 'b', 'y'), ('42', 'c', 'z')",
        ])
        .await;
    let store = store(bench);
    let set = async |id: MemberId| {
        let values = vec![named("hashed_password", CellValue::text("new"))];
        writer(&store)
            .set_columns(&id, values)
            .await
            .expect("an answer")
    };
    assert!(set(MemberId::Text("ABC".to_owned())).await);
    assert!(!set(MemberId::Text("Abc".to_owned())).await);
    assert!(!set(MemberId::Text("42abc".to_owned())).await);
    assert!(!set(MemberId::Text("' OR 1=1 -- ".to_owned())).await);
    assert_eq!(password(&store, "abc").await.as_deref(), Some("x"));
    assert_eq!(password(&store, "ABC").await.as_deref(), Some("new"));
}

pub(super) async fn members_are_found_by_other_columns(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT, \
             sns_type VARCHAR(20), sns_uid VARCHAR(200), number INTEGER)",
            "INSERT INTO user VALUES (1, 'a', 'x', 'kakao', 'Abc', 7), (2, 'b', NULL, 'naver', 'Abc', 7), \
             (3, 'c', NULL, 'kakao', 'abc', 8)",
        ])
        .await;
    let store = bench.store();
    let by = |columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        store.finder(&columns).expect("a finder")
    };
    let both = by(&["sns_type", "sns_uid"]);
    for (values, expected) in [
        (["kakao", "Abc"], vec!["1"]),
        (["kakao", "abc"], vec!["3"]),
        (["kakao", "ABC"], vec![]),
        (["KAKAO", "Abc"], vec![]),
        (["kakao", "' OR 1=1 -- "], vec![]),
        (["kakao", "a\0"], vec![]),
    ] {
        let found = store.find_where(&both, &values).await.expect("an answer");
        let found: Vec<String> = found.iter().map(|member| member.id.to_string()).collect();
        assert_eq!(found, expected, "{values:?}");
    }
    let mixed = by(&["sns_type", "number"]);
    let found = async |values: [&str; 2]| {
        let found = store.find_where(&mixed, &values).await;
        found.expect("an answer").len()
    };
    assert_eq!(found(["kakao", "7"]).await, 1);
    assert_eq!(found(["kakao", "7x"]).await, 0);
}

pub(super) async fn an_unknown_name_is_told(bench: &Bench) {
    bench.two_members().await;
    let store = store(bench);
    let id = MemberId::Integer(1);
    let values = vec![named("nickname", CellValue::text("x"))];
    let error = writer(&store).set_columns(&id, values).await;
    assert!(matches!(error, Err(WriteError::UnknownName)), "{error:?}");
}

pub(super) async fn a_server_that_is_away_is_no_wrong_password(bench: &Bench) {
    bench.two_members().await;
    let mut gate = Gate::opened(bench).await;
    let store = Store::open(&writable(settings(&gate.url(bench)))).expect("good settings");
    let id = MemberId::Integer(1);
    let swap = async |old: &str, new: &str| {
        let (old, new) = (secret(old), secret(new));
        writer(&store).replace_password(&id, &old, &new).await
    };
    assert!(swap("$2b$12$alice", "1").await.expect("an answer"));
    gate.close().await;
    for _ in 0..2 {
        let error = swap("1", "2").await.expect_err("it is down");
        assert!(matches!(error, WriteError::Unavailable { .. }), "{error:?}");
        let password = bench.opts().pass().unwrap_or("no password").to_owned();
        assert!(!written_out_of(&error).contains(&password));
    }
    gate.open().await;
    assert!(swap("1", "2").await.expect("it is up"));
    store.close().await;
}

pub(super) async fn an_account_that_may_not_write_is_told(bench: &Bench) {
    bench.two_members().await;
    let name = bench.database();
    let mut admin = bench.admin().await;
    for sql in [
        format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'right'"),
        format!("GRANT SELECT ON {name}.* TO '{name}'@'%'"),
    ] {
        admin.query_drop(sql).await.expect("an account");
    }
    let mut settings = writable(bench.settings());
    let url = bench.url_of(&format!("{name}:right"), None);
    if let Some(write) = &mut settings.write {
        write.database = DatabaseUrl::parse(&url).expect("a URL");
    }
    let store = Store::open(&settings).expect("good settings");
    let (id, old, new) = (MemberId::Integer(1), secret("$2b$12$alice"), secret("new"));
    let error = writer(&store).replace_password(&id, &old, &new).await;
    let error = error.expect_err("no grant");
    assert!(matches!(error, WriteError::Refused { .. }), "{error:?}");
}

pub(super) async fn a_lock_of_somebody_else_meets_the_deadline(bench: &Bench) {
    bench.two_members().await;
    let mut settings = writable(bench.settings());
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    let mut admin = bench.admin().await;
    let lock = format!("LOCK TABLES {}.user WRITE", bench.database());
    admin.query_drop(lock).await.expect("a lock");
    let id = MemberId::Integer(1);
    let (old, new) = (secret("$2b$12$alice"), secret("new"));
    let error = writer(&store).replace_password(&id, &old, &new).await;
    assert!(
        matches!(error, Err(WriteError::Deadline { .. })),
        "{error:?}"
    );
    admin.query_drop("UNLOCK TABLES").await.expect("no lock");
    let swapped = writer(&store).replace_password(&id, &old, &new).await;
    assert!(swapped.expect("an answer"), "what was given up is undone");
}

pub(super) async fn a_locked_file_meets_the_deadline_of_writes(bench: &Bench) {
    bench.two_members().await;
    let mut settings = writable(bench.settings());
    settings.deadline = SOON;
    let store = Store::open(&settings).expect("good settings");
    let file = bench.url().trim_start_matches("sqlite:").to_owned();
    let other = rusqlite::Connection::open(file).expect("a file");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let id = MemberId::Integer(1);
    let (old, new) = (secret("$2b$12$alice"), secret("new"));
    let error = writer(&store).replace_password(&id, &old, &new).await;
    assert!(
        matches!(error, Err(WriteError::Deadline { .. })),
        "{error:?}"
    );
    other.execute_batch("ROLLBACK").expect("no lock");
    let swapped = writer(&store).replace_password(&id, &old, &new).await;
    assert!(swapped.expect("an answer"));
}

pub(super) async fn a_missing_file_is_not_made_to_be_written(bench: &Bench) {
    let store = store(bench);
    let id = MemberId::Integer(1);
    let error = writer(&store).remove(&id).await;
    assert!(
        matches!(error, Err(WriteError::Unavailable { .. })),
        "{error:?}"
    );
    let file = bench.url().trim_start_matches("sqlite:").to_owned();
    assert!(!std::path::Path::new(&file).exists());
}
