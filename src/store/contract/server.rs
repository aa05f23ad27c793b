//! What only a server has: collations, unsigned integers, accounts, schemas, TLS.

use mysql_async::prelude::Queryable as _;
use serde_json::{Number, Value, json};

use super::bench::{Bench, ids, settings, shown, state, written_out};
use crate::member::{ColumnValue, MemberId};
use crate::store::settings::{ColumnType as T, Expected, TlsSettings};
use crate::store::{Error, Store};

pub(super) async fn collation_decides(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INT PRIMARY KEY, hashed_password TEXT, \
             email VARCHAR(80) COLLATE utf8mb4_general_ci, \
             exact VARCHAR(80) COLLATE utf8mb4_bin, raw VARBINARY(80))",
            "INSERT INTO user VALUES (1, 'x', 'Ünal@Example.com', 'Ünal@Example.com', 'Ünal@Example.com')",
        ])
        .await;
    let store = bench.store();
    for login in [
        "Ünal@Example.com",
        "unal@example.COM",
        "ÜNAL@EXAMPLE.COM ",
        "unal@example.com   ",
    ] {
        assert_eq!(ids(&store, login).await, ["1"], "{login:?}");
    }
    assert!(ids(&store, " unal@example.com").await.is_empty());
    for (column, padded) in [("exact", 1), ("raw", 0)] {
        let mut settings = bench.settings();
        column.clone_into(&mut settings.columns.login);
        let store = Store::open(&settings).expect("good settings");
        assert_eq!(ids(&store, "Ünal@Example.com").await, ["1"]);
        assert!(ids(&store, "ünal@example.com").await.is_empty());
        assert_eq!(
            ids(&store, "Ünal@Example.com ").await.len(),
            padded,
            "{column}"
        );
    }
}

pub(super) async fn unwritable_characters_find_nothing(bench: &Bench) {
    for charset in [
        "latin1",
        "ascii",
        "utf8mb3",
        "euckr",
        "latin1 COLLATE latin1_bin",
    ] {
        let create = format!(
            "CREATE TABLE user (id INT PRIMARY KEY, email VARCHAR(80), hashed_password TEXT) CHARSET {charset}"
        );
        bench
            .run(&[
                "DROP TABLE IF EXISTS user",
                &create,
                "INSERT INTO user VALUES (1, 'a@b', 'x'), (2, '?', 'x')",
            ])
            .await;
        let store = bench.store();
        assert_eq!(ids(&store, "a@b").await, ["1"], "{charset}");
        for login in ["🦀", "보호", "é", "a@b🦀", "\u{fffd}"] {
            assert!(ids(&store, login).await.is_empty(), "{charset} {login}");
        }
    }
}

pub(super) async fn unsigned_ids_are_exact(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id BIGINT UNSIGNED PRIMARY KEY, email BIGINT UNSIGNED, hashed_password TEXT)",
            "INSERT INTO user (id) SELECT 18446744073709551615 - seq FROM seq_0_to_40",
            "INSERT INTO user (id) VALUES (7)",
            "UPDATE user SET email = id",
        ])
        .await;
    let store = bench.store();
    for id in [u64::MAX, u64::MAX - 17, u64::MAX - 40, 7] {
        let member = store
            .member_by_id(&id.to_string())
            .await
            .expect("an answer")
            .expect("a row");
        assert_eq!(member.id, MemberId::from(id));
        // A double could not tell this one from its neighbours.
        assert_eq!(ids(&store, &id.to_string()).await, [id.to_string()]);
    }
    for id in ["18446744073709551616", "18446744073709551574", "-1", "-7"] {
        assert!(
            store.member_by_id(id).await.expect("an answer").is_none(),
            "{id}"
        );
    }
}

pub(super) async fn server_types_are_shown(bench: &Bench) {
    bench
        .run(&[
            "SET SESSION sql_mode = ''",
            "CREATE TABLE user (id INT UNSIGNED ZEROFILL PRIMARY KEY, email TEXT, \
             hashed_password VARBINARY(60), bit_on BIT(1), bits BIT(12), price DECIMAL(12,2), \
             ratio FLOAT, kind ENUM('staff','admin'), tags SET('a','b'), opens TIME(3), born YEAR, \
             stamp TIMESTAMP(6), never DATETIME, big BIGINT UNSIGNED, doc JSON, tag UUID, day DATE)",
            "INSERT INTO user VALUES (7, 'a', '$2b$', b'1', b'100000000001', 12.50, 0.1, 'admin', 'a,b', \
             '-30:00:01.5', 1999, '2024-01-02 03:04:05.1', '0000-00-00', 18446744073709551615, \
             '{\"z\":1,\"a\":[]}', '0e9f5b1c-0000-4000-8000-00000000000a', '2024-03-04')",
        ])
        .await;
    let mut settings = bench.settings();
    settings.shown = [
        ("bit_on", T::Boolean),
        ("bits", T::Integer),
        ("price", T::Number),
        ("ratio", T::Number),
        ("kind", T::Text),
        ("tags", T::Text),
        ("opens", T::Text),
        ("born", T::Integer),
        ("stamp", T::DateTime),
        ("never", T::DateTime),
        ("big", T::Integer),
        ("doc", T::Json),
        ("tag", T::Text),
        ("day", T::DateTime),
    ]
    .map(|(column, column_type)| shown(column, column_type))
    .to_vec();
    settings.states = vec![
        state("off", &[("bit_on", Expected::Boolean(false))]),
        state(
            "admins",
            &[
                ("bit_on", Expected::Boolean(true)),
                ("kind", Expected::Text("admin".to_owned())),
            ],
        ),
    ];
    let store = Store::open(&settings).expect("good settings");
    let member = store
        .member_by_id("7")
        .await
        .expect("an answer")
        .expect("a row");
    let expected = json!({
        "bit_on": true, "bits": 2049, "price": 12.5, "ratio": 0.1, "kind": "admin", "tags": "a,b",
        "opens": "-30:00:01.500000", "born": 1999, "stamp": "2024-01-02T03:04:05.100000",
        "never": null, "big": u64::MAX, "doc": {"z": 1, "a": []},
        "tag": "0e9f5b1c-0000-4000-8000-00000000000a", "day": "2024-03-04T00:00:00",
    });
    assert_eq!(
        Value::Object(member.shown).to_string(),
        expected.to_string()
    );
    assert_eq!(member.id, MemberId::Integer(7));
    assert_eq!(member.state.expect("a state").as_str(), "admins");
    let columns = [
        "bit_on", "price", "ratio", "kind", "opens", "stamp", "never", "big",
    ];
    settings.ruled = columns.map(str::to_owned).to_vec();
    let store = Store::open(&settings).expect("good settings");
    let row = store.row_by_id("7").await.expect("an answer");
    let float = |number| ColumnValue::Number(Number::from_f64(number).expect("a number"));
    let expected = [
        ColumnValue::Number(1.into()),
        float(12.5),
        float(0.1),
        ColumnValue::Text("admin".into()),
        ColumnValue::Other("a time"),
        ColumnValue::Other("a date"),
        ColumnValue::Null,
        ColumnValue::Number(u64::MAX.into()),
    ];
    assert_eq!(*row.expect("a row").values, expected);
}

pub(super) async fn a_decimal_login_is_exact(bench: &Bench) {
    for kind in ["DECIMAL(20,2)", "DOUBLE", "DATE", "DATETIME", "TIME"] {
        let create =
            format!("CREATE TABLE user (id INT PRIMARY KEY, email {kind}, hashed_password TEXT)");
        bench
            .run(&[
                "DROP TABLE IF EXISTS user",
                &create,
                "INSERT INTO user VALUES (1, 0, 'x')",
            ])
            .await;
        let store = bench.store();
        for attack in ["abc", "", "0x", "00", "0abc", "'"] {
            let answer = store.members_by_login(attack).await;
            let found = answer.map(|members| members.len()).unwrap_or_default();
            assert_eq!(found, 0, "{kind} {attack:?}");
        }
    }
}

async fn account(bench: &Bench, grant: &str) -> String {
    let name = bench.database();
    let mut admin = bench.admin().await;
    for sql in [
        format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'right'"),
        grant.to_owned(),
    ] {
        admin.query_drop(sql).await.expect("an account");
    }
    bench.url_of(&format!("{name}:right"), None)
}

pub(super) async fn a_wrong_password_is_refused(bench: &Bench) {
    bench.two_members().await;
    let url = account(bench, "DO 1").await;
    let wrong = url.replace(":right@", ":hunter2@");
    for url in [wrong, bench.url_of("nobody:hunter2", None)] {
        let store = Store::open(&settings(&url)).expect("good settings");
        for error in [
            store.inspect().await.expect_err("refused"),
            store.member_by_id("1").await.expect_err("refused"),
        ] {
            assert!(
                matches!(error, Error::Refused { code: 1045 | 1698 }),
                "{error:?}"
            );
            assert!(!written_out(&error).contains("hunter2"));
        }
    }
}

pub(super) async fn a_missing_grant_is_refused(bench: &Bench) {
    bench.two_members().await;
    let name = bench.database();
    let url = account(
        bench,
        &format!("GRANT SELECT (id) ON {name}.user TO '{name}'@'%'"),
    )
    .await;
    let store = Store::open(&settings(&url)).expect("good settings");
    let error = store.inspect().await.expect_err("no grant on the columns");
    assert!(
        matches!(error, Error::Refused { code: 1142 | 1143 }),
        "{error:?}"
    );
    let mut admin = bench.admin().await;
    let grant = "SELECT (id, email, hashed_password)";
    admin
        .query_drop(format!("GRANT {grant} ON {name}.user TO '{name}'@'%'"))
        .await
        .expect("a grant");
    store.inspect().await.expect("the three columns are enough");
    admin
        .query_drop(format!("REVOKE {grant} ON {name}.user FROM '{name}'@'%'"))
        .await
        .expect("none");
    let error = store.member_by_id("1").await.expect_err("no grant");
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
}

pub(super) async fn a_missing_database_is_told(bench: &Bench) {
    let url = bench.url();
    for url in [
        format!("{url}_not_there"),
        url.replace(bench.database(), ""),
    ] {
        let store = Store::open(&settings(&url)).expect("good settings");
        let error = store.inspect().await.expect_err("no database");
        assert!(matches!(error, Error::UnknownDatabase), "{error:?}");
    }
}

pub(super) async fn other_schemas_are_reached(bench: &Bench) {
    bench.two_members().await;
    let mut settings = settings(&bench.url().replace(bench.database(), ""));
    settings.table = format!("{}.user", bench.database());
    let store = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&store, "alice@example.com").await, ["1"]);
}

pub(super) async fn tls_trusts_its_own_authority(bench: &Bench) {
    bench.two_members().await;
    let name = bench.database();
    let url = account(
        bench,
        &format!("GRANT SELECT ON {name}.* TO '{name}'@'%' REQUIRE SSL"),
    )
    .await;
    let ca: Option<String> = bench
        .admin()
        .await
        .query_first("SELECT @@ssl_ca")
        .await
        .expect("a row");
    let ca = ca
        .filter(|path| !path.is_empty())
        .expect("tests/run starts a server with TLS");
    let mut settings = settings(&url);
    let plain = Store::open(&settings).expect("good settings");
    let error = plain.inspect().await.expect_err("TLS is required");
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    settings.tls = Some(TlsSettings {
        authorities: Some(std::fs::read(ca).expect("the server's authority")),
    });
    let trusting = Store::open(&settings).expect("good settings");
    assert_eq!(ids(&trusting, "alice@example.com").await, ["1"]);
    settings.tls = Some(TlsSettings { authorities: None });
    let doubting = Store::open(&settings).expect("good settings");
    let error = doubting
        .inspect()
        .await
        .expect_err("no public authority signed it");
    assert!(
        matches!(error, Error::Unavailable { .. }),
        "{}",
        written_out(&error)
    );
}
