//! With a real server: each way in which a stream was seen to fail, and what is made of it.

mod moods;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::time::timeout;

use super::*;
use crate::revocation::bench::{Database, Server};
use crate::store::DatabaseUrl;

/// Far more than anything here takes.
const SOON: Duration = Duration::from_secs(20);

fn settings(url: &str) -> Settings {
    Settings {
        database: DatabaseUrl::parse(url).expect("a good URL"),
        tls: None,
        connect_timeout: Duration::from_secs(10),
        heartbeat: Duration::from_millis(100),
        tables: vec![watched("user")],
    }
}

fn watched(table: &str) -> Watched {
    Watched {
        schema: None,
        table: table.to_owned(),
        key: "id".to_owned(),
        columns: vec!["is_active".to_owned(), "is_restricted".to_owned()],
        secrets: vec!["hashed_password".to_owned()],
    }
}

/// As a replica that no other test is.
async fn connect(database: &Database) -> Replica {
    static NEXT: AtomicU32 = AtomicU32::new(1000);
    connect_as(database, NEXT.fetch_add(1, Ordering::Relaxed)).await
}

async fn connect_as(database: &Database, number: u32) -> Replica {
    let replica = Replica::connect(&settings(&database.url()), None, number).await;
    replica.expect("a replica")
}

/// The next transaction that says something about watched tables.
async fn told(replica: &mut Replica) -> Commit {
    let telling = async {
        loop {
            match replica.next().await.expect("news").1 {
                News::Commit(commit) if !commit.changes.is_empty() || commit.unknown.is_some() => {
                    return commit;
                }
                News::Commit(_) | News::Heartbeat(_) => {}
            }
        }
    };
    timeout(SOON, telling).await.expect("news in time")
}

async fn changes(replica: &mut Replica) -> Vec<(String, bool)> {
    let commit = told(replica).await;
    assert_eq!(commit.unknown, None);
    let changes = commit.changes.into_iter();
    changes.map(|change| (change.key, change.secret)).collect()
}

async fn why(replica: &mut Replica) -> Why {
    loop {
        if let Some(why) = told(replica).await.unknown {
            return why;
        }
    }
}

async fn end(replica: &mut Replica) -> Fault {
    let ending = async {
        loop {
            if let Err(fault) = replica.next().await {
                return fault;
            }
        }
    };
    timeout(SOON, ending).await.expect("an end in time")
}

fn key(key: &str, secret: bool) -> Vec<(String, bool)> {
    vec![(key.to_owned(), secret)]
}

#[tokio::test]
async fn changes_of_watched_columns_are_told_and_no_others() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    for (sql, expected) in [
        (
            "UPDATE user SET is_restricted = 1 WHERE id = 1",
            key("1", false),
        ),
        (
            "UPDATE user SET hashed_password = 'c' WHERE id = 2",
            key("2", true),
        ),
        (
            "UPDATE user SET point = 9, hashed_password = NULL WHERE id = 2",
            key("2", true),
        ),
        (
            "INSERT INTO user VALUES (3, 'c', 'c', 1, 0, 0)",
            key("3", false),
        ),
        (
            "UPDATE user SET id = 4 WHERE id = 3",
            vec![("3".to_owned(), false), ("4".to_owned(), false)],
        ),
        ("DELETE FROM user WHERE id = 4", key("4", false)),
    ] {
        monolith
            .query_drop("UPDATE user SET point = point + 1")
            .await
            .expect("no news");
        monolith.query_drop(sql).await.expect(sql);
        assert_eq!(changes(&mut replica).await, expected, "{sql}");
    }
    database.clear().await;
}

#[tokio::test]
async fn rows_are_told_when_they_are_committed_and_can_be_read_then() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let (mut first, mut second) = (database.monolith().await, database.monolith().await);
    first.query_drop("BEGIN").await.expect("a transaction");
    first
        .query_drop("UPDATE user SET is_restricted = 1 WHERE id = 1")
        .await
        .expect("a ban");
    second.query_drop("BEGIN").await.expect("a transaction");
    second
        .query_drop("UPDATE user SET is_active = 0 WHERE id = 2")
        .await
        .expect("a change");
    second.query_drop("ROLLBACK").await.expect("no change");
    second
        .query_drop("UPDATE user SET hashed_password = 'x' WHERE id = 2")
        .await
        .expect("a change");
    assert_eq!(changes(&mut replica).await, key("2", true));
    first.query_drop("COMMIT").await.expect("a commit");
    let commit = told(&mut replica).await;
    assert_eq!(commit.changes.len(), 1);
    let visible = replica.visible(&commit.position.log).await;
    assert!(visible.expect("a position"), "the server can be asked");
    assert!(
        commit.position.gtids.contains_key(&0),
        "{}",
        commit.position
    );
    database.clear().await;
}

#[tokio::test]
async fn what_rows_do_not_tell_is_unknown() {
    let database = Database::shared().await;
    database
        .run(&[
            "CREATE TABLE grandparent (id INT PRIMARY KEY)",
            "CREATE TABLE other (id INT PRIMARY KEY)",
            "INSERT INTO grandparent VALUES (1)",
            "ALTER TABLE user ADD parent INT, \
             ADD FOREIGN KEY (parent) REFERENCES grandparent (id) ON DELETE CASCADE",
            "UPDATE user SET parent = 1",
        ])
        .await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    for (format, next, expected) in [
        ("ROW", "DELETE FROM grandparent WHERE id = 1", Why::Cascade),
        (
            "STATEMENT",
            "UPDATE user SET is_restricted = 1",
            Why::Statement,
        ),
        ("MIXED", "UPDATE user SET is_restricted = 0", Why::Statement),
        (
            "ROW",
            "ALTER TABLE user ADD COLUMN added INT FIRST",
            Why::Definition,
        ),
    ] {
        for sql in [
            "CREATE OR REPLACE TABLE other (id INT)",
            // A statement that changes no row is not logged.
            "REPLACE INTO user (id, is_active, is_restricted) VALUES (9, 1, 0)",
            &format!("SET SESSION binlog_format = {format}"),
            next,
        ] {
            monolith.query_drop(sql).await.expect(sql);
        }
        assert_eq!(why(&mut replica).await, expected, "{next}");
        drain(&mut replica, &mut monolith).await;
    }
    for sql in [
        "TRUNCATE TABLE user",
        "RENAME TABLE user TO users",
        "RENAME TABLE users TO user",
        "DROP TABLE user",
    ] {
        monolith.query_drop(sql).await.expect(sql);
        assert_eq!(why(&mut replica).await, Why::Definition, "{sql}");
    }
    database.clear().await;
}

/// Reads up to a statement that nobody else writes.
async fn drain(replica: &mut Replica, monolith: &mut Conn) {
    monolith
        .query_drop("SET @@session.binlog_format = ROW")
        .await
        .expect("rows");
    monolith
        .query_drop("REPLACE INTO user (id) VALUES (77)")
        .await
        .expect("a row");
    monolith
        .query_drop("DELETE FROM user WHERE id = 77")
        .await
        .expect("no row");
    let mut seen = 0;
    while seen < 2 {
        let commit = told(replica).await;
        seen += usize::from(commit.changes.iter().any(|change| change.key == "77"));
    }
}

#[tokio::test]
async fn a_table_that_is_altered_is_read_by_its_new_columns() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    for (alter, sql, expected) in [
        (
            "ALTER TABLE user ADD COLUMN role INT DEFAULT 0 FIRST",
            "UPDATE user SET is_restricted = 1 WHERE id = 1",
            Some(key("1", false)),
        ),
        (
            "ALTER TABLE user ADD COLUMN age INT DEFAULT 0 FIRST",
            "UPDATE user SET age = 1 WHERE id = 1",
            None,
        ),
        (
            "ALTER TABLE user DROP COLUMN email",
            "UPDATE user SET hashed_password = 'n' WHERE id = 2",
            Some(key("2", true)),
        ),
        (
            "ALTER TABLE user MODIFY is_active INT",
            "UPDATE user SET is_active = 0 WHERE id = 2",
            Some(key("2", false)),
        ),
    ] {
        monolith.query_drop(alter).await.expect(alter);
        assert_eq!(why(&mut replica).await, Why::Definition, "{alter}");
        monolith.query_drop(sql).await.expect(sql);
        if let Some(expected) = expected {
            assert_eq!(changes(&mut replica).await, expected, "{sql}");
        }
    }
    database.clear().await;
}

#[tokio::test]
async fn smaller_images_tell_the_same() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    for image in ["MINIMAL", "NOBLOB", "FULL"] {
        for (sql, expected) in [
            (
                "UPDATE user SET is_restricted = 1 - is_restricted WHERE id = 1",
                key("1", false),
            ),
            (
                "UPDATE user SET hashed_password = CONCAT(hashed_password, 'x') WHERE id = 2",
                key("2", true),
            ),
            ("INSERT INTO user (id) VALUES (5)", key("5", false)),
            ("DELETE FROM user WHERE id = 5", key("5", false)),
        ] {
            let set = format!("SET SESSION binlog_row_image = {image}");
            monolith.query_drop(set).await.expect("an image");
            monolith
                .query_drop("UPDATE user SET point = point + 1")
                .await
                .expect("no news");
            monolith.query_drop(sql).await.expect(sql);
            assert_eq!(changes(&mut replica).await, expected, "{image} {sql}");
        }
    }
    database.clear().await;
}

#[tokio::test]
async fn keys_are_spelt_as_the_table_spells_them() {
    let database = Database::shared().await;
    let mut monolith = database.monolith().await;
    let rest = "is_active INT, is_restricted INT, hashed_password TEXT";
    for (kind, value) in [
        ("BIGINT UNSIGNED", "18446744073709551615"),
        ("MEDIUMINT UNSIGNED", "16777215"),
        ("INT", "-3"),
        ("VARCHAR(40)", "'Zoë'"),
        ("CHAR(40)", "'Zoë'"),
        ("VARCHAR(40) CHARACTER SET latin1", "'abc'"),
        ("UUID", "'0e9f5b1c-0000-4000-8000-00000000000a'"),
        ("UUID", "'0e9f5b1c-1234-1abc-8def-0123456789ab'"),
        ("UUID", "'0190163d-8694-739b-aea5-966c26f8ad91'"),
        ("UUID", "'0190163d-8694-739b-aea5-966c26f8ad00'"),
    ] {
        let create = format!("CREATE OR REPLACE TABLE user (id {kind} PRIMARY KEY, {rest})");
        monolith.query_drop(&create).await.expect(&create);
        let mut replica = connect(&database).await;
        let insert = format!("INSERT INTO user (id) VALUES ({value})");
        monolith.query_drop(&insert).await.expect(&insert);
        let expected = value.trim_matches('\'');
        assert_eq!(changes(&mut replica).await, key(expected, false), "{kind}");
    }
    let create = format!("CREATE OR REPLACE TABLE user (id BINARY(4) PRIMARY KEY, {rest})");
    monolith.query_drop(&create).await.expect(&create);
    let mut replica = connect(&database).await;
    monolith
        .query_drop("INSERT INTO user (id) VALUES ('ab')")
        .await
        .expect("a row");
    assert_eq!(why(&mut replica).await, Why::Key);
    database.clear().await;
}

#[tokio::test]
async fn xa_transactions_are_told_when_they_are_committed() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    let branch = format!("'{}'", database.name);
    for last in ["ROLLBACK", "COMMIT"] {
        for sql in ["XA START", "UPDATE", "XA END", "XA PREPARE", "XA"] {
            let sql = match sql {
                "UPDATE" => "UPDATE user SET is_restricted = 1 WHERE id = 1".to_owned(),
                "XA" => {
                    monolith.query_drop("SET @a = 1").await.expect("a pause");
                    database
                        .run(&["UPDATE user SET hashed_password = RAND() WHERE id = 2"])
                        .await;
                    assert_eq!(
                        changes(&mut replica).await,
                        key("2", true),
                        "only the other row is told"
                    );
                    format!("XA {last} {branch}")
                }
                other => format!("{other} {branch}"),
            };
            monolith.query_drop(&sql).await.expect(&sql);
        }
    }
    assert_eq!(changes(&mut replica).await, key("1", false));
    database.clear().await;
}

#[tokio::test]
async fn an_idle_server_is_heard() {
    let server = Server::start("");
    let database = server.database().await;
    let mut replica = connect(&database).await;
    for _ in 0..3 {
        let heard = timeout(SOON, replica.next()).await.expect("in time");
        assert!(matches!(heard.expect("news").1, News::Heartbeat(_)));
    }
    let frozen = replica.visible(&LogPosition::default()).await;
    assert!(frozen.expect("an answer"));
}

#[tokio::test]
async fn a_missing_grant_is_told_as_one() {
    let database = Database::shared().await;
    let name = &database.name;
    let revoke = format!("REVOKE REPLICATION SLAVE ON *.* FROM '{name}'@'%'");
    database.run(&[&revoke]).await;
    let refused = Replica::connect(&settings(&database.url()), None, 7).await;
    let fault = refused.expect_err("no grant");
    assert!(matches!(fault, Fault::NotAllowed { .. }), "{fault:?}");
    let wrong = database.url().replace(":right@", ":wrong@");
    let refused = Replica::connect(&settings(&wrong), None, 7).await;
    let fault = refused.expect_err("a wrong password");
    assert!(matches!(fault, Fault::Refused { code: 1045 }), "{fault:?}");
    let grant = format!("GRANT REPLICATION SLAVE ON *.* TO '{name}'@'%'");
    database
        .run(&[&grant, "CREATE VIEW users AS SELECT * FROM user"])
        .await;
    let of = |table: &str, column: &str| {
        let mut settings = settings(&database.url());
        settings.tables = vec![watched(table)];
        settings.tables[0].columns.push(column.to_owned());
        settings
    };
    for (table, column, expected) in [
        ("nobody", "id", "there is no table `nobody`"),
        ("users", "id", "there is no table `users`"),
        ("user", "banned", "the table `user` has no column `banned`"),
    ] {
        let fault = Replica::connect(&of(table, column), None, 7)
            .await
            .expect_err(table);
        assert!(fault.to_string().starts_with(expected), "{fault}");
        assert!(fault.is_lasting());
    }
    database.clear().await;
}

#[tokio::test]
async fn a_killed_stream_and_a_second_replica_of_our_number_are_told() {
    let database = Database::shared().await;
    let mut replica = connect(&database).await;
    let mut monolith = database.monolith().await;
    let sql =
        "SELECT id FROM information_schema.processlist WHERE user = ? AND command = 'Binlog Dump'";
    let kill = async {
        loop {
            let id: Option<u64> = monolith
                .exec_first(sql, (&database.name,))
                .await
                .expect("a list");
            if let Some(id) = id {
                return monolith
                    .query_drop(format!("KILL {id}"))
                    .await
                    .expect("to kill it");
            }
        }
    };
    timeout(SOON, kill).await.expect("a stream");
    let fault = end(&mut replica).await;
    assert!(
        matches!(
            fault,
            Fault::Connection(_) | Fault::Server { .. } | Fault::Ended
        ),
        "{fault:?}"
    );
    let mut older = connect_as(&database, 7).await;
    let mut newer = connect_as(&database, 7).await;
    let fault = end(&mut older).await;
    assert!(matches!(fault, Fault::ServerIdTaken), "{fault:?}");
    database
        .run(&["UPDATE user SET is_active = 0 WHERE id = 1"])
        .await;
    assert_eq!(changes(&mut newer).await, key("1", false));
    database.clear().await;
}
