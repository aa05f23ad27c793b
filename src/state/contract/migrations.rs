//! What migrations promise.

use mysql_async::prelude::Queryable as _;

use super::bench::{NOW, UP, bare, migrated, settings};
use crate::{
    state::{Change, Error, Migration, Obstacle, Standing, State, Task},
    store::contract::bench::Bench,
};

const ALL_AWAY: Task = Task::Down {
    to: 0,
    lose_data: false,
};

async fn standings(state: &State) -> Vec<Standing> {
    let listed = state.migrations().await.expect("a list");
    listed.into_iter().map(|listed| listed.standing).collect()
}

fn all(state: &State) -> Vec<&'static str> {
    let names = state.embedded().iter().map(|migration| migration.name);
    names.collect()
}

async fn a_change(state: &State) {
    let member = "1".to_owned();
    let changed = state.stamp(Change::Deleted { member }, NOW).await;
    assert!(changed.expect("the tables are there"));
}

pub(super) async fn nothing_is_there_before_the_first(bench: &Bench) {
    let state = bare(bench);
    assert!(
        standings(&state)
            .await
            .iter()
            .all(|it| *it == Standing::Pending)
    );
    let planned = state.planned(UP).await.expect("a plan");
    let planned: Vec<_> = planned.iter().map(|migration| migration.name).collect();
    assert_eq!(planned, all(&state));
    let error = state.inspect().await.expect_err("nothing is there");
    let text = error.to_string();
    assert!(
        text.contains("0001_stamps") && text.contains("sidegate migrate up"),
        "{text}"
    );
    let member = "1".to_owned();
    let error = state.stamp(Change::Deleted { member }, NOW).await;
    assert!(matches!(error, Err(Error::NotMigrated)), "{error:?}");
    assert!(
        !bench.has_table("sidegate_migrations").await,
        "a look writes nothing"
    );
}

pub(super) async fn what_was_applied_is_not_applied_again(bench: &Bench) {
    let state = bare(bench);
    assert_eq!(
        state.migrate(UP, NOW).await.expect("to migrate"),
        all(&state)
    );
    assert!(
        state
            .migrate(UP, NOW)
            .await
            .expect("nothing to do")
            .is_empty()
    );
    assert!(
        standings(&state)
            .await
            .iter()
            .all(|it| *it == Standing::Applied(NOW))
    );
    state.inspect().await.expect("all is there");
}

pub(super) async fn a_changed_file_is_an_error(bench: &Bench) {
    let state = migrated(bench).await;
    bench
        .run(&["UPDATE sidegate_migrations SET checksum = 'another' WHERE version = 1"])
        .await;
    for outcome in [
        state.migrate(UP, NOW).await.map(drop),
        state.migrate(ALL_AWAY, NOW).await.map(drop),
        state.inspect().await,
    ] {
        let error = outcome.expect_err("another file");
        assert!(
            matches!(&error, Error::Migrations(Obstacle::Changed { name }) if name == "0001_stamps"),
            "{error:?}"
        );
        assert!(error.to_string().contains("0001_stamps"));
    }
}

pub(super) async fn stamping_does_nothing_else(bench: &Bench) {
    let state = bare(bench);
    let to = state.embedded().last().map_or(0, Migration::number);
    let stamped = state.migrate(Task::Stamp { to }, NOW).await;
    assert_eq!(stamped.expect("to stamp"), all(&state));
    assert!(
        standings(&state)
            .await
            .iter()
            .all(|it| *it == Standing::Stamped(NOW))
    );
    assert!(!bench.has_table("sidegate_stamps").await);
    assert!(
        state
            .migrate(UP, NOW)
            .await
            .expect("nothing to do")
            .is_empty()
    );
}

pub(super) async fn rows_are_not_lost_by_accident(bench: &Bench) {
    let state = migrated(bench).await;
    a_change(&state).await;
    let error = state.migrate(ALL_AWAY, NOW).await.expect_err("rows");
    let text = error.to_string();
    assert!(
        text.contains("sidegate_stamps") && text.contains("--lose-data"),
        "{text}"
    );
    assert!(bench.has_table("sidegate_stamps").await);
    assert!(standings(&state).await.contains(&Standing::Applied(NOW)));
    let task = Task::Down {
        to: 0,
        lose_data: true,
    };
    state.migrate(task, NOW).await.expect("it was said");
    assert!(!bench.has_table("sidegate_stamps").await);
    assert!(
        standings(&state)
            .await
            .iter()
            .all(|it| *it == Standing::Pending)
    );
}

pub(super) async fn two_at_once_apply_each_once(bench: &Bench) {
    let states: Vec<State> = (0..6).map(|_| bare(bench)).collect();
    let migrating = states.iter().map(|state| state.migrate(UP, NOW));
    let done = futures_util::future::join_all(migrating).await;
    let done: Vec<&str> = done
        .into_iter()
        .flat_map(|it| it.expect("to migrate"))
        .collect();
    assert_eq!(done, all(&states[0]), "one has done them all, in order");
    states[0].inspect().await.expect("all is there");
}

pub(super) async fn what_is_undone_can_be_applied_again(bench: &Bench) {
    let state = migrated(bench).await;
    let undone = state.migrate(ALL_AWAY, NOW).await.expect("empty tables");
    let mut expected = all(&state);
    expected.reverse();
    assert_eq!(undone, expected);
    assert!(!bench.has_table("sidegate_stamps").await);
    state.migrate(UP, NOW).await.expect("to migrate");
    a_change(&state).await;
}

pub(super) async fn a_newer_version_is_left_alone(bench: &Bench) {
    let state = migrated(bench).await;
    bench
        .run(&[
            "INSERT INTO sidegate_migrations VALUES (9999, '9999_future', 'x', 'postponed', 1, 5)",
        ])
        .await;
    state.inspect().await.expect("what is needed is there");
    assert!(
        state
            .migrate(UP, NOW)
            .await
            .expect("nothing to do")
            .is_empty()
    );
    let error = state.migrate(ALL_AWAY, NOW).await.expect_err("not ours");
    assert!(error.to_string().contains("9999_future"), "{error}");
}

pub(super) async fn a_half_applied_one_is_said(bench: &Bench) {
    let state = migrated(bench).await;
    bench
        .run(&[
            "UPDATE sidegate_migrations SET standing = 'begun', steps = 4 WHERE version = 1",
            "DROP TABLE sidegate_counters",
            "DROP TABLE sidegate_changes",
        ])
        .await;
    let error = state.migrate(UP, NOW).await.expect_err("half applied");
    let text = error.to_string();
    for part in ["0001_stamps", "4 of its 6", "--resume", "down --to 0"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(state.inspect().await.is_err());
    let done = state.migrate(Task::Up { resume: true }, NOW).await;
    assert_eq!(done.expect("to finish it"), ["0001_stamps"]);
    a_change(&state).await;
}

pub(super) async fn one_that_was_broken_off_is_finished(bench: &Bench) {
    let name = bench.database();
    let mut admin = bench.admin().await;
    let create = format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'a'");
    admin.query_drop(create).await.expect("an account");
    // It has no right to the third table.
    for table in ["migrations", "stamps", "ended_sessions"] {
        let grant = format!("GRANT ALL ON {name}.sidegate_{table} TO '{name}'@'%'");
        admin.query_drop(grant).await.expect("a right");
    }
    let url = bench.url_of(&format!("{name}:a"), None);
    let narrow = State::open(&settings(&url)).expect("good settings");
    let error = narrow
        .migrate(UP, NOW)
        .await
        .expect_err("a right is missing");
    assert!(matches!(error, Error::Refused { code: 1142 }), "{error:?}");
    let state = bare(bench);
    assert_eq!(standings(&state).await[0], Standing::Unfinished(2));
    let error = state.migrate(UP, NOW).await.expect_err("half applied");
    assert!(error.to_string().contains("2 of its 6"), "{error}");
    let resumed = state.migrate(Task::Up { resume: true }, NOW).await;
    assert_eq!(resumed.expect("to finish it"), all(&state));
    a_change(&state).await;
    let fingerprints = state.fingerprints("", "").await;
    assert!(fingerprints.expect("the third table").is_empty());
}

pub(super) async fn an_undoing_that_was_broken_off_is_finished(bench: &Bench) {
    let state = migrated(bench).await;
    bench
        .run(&[
            "UPDATE sidegate_migrations SET standing = 'undoing' WHERE version = 1",
            "DROP TABLE sidegate_changes",
        ])
        .await;
    let error = state.migrate(Task::Up { resume: true }, NOW).await;
    let error = error.expect_err("it can only be undone");
    assert!(error.to_string().contains("down --to 0"), "{error}");
    state
        .migrate(ALL_AWAY, NOW)
        .await
        .expect("to undo the rest");
    state.migrate(UP, NOW).await.expect("to migrate");
    a_change(&state).await;
}

pub(super) async fn a_missing_right_is_told(bench: &Bench) {
    let name = bench.database();
    let mut admin = bench.admin().await;
    for sql in [
        format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'a'"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO '{name}'@'%'"),
    ] {
        admin.query_drop(sql).await.expect("an account");
    }
    let url = bench.url_of(&format!("{name}:a"), None);
    let state = State::open(&settings(&url)).expect("good settings");
    let error = state
        .migrate(UP, NOW)
        .await
        .expect_err("it may create nothing");
    assert!(matches!(error, Error::Refused { code: 1142 }), "{error:?}");
    // What a gateway needs once an operator has migrated.
    migrated(bench).await;
    state.inspect().await.expect("it may look");
    a_change(&state).await;
    state.stamps_load().await.expect("it may read");
}
