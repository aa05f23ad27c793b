//! `sidegate migrate`: the own tables, in SQLite and on a real server.

use std::{
    process::{Child, Stdio},
    thread,
};

use super::{Ended, ended, written};
use crate::harness::{Database, Setup, wait_until};

fn before(database: &Database) -> Setup {
    let setup = written()
        .section("state", "{ database: \"${STATE_DATABASE_URL}\" }")
        .variable("STATE_DATABASE_URL", &database.url());
    setup.write();
    setup
}

fn migrate(setup: &Setup, arguments: &str) -> Ended {
    let mut words = vec!["migrate"];
    words.extend(arguments.split_whitespace());
    ended(setup, &words)
}

fn code_and_answer(ended: Ended) -> (Option<i32>, String) {
    assert_eq!(ended.complaint, "");
    (ended.code, ended.answer)
}

#[test]
fn up_applies_what_is_pending_and_no_more() {
    for database in Database::both() {
        let setup = before(&database);
        let (code, answer) = code_and_answer(migrate(&setup, "status"));
        assert_eq!(code, Some(2), "{answer}");
        assert!(answer.starts_with("0001_stamps  pending\n"), "{answer}");
        assert!(
            !database.has_table("sidegate_migrations"),
            "a look writes nothing"
        );
        let (code, answer) = code_and_answer(migrate(&setup, "up"));
        assert_eq!(code, Some(0), "{answer}");
        assert!(answer.starts_with("0001_stamps  applied\n"), "{answer}");
        assert!(database.has_table("sidegate_stamps"));
        let again = code_and_answer(migrate(&setup, "up"));
        assert_eq!(again, (Some(0), "nothing to do\n".to_owned()));
        let (code, answer) = code_and_answer(migrate(&setup, "status"));
        assert_eq!(code, Some(0), "{answer}");
        assert!(answer.starts_with("0001_stamps  applied  20"), "{answer}");
    }
}

#[test]
fn a_dry_run_prints_the_sql_and_changes_nothing() {
    for database in Database::both() {
        let setup = before(&database);
        let (code, answer) = code_and_answer(migrate(&setup, "up --dry-run"));
        assert_eq!(code, Some(0));
        let first = "-- 0001_stamps\nCREATE TABLE IF NOT EXISTS sidegate_stamps (\n";
        assert!(answer.starts_with(first), "{answer}");
        assert!(!database.has_table("sidegate_migrations"));
        let stamped = code_and_answer(migrate(&setup, "stamp --to 1 --dry-run"));
        assert_eq!(stamped.1, "-- 0001_stamps is marked as applied\n");
        assert!(!database.has_table("sidegate_migrations"));
        migrate(&setup, "up");
        let (code, answer) = code_and_answer(migrate(&setup, "down --to 0 --dry-run"));
        assert_eq!(code, Some(0));
        assert!(
            answer.contains("DROP TABLE IF EXISTS sidegate_stamps;\n"),
            "{answer}"
        );
        assert!(database.has_table("sidegate_stamps"));
        // What it prints is what it does: a client of the database could have run it.
        assert!(answer.ends_with(";\n\n"), "{answer}");
    }
}

#[test]
fn down_needs_a_target_and_does_not_lose_rows_unasked() {
    for database in Database::both() {
        let setup = before(&database);
        migrate(&setup, "up");
        assert_eq!(migrate(&setup, "down").code, Some(64), "no target");
        let ended = migrate(&setup, "down --to 999");
        assert_eq!(ended.code, Some(64));
        assert!(
            ended
                .complaint
                .contains("there is no migration with the number 999"),
            "{ended:?}"
        );
        database.execute("INSERT INTO sidegate_stamps VALUES ('5', 100, 0, 100)");
        let ended = migrate(&setup, "down --to 0");
        assert_eq!((ended.code, ended.answer.as_str()), (Some(1), ""));
        assert!(
            ended
                .complaint
                .contains("sidegate_stamps; say `--lose-data`"),
            "{ended:?}"
        );
        assert_eq!(
            database.numbers("SELECT COUNT(*) FROM sidegate_stamps"),
            [1]
        );
        let (code, answer) = code_and_answer(migrate(&setup, "down --to 0 --lose-data"));
        assert_eq!(code, Some(0));
        assert!(answer.ends_with("0001_stamps  undone\n"), "{answer}");
        assert!(!database.has_table("sidegate_stamps"));
        assert_eq!(migrate(&setup, "status").code, Some(2));
        assert_eq!(migrate(&setup, "up").code, Some(0), "and back again");
    }
}

#[test]
fn stamp_marks_without_running() {
    for database in Database::both() {
        let setup = before(&database);
        let stamped = code_and_answer(migrate(&setup, "stamp --to 1"));
        assert_eq!(stamped, (Some(0), "0001_stamps  stamped\n".to_owned()));
        assert!(!database.has_table("sidegate_stamps"));
        let answer = migrate(&setup, "status").answer;
        assert!(answer.starts_with("0001_stamps  stamped  20"), "{answer}");
    }
}

#[test]
fn a_file_that_was_changed_after_it_was_applied_is_named() {
    for database in Database::both() {
        let setup = before(&database);
        migrate(&setup, "up");
        database.execute("UPDATE sidegate_migrations SET checksum = 'another' WHERE version = 1");
        for arguments in ["up", "status", "down --to 0", "up --dry-run"] {
            let ended = migrate(&setup, arguments);
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(
                ended
                    .complaint
                    .contains("the migration 0001_stamps is not the one"),
                "{ended:?}"
            );
        }
    }
}

#[test]
fn two_machines_at_once_apply_each_migration_once() {
    for database in Database::both() {
        let setup = before(&database);
        let spawn = || -> Child {
            let mut command = setup.command(&["migrate", "up"]);
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("the binary")
        };
        let both: Vec<Child> = (0..4).map(|_| spawn()).collect();
        let waiting = both.into_iter().map(|child| {
            thread::spawn(move || Ended::from(child.wait_with_output().expect("an end")))
        });
        let waiting: Vec<_> = waiting.collect();
        let ended = waiting.into_iter().map(|it| it.join().expect("an end"));
        let ended: Vec<Ended> = ended.collect();
        assert!(ended.iter().all(|it| it.code == Some(0)), "{ended:?}");
        let idle = ended.iter().filter(|it| it.answer == "nothing to do\n");
        assert_eq!(idle.count(), 3, "{ended:?}");
        assert_eq!(migrate(&setup, "status").code, Some(0));
    }
}

#[test]
fn a_half_applied_migration_is_finished_when_asked() {
    let database = Database::mysql();
    let setup = before(&database);
    migrate(&setup, "up");
    // As it stands when the process ended behind the third statement.
    database
        .execute("UPDATE sidegate_migrations SET standing = 'begun', steps = 3 WHERE version = 1");
    database.execute("DROP TABLE sidegate_checkpoints, sidegate_counters, sidegate_changes");
    let ended = migrate(&setup, "up");
    assert_eq!(ended.code, Some(1));
    for part in [
        "0001_stamps",
        "3 of its 6 statements",
        "sidegate migrate up --resume",
    ] {
        assert!(ended.complaint.contains(part), "{ended:?}");
    }
    let (code, answer) = code_and_answer(migrate(&setup, "status"));
    assert_eq!(code, Some(2));
    assert!(
        answer.starts_with("0001_stamps  unfinished, after 3 statements\n"),
        "{answer}"
    );
    assert_eq!(migrate(&setup, "up --resume").code, Some(0));
    assert!(database.has_table("sidegate_changes"));
}

#[test]
fn one_that_is_killed_half_way_is_finished_by_the_next_or_says_how() {
    for table in [
        "sidegate_migrations",
        "sidegate_stamps",
        "sidegate_changes",
        "sidegate_sessions",
    ] {
        for database in Database::both() {
            let setup = before(&database);
            let mut command = setup.command(&["migrate", "up"]);
            let command = command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut killed = command.spawn().expect("the binary");
            wait_until("the table", || {
                database.has_table(table) || killed.try_wait().expect("a process").is_some()
            });
            // SIGKILL; where it was faster, it has come to its end.
            killed.kill().expect("a process");
            killed.wait().expect("an end");
            let again = migrate(&setup, "up");
            if again.code != Some(0) {
                let says = again.complaint.contains("sidegate migrate up --resume");
                assert!(says, "{table}: {again:?}");
                assert_eq!(migrate(&setup, "up --resume").code, Some(0), "{table}");
            }
            assert_eq!(migrate(&setup, "status").code, Some(0), "{table}");
            assert!(database.has_table(table));
        }
    }
}

#[test]
fn a_database_that_is_away_is_a_failure_without_its_password() {
    let setup = written().section(
        "state",
        "{ database: \"mysql://sidegate:hunter2@127.0.0.1:9/own\" }",
    );
    setup.write();
    for arguments in [
        "up",
        "status",
        "up --dry-run",
        "stamp --to 1",
        "down --to 0",
    ] {
        let ended = migrate(&setup, arguments);
        assert_eq!(
            (ended.code, ended.answer.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        assert!(
            ended.complaint.contains("own database is unavailable"),
            "{ended:?}"
        );
        assert!(!ended.complaint.contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn without_own_tables_there_is_nothing_to_migrate() {
    let ended = migrate(&written(), "up");
    assert_eq!(ended.code, Some(64));
    assert!(ended.complaint.contains("has no `state`"), "{ended:?}");
}

#[test]
fn check_asks_the_own_database_when_it_is_told_to_connect() {
    let database = Database::mysql();
    let setup = before(&database);
    let expected = "gateway.yaml: state: migrations are pending: 0001_stamps";
    let unmigrated = ended(&setup, &["check", "--connect"]);
    assert_eq!(unmigrated.code, Some(64), "{unmigrated:?}");
    assert!(unmigrated.answer.starts_with(expected), "{unmigrated:?}");
    assert_eq!(ended(&setup, &["check"]).code, Some(0), "nobody asked");
    migrate(&setup, "up");
    let migrated = ended(&setup, &["check", "--connect"]);
    assert_eq!(migrated.answer, "gateway.yaml: good\n");
}
