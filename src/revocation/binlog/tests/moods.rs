//! What takes a server of its own: its settings, its files, its end.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::time::timeout;

use super::*;

/// One server for what changes a server.
#[tokio::test]
async fn a_server_of_many_moods_is_followed() {
    let server = Server::start("");
    let database = server.database().await;
    let mut monolith = database.monolith().await;
    compressed(&database, &mut monolith).await;
    metadata(&database, &mut monolith).await;
    huge(&database, &mut monolith).await;
    let position = rotated(&database, &mut monolith).await;
    lost(&database, &mut monolith, &position).await;
    restarted(&server, &database).await;
}

async fn compressed(database: &Database, monolith: &mut Conn) {
    for sql in [
        "SET GLOBAL log_bin_compress = 1",
        "SET GLOBAL log_bin_compress_min_len = 10",
    ] {
        monolith.query_drop(sql).await.expect(sql);
    }
    let mut replica = connect(database).await;
    let sql = "UPDATE user SET hashed_password = REPEAT('a', 900) WHERE id = 1";
    monolith.query_drop(sql).await.expect(sql);
    assert_eq!(why(&mut replica).await, Why::Compressed);
    monolith
        .query_drop("ALTER TABLE user ADD COLUMN a_long_name_for_a_column_to_be_compressed INT")
        .await
        .expect("a column");
    assert_eq!(why(&mut replica).await, Why::Compressed);
    monolith
        .query_drop("SET GLOBAL log_bin_compress = 0")
        .await
        .expect("no compression");
}

async fn metadata(database: &Database, monolith: &mut Conn) {
    for metadata in ["FULL", "MINIMAL", "NO_LOG"] {
        let set = format!("SET GLOBAL binlog_row_metadata = {metadata}");
        monolith.query_drop(set).await.expect("metadata");
        for checksum in ["NONE", "CRC32"] {
            let mut replica = connect(database).await;
            let set = format!("SET GLOBAL binlog_checksum = {checksum}");
            monolith.query_drop(set).await.expect("a checksum");
            let sql = "UPDATE user SET is_restricted = 1 - is_restricted WHERE id = 1";
            monolith.query_drop(sql).await.expect(sql);
            assert_eq!(
                changes(&mut replica).await,
                key("1", false),
                "{metadata} {checksum}"
            );
        }
    }
}

/// An event that is larger than the server's own limit for packets, of a table that nobody watches.
async fn huge(database: &Database, monolith: &mut Conn) {
    let mut replica = connect(database).await;
    for sql in [
        "CREATE TABLE photo (id INT PRIMARY KEY, data LONGBLOB)",
        "INSERT INTO photo VALUES (1, REPEAT('a', 12000000))",
        "UPDATE photo SET data = REPEAT('b', 12000000)",
        "INSERT INTO user (id) SELECT seq FROM seq_100_to_60000",
        "UPDATE user SET is_restricted = 1 WHERE id = 1",
        "UPDATE user SET is_restricted = 0 WHERE id = 1",
    ] {
        monolith.query_drop(sql).await.expect(sql);
    }
    let commit = told(&mut replica).await;
    assert_eq!((commit.changes.len(), commit.unknown), (0, Some(Why::Huge)));
    assert_eq!(changes(&mut replica).await, key("1", false));
}

async fn rotated(database: &Database, monolith: &mut Conn) -> Position {
    let mut replica = connect(database).await;
    monolith.query_drop("FLUSH LOGS").await.expect("a new file");
    monolith
        .query_drop("UPDATE user SET is_active = 0 WHERE id = 1")
        .await
        .expect("a change");
    let commit = told(&mut replica).await;
    assert!(
        replica
            .visible(&commit.position.log)
            .await
            .expect("a position")
    );
    drop(replica);
    // From where it stood, on any server that has it.
    monolith
        .query_drop("UPDATE user SET is_active = 1 WHERE id = 2")
        .await
        .expect("a change");
    monolith
        .query_drop("UPDATE user SET hashed_password = 'again' WHERE id = 2")
        .await
        .expect("a change");
    let checkpoint = Position::parse(&commit.position.to_string()).expect("a checkpoint");
    let resumed = Replica::connect(&settings(&database.url()), Some(&checkpoint), 8).await;
    let mut resumed = resumed.expect("a replica");
    assert!(
        !resumed.has_caught_up(&commit.position.log),
        "there is more"
    );
    let next = told(&mut resumed).await;
    assert_eq!(next.changes[0].key, "2");
    assert!(resumed.has_caught_up(&next.position.log));
    assert!(
        resumed.has_caught_up(&commit.position.log),
        "once and for all"
    );
    assert_eq!(
        next.position.log.file, commit.position.log.file,
        "the file is known"
    );
    assert!(next.position.log.reaches(&commit.position.log));
    checkpoint
}

async fn lost(database: &Database, monolith: &mut Conn, known: &Position) {
    monolith.query_drop("FLUSH LOGS").await.expect("a new file");
    monolith.query_drop("FLUSH LOGS").await.expect("a new file");
    let last: Option<String> = monolith
        .query_first("SELECT @@gtid_binlog_pos")
        .await
        .expect("ids");
    let files: Vec<(String, u64)> = monolith.query("SHOW BINARY LOGS").await.expect("files");
    let newest = &files.last().expect("a file").0;
    // A replica that was hung up on may hold its file for a moment.
    let purge = format!("PURGE BINARY LOGS TO '{newest}'");
    let purging = async {
        loop {
            monolith.query_drop(&purge).await.expect("to purge");
            let files: Vec<(String, u64)> =
                monolith.query("SHOW BINARY LOGS").await.expect("files");
            if files.len() == 1 {
                return;
            }
            monolith
                .query_drop("SELECT SLEEP(0.05)")
                .await
                .expect("a pause");
        }
    };
    timeout(SOON, purging).await.expect("to purge");
    let ahead = last.expect("ids").replace("0-1-", "0-1-9");
    for gtids in [known.gtid_list(), ahead, "0-9-9999999".to_owned()] {
        let position = Position::parse(&format!("{gtids}@:0")).expect("a position");
        let resumed = Replica::connect(&settings(&database.url()), Some(&position), 9).await;
        let fault = match resumed {
            Ok(mut replica) => end(&mut replica).await,
            Err(fault) => fault,
        };
        assert!(
            matches!(fault, Fault::PositionLost { .. }),
            "{gtids}: {fault:?}"
        );
        assert!(!fault.is_lasting());
    }
}

async fn restarted(server: &Server, database: &Database) {
    let mut replica = connect(database).await;
    let sql = "UPDATE user SET is_restricted = 1 - is_restricted WHERE id = 1";
    database.run(&[sql]).await;
    let checkpoint = told(&mut replica).await.position;
    // Something behind it in the same file, or the new file is where it goes on.
    database.run(&[sql]).await;
    server.halt();
    let fault = end(&mut replica).await;
    assert!(
        matches!(
            fault,
            Fault::Ended | Fault::Connection(_) | Fault::Server { .. }
        ),
        "{fault:?}"
    );
    let refused = Replica::connect(&settings(&database.url()), None, 7).await;
    assert!(matches!(
        refused.expect_err("nobody is there"),
        Fault::Connection(_)
    ));
    server.resume();
    let mut replica = connect(database).await;
    database
        .run(&["UPDATE user SET is_active = 0 WHERE id = 2"])
        .await;
    assert_eq!(changes(&mut replica).await, key("2", false));
    let resumed = Replica::connect(&settings(&database.url()), Some(&checkpoint), 8).await;
    let mut resumed = resumed.expect("a replica");
    assert_eq!(changes(&mut resumed).await, key("1", false));
    let again = told(&mut resumed).await;
    assert_eq!(again.changes[0].key, "2");
    let mut asker = database.monolith().await;
    let stands: Option<mysql_async::Row> = asker
        .query_first("SHOW MASTER STATUS")
        .await
        .expect("where it stands");
    let file: String = stands.expect("a file").get(0).expect("its name");
    assert_eq!(
        again.position.log.file, file,
        "the one that the new server has begun"
    );
    database.run(&["FLUSH LOGS"]).await;
    resumed.aim().await.expect("where the server stands");
    let heard = async {
        loop {
            let at = match resumed.next().await.expect("news").1 {
                News::Heartbeat(at) => at,
                News::Commit(commit) => commit.position.log,
            };
            if resumed.has_caught_up(&at) {
                return;
            }
        }
    };
    timeout(SOON, heard)
        .await
        .expect("to catch up in files of a server that was started anew");
}

#[tokio::test]
async fn a_server_that_logs_no_rows_says_so() {
    let server = Server::start("--skip-log-bin");
    let database = server.database().await;
    let refused = Replica::connect(&settings(&database.url()), None, 7).await;
    let fault = refused.expect_err("no binlog");
    assert!(matches!(fault, Fault::Disabled), "{fault:?}");
    let server = Server::start("--binlog-format=MIXED");
    let database = server.database().await;
    let refused = Replica::connect(&settings(&database.url()), None, 7).await;
    let fault = refused.expect_err("statements");
    assert!(matches!(fault, Fault::Format { .. }), "{fault:?}");
    assert!(fault.is_lasting());
}
