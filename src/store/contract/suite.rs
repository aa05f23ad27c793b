//! What a look-up finds, in both databases.

use futures_util::future::join_all;

use super::bench::{Bench, ids, settings, shown, state};
use crate::member::{MemberId, StateName};
use crate::store::settings::{ColumnType, Expected};
use crate::store::{Error, Store};

pub(super) async fn finds_by_login_and_by_id(bench: &Bench) {
    bench.two_members().await;
    let store = bench.store();
    let members = store
        .members_by_login("alice@example.com")
        .await
        .expect("an answer");
    let [alice] = members.as_slice() else {
        panic!("one row, not {members:?}")
    };
    assert_eq!(alice.id, MemberId::Integer(1));
    assert_eq!(
        alice.password.as_ref().expect("a password").expose(),
        "$2b$12$alice"
    );
    let bob = store
        .member_by_id("2")
        .await
        .expect("an answer")
        .expect("a row");
    assert!(bob.password.is_none() && bob.state.is_none() && bob.shown.is_empty());
    assert!(store.member_by_id("3").await.expect("an answer").is_none());
    assert!(ids(&store, "carol@example.com").await.is_empty());
    store.close().await;
}

pub(super) async fn integers_equal_their_canonical_text_only(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email INTEGER, hashed_password TEXT)",
            "INSERT INTO user VALUES (0, 0, 'x'), (42, 42, 'x'), (-7, -7, 'x'), (1, 1, 'x')",
        ])
        .await;
    let store = bench.store();
    for attack in [
        "abc",
        "",
        " ",
        "42abc",
        "42 ",
        " 42",
        "+42",
        "042",
        "42.0",
        "4.2e1",
        "0x2A",
        "-0",
        "00",
        "'",
        "0 OR 1=1",
        "1e0",
        "true",
        "TRUE",
        "NULL",
        "٤٢",
        "４２",
        "42\n",
        "--",
        "99999999999999999999",
    ] {
        assert!(ids(&store, attack).await.is_empty(), "login {attack:?}");
        let member = store.member_by_id(attack).await.expect(attack);
        assert!(member.is_none(), "id {attack:?}");
    }
    for good in ["0", "42", "-7", "1"] {
        assert_eq!(ids(&store, good).await, [good]);
        assert!(store.member_by_id(good).await.expect(good).is_some());
    }
}

pub(super) async fn injection_finds_nothing(bench: &Bench) {
    bench.two_members().await;
    let store = bench.store();
    for attack in [
        "' OR '1'='1",
        "' OR 1=1 -- ",
        "\" OR \"\"=\"",
        "\\' OR 1=1 #",
        "alice@example.com' -- ",
        "'; DROP TABLE user; --",
        "%",
        "_lice@example.com",
        "?",
        "$1",
        ":login",
        "` OR 1",
        "0",
        "",
        "alice@example.com\\",
        "\u{feff}alice@example.com",
        "a\u{202e}b",
        "1) UNION SELECT 1,2,3 -- ",
    ] {
        assert!(ids(&store, attack).await.is_empty(), "{attack:?}");
    }
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}

pub(super) async fn duplicates_come_in_order_and_bounded(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT)",
            "INSERT INTO user (id, email) VALUES (10, 'x'), (9, 'x'), (8, 'x'), (7, 'x'), (6, 'x'), \
             (5, 'x'), (4, 'x'), (3, 'x'), (2, 'x'), (1, 'y')",
        ])
        .await;
    let expected: Vec<String> = (2..=9).map(|id: u8| id.to_string()).collect();
    assert_eq!(ids(&bench.store(), "x").await, expected);
}

pub(super) async fn hostile_names_are_names(bench: &Bench) {
    let (id, login, password) = ("sel`ect \"1\"", "we\"ird", "back`tick; --");
    let quoted = |name: &str| {
        if bench.is_mysql() {
            format!("`{}`", name.replace('`', "``"))
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    };
    let (table, state_column) = ("us\"er ` '?", "상태 ?");
    let columns = [id, login, password, state_column].map(quoted);
    let create = format!(
        "CREATE TABLE {} ({} INTEGER PRIMARY KEY, {} TEXT, {} TEXT, {} BOOL)",
        quoted(table),
        columns[0],
        columns[1],
        columns[2],
        columns[3]
    );
    let insert = format!("INSERT INTO {} VALUES (1, 'a', 'x', 1)", quoted(table));
    bench.run(&[&create, &insert]).await;
    let mut settings = bench.settings();
    table.clone_into(&mut settings.table);
    id.clone_into(&mut settings.columns.id);
    login.clone_into(&mut settings.columns.login);
    password.clone_into(&mut settings.columns.password);
    settings.states = vec![state("on", &[(state_column, Expected::Boolean(true))])];
    let store = Store::open(&settings).expect("good settings");
    store.inspect().await.expect("names are names");
    let members = store.members_by_login("a").await.expect("an answer");
    assert_eq!(members[0].state.as_ref().map(StateName::as_str), Some("on"));
}

pub(super) async fn a_missing_table_is_named(bench: &Bench) {
    bench.two_members().await;
    let mut settings = bench.settings();
    "member".clone_into(&mut settings.table);
    let store = Store::open(&settings).expect("good settings");
    for error in [
        store.inspect().await.expect_err("no table"),
        store.members_by_login("x").await.expect_err("no table"),
    ] {
        assert!(
            matches!(&error, Error::UnknownTable { table } if table == "member"),
            "{error:?}"
        );
        assert!(error.to_string().contains("`member`"));
    }
}

pub(super) async fn the_first_missing_column_is_named(bench: &Bench) {
    bench.two_members().await;
    let mut settings = bench.settings();
    settings.states = vec![state("banned", &[("banned_at", Expected::Null)])];
    settings.shown = vec![shown("nickname", ColumnType::Text)];
    let store = Store::open(&settings).expect("good settings");
    for error in [
        store.inspect().await.expect_err("no column"),
        store.members_by_login("x").await.expect_err("no column"),
        store.member_by_id("1").await.expect_err("no column"),
    ] {
        let named = matches!(&error, Error::UnknownColumn { column, table }
            if column == "banned_at" && table == "user");
        assert!(named, "{error:?}");
    }
}

pub(super) async fn an_inspection_sees_the_table_as_it_is(bench: &Bench) {
    bench.two_members().await;
    let store = bench.store();
    store.inspect().await.expect("everything is there");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    bench
        .run(&["ALTER TABLE user RENAME COLUMN hashed_password TO password_hash"])
        .await;
    for error in [
        store.inspect().await.expect_err("a column is gone"),
        store.member_by_id("1").await.expect_err("a column is gone"),
        store.inspect().await.expect_err("a column is gone"),
    ] {
        let named =
            matches!(&error, Error::UnknownColumn { column, .. } if column == "hashed_password");
        assert!(named, "{error:?}");
    }
    bench.run(&["DROP TABLE user"]).await;
    let error = store.inspect().await.expect_err("the table is gone");
    assert!(matches!(error, Error::UnknownTable { .. }), "{error:?}");
    bench.two_members().await;
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
    store.close().await;
}

pub(super) async fn four_bytes_of_utf8_are_one_character(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT)",
            "INSERT INTO user VALUES (1, '🦀@example.com', '🔑'), (2, '𠮷野@example.com', 'x')",
        ])
        .await;
    let store = bench.store();
    assert_eq!(ids(&store, "𠮷野@example.com").await, ["2"]);
    let members = store
        .members_by_login("🦀@example.com")
        .await
        .expect("an answer");
    assert_eq!(
        members[0].password.as_ref().expect("a password").expose(),
        "🔑"
    );
}

pub(super) async fn odd_logins_do_not_reach_the_database(bench: &Bench) {
    let unreachable = if bench.is_mysql() {
        "mysql://a:b@127.0.0.1:1/x"
    } else {
        "sqlite:/no/such/file"
    };
    let store = Store::open(&settings(unreachable)).expect("good settings");
    for login in ["a\0b".to_owned(), "\0".to_owned(), "é".repeat(513)] {
        assert!(ids(&store, &login).await.is_empty());
        assert!(
            store
                .member_by_id(&login)
                .await
                .expect("no question")
                .is_none()
        );
    }
    let error = store
        .members_by_login(&"e".repeat(1024))
        .await
        .expect_err("no database");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

pub(super) async fn text_ids_are_text(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id VARCHAR(36) PRIMARY KEY, email TEXT, hashed_password TEXT)",
            "INSERT INTO user VALUES ('0e9f5b1c-0000-4000-8000-000000000000', 'a', 'x'), ('042', 'b', 'x'), \
             ('9', 'c', 'x')",
        ])
        .await;
    let store = bench.store();
    for id in ["0e9f5b1c-0000-4000-8000-000000000000", "042", "9"] {
        let member = store.member_by_id(id).await.expect("an answer").expect(id);
        assert_eq!(member.id, MemberId::Text(id.to_owned()));
    }
    for id in ["42", "0", "0e9", "9.0", "09"] {
        assert!(
            store.member_by_id(id).await.expect("an answer").is_none(),
            "{id}"
        );
    }
}

pub(super) async fn extreme_ids_are_exact(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id BIGINT PRIMARY KEY, email TEXT, hashed_password TEXT)",
            "INSERT INTO user (id) VALUES (9007199254740992), (9007199254740993), \
             (9223372036854775806), (9223372036854775807), (-9223372036854775808)",
        ])
        .await;
    let store = bench.store();
    for id in [
        9_007_199_254_740_992,
        9_007_199_254_740_993,
        i64::MAX - 1,
        i64::MAX,
        i64::MIN,
    ] {
        let member = store
            .member_by_id(&id.to_string())
            .await
            .expect("an answer")
            .expect("a row");
        assert_eq!(member.id, MemberId::Integer(id));
    }
    for id in [
        "9223372036854775805",
        "9223372036854775808",
        "9007199254740991",
    ] {
        assert!(
            store.member_by_id(id).await.expect("an answer").is_none(),
            "{id}"
        );
    }
}

pub(super) async fn look_ups_run_side_by_side(bench: &Bench) {
    bench.two_members().await;
    let store = bench.store();
    let answers = join_all((0..40).map(|_| ids(&store, "alice@example.com"))).await;
    assert!(answers.iter().all(|ids| ids == &["1"]));
}
