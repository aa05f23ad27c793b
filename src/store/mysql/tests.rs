//! What the session is like, seen from inside.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::options::driver;
use crate::store::contract::bench::{Bench, settings};
use crate::store::settings::{PoolSettings, SettingsError};
use crate::store::url::DatabaseUrl;
use crate::store::{Database, Store};

#[tokio::test]
async fn the_session_is_read_only_bounded_and_utf8mb4() {
    let bench = Bench::mysql().await;
    bench
        .hosting(async {
            bench.two_members().await;
            let settings = bench.settings();
            let DatabaseUrl::MySql(url) = &settings.database else {
                panic!("a server")
            };
            let opts = driver(&settings, url).expect("options");
            let mut conn = Conn::new(opts).await.expect("a connection");
            let sql = "SELECT @@tx_read_only, @@max_statement_time, @@character_set_client, \
                       @@character_set_results";
            let row: Option<(u8, f64, String, String)> =
                conn.query_first(sql).await.expect("a row");
            let utf8 = || "utf8mb4".to_owned();
            assert_eq!(row, Some((1, 5.0, utf8(), utf8())));
            let error = conn
                .query_drop("DELETE FROM user")
                .await
                .expect_err("read-only");
            assert!(matches!(error, mysql_async::Error::Server(error) if error.code == 1792));
        })
        .await;
}

#[tokio::test]
async fn a_warm_look_up_prepares_nothing() {
    let bench = Bench::mysql().await;
    bench
        .hosting(async {
            bench.two_members().await;
            let mut settings = bench.settings();
            settings.pool = PoolSettings { min: 1, max: 1 };
            let store = Store::open(&settings).expect("good settings");
            for _ in 0..20 {
                store.member_by_id("1").await.expect("an answer");
                store.members_by_login("alice@example.com").await.expect("an answer");
            }
            let Database::MySql(inside) = &store.database else { panic!("a server") };
            let mut conn = inside.pool.get_conn().await.expect("the connection");
            let sql = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_stmt_prepare', 'Com_stmt_execute')";
            let counts: Vec<(String, u32)> = conn.query(sql).await.expect("counts");
            let counts: Vec<u32> = counts.into_iter().map(|(_, count)| count).collect();
            assert_eq!(counts, [40, 2], "executed, prepared");
        })
        .await;
}

#[tokio::test]
async fn a_column_that_turned_into_text_is_not_compared_as_a_number() {
    let bench = Bench::mysql().await;
    bench
        .hosting(async {
            bench
                .run(&[
                    "CREATE TABLE user (id INT PRIMARY KEY, email INT, hashed_password TEXT)",
                    "INSERT INTO user VALUES (1, 42, 'x')",
                ])
                .await;
            let mut settings = bench.settings();
            settings.pool = PoolSettings { min: 1, max: 1 };
            let store = Store::open(&settings).expect("good settings");
            assert_eq!(
                store.members_by_login("42").await.expect("an answer").len(),
                1
            );
            bench
                .run(&[
                    "ALTER TABLE user MODIFY email VARCHAR(20)",
                    "UPDATE user SET email = '42abc'",
                ])
                .await;
            assert!(
                store
                    .members_by_login("42")
                    .await
                    .expect("an answer")
                    .is_empty()
            );
        })
        .await;
}

#[test]
fn impossible_pools_are_refused() {
    for (min, max) in [(0, 0), (2, 1)] {
        let mut settings = settings("mysql://a:b@127.0.0.1/x");
        settings.pool = PoolSettings { min, max };
        let DatabaseUrl::MySql(url) = &settings.database else {
            panic!("a server")
        };
        let error = driver(&settings, url).expect_err("no pool");
        assert!(matches!(error, SettingsError::Pool { .. }), "{error:?}");
    }
}
