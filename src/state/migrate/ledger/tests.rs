//! What stands against which entries.

use super::*;

const TWO: &[Migration] = &[
    Migration {
        name: "0001_one",
        up: "CREATE TABLE sidegate_one (a INT);\nCREATE TABLE sidegate_other (a INT);\n",
        down: "DROP TABLE IF EXISTS sidegate_one;\n",
    },
    Migration {
        name: "0002_two",
        up: "CREATE TABLE sidegate_two (a INT);\n",
        down: "DROP TABLE IF EXISTS sidegate_two;\n",
    },
];

fn entry(position: usize, mark: Mark, steps: u32) -> Entry {
    TWO[position].entry(mark, steps)
}

fn names(found: Result<Vec<&'static Migration>, Obstacle>) -> Vec<&'static str> {
    let found = found.expect("nothing is in the way");
    found.iter().map(|migration| migration.name).collect()
}

#[test]
fn what_is_not_there_is_pending() {
    assert_eq!(names(pending(&[], TWO, false)), ["0001_one", "0002_two"]);
    let one = [entry(0, Mark::Applied, 2)];
    assert_eq!(names(pending(&one, TWO, false)), ["0002_two"]);
    let both = [entry(0, Mark::Applied, 2), entry(1, Mark::Stamped, 0)];
    assert!(names(pending(&both, TWO, false)).is_empty());
}

#[test]
fn a_changed_file_is_named() {
    let mut changed = entry(0, Mark::Applied, 2);
    changed.checksum = "another".to_owned();
    let name = "0001_one".to_owned();
    let entries = [changed];
    let obstacle = Obstacle::Changed { name };
    assert_eq!(pending(&entries, TWO, true), Err(obstacle.clone()));
    assert_eq!(listed(&entries, TWO), Err(obstacle.clone()));
    assert_eq!(applied_behind(&entries, TWO, 0), Err(obstacle.clone()));
    assert_eq!(pending_up_to(&entries, TWO, 2), Err(obstacle));
}

#[test]
fn a_half_applied_one_is_said_and_finished_when_asked() {
    let half = [entry(0, Mark::Begun, 1)];
    let obstacle = Obstacle::HalfApplied {
        name: "0001_one".to_owned(),
        steps: 1,
        all: 2,
        below: 0,
    };
    assert_eq!(pending(&half, TWO, false), Err(obstacle));
    assert_eq!(names(pending(&half, TWO, true)), ["0001_one", "0002_two"]);
    assert_eq!(names(applied_behind(&half, TWO, 0)), ["0001_one"]);
    assert_eq!(names(pending_up_to(&half, TWO, 1)), ["0001_one"]);
    let undoing = [entry(0, Mark::Undoing, 1)];
    assert!(pending(&undoing, TWO, true).is_err(), "only undone further");
}

#[test]
fn the_last_is_undone_first() {
    let both = [entry(0, Mark::Applied, 2), entry(1, Mark::Applied, 1)];
    let all = names(applied_behind(&both, TWO, 0));
    assert_eq!(all, ["0002_two", "0001_one"]);
    assert_eq!(names(applied_behind(&both, TWO, 1)), ["0002_two"]);
    assert!(names(applied_behind(&both, TWO, 2)).is_empty());
    let obstacle = Obstacle::NoSuch { number: 3, last: 2 };
    assert_eq!(applied_behind(&both, TWO, 3), Err(obstacle));
}

#[test]
fn what_a_newer_version_has_applied_is_left_alone() {
    let newer = Entry {
        number: 3,
        name: "0003_three".to_owned(),
        ..entry(1, Mark::Applied, 1)
    };
    let entries = [
        entry(0, Mark::Applied, 2),
        entry(1, Mark::Applied, 1),
        newer,
    ];
    assert!(names(pending(&entries, TWO, false)).is_empty());
    let name = "0003_three".to_owned();
    assert_eq!(
        applied_behind(&entries, TWO, 0),
        Err(Obstacle::Newer { name })
    );
    let last = listed(&entries, TWO).expect("a list").pop().expect("three");
    assert_eq!(last.standing, Standing::Unknown(UnixSeconds(0)));
    assert!(!last.is_pending());
}

#[test]
fn marks_are_read_as_they_are_written() {
    for mark in Mark::ALL {
        assert_eq!(Mark::of(mark.word()), Some(mark));
    }
    assert_eq!(Mark::of("postponed"), None);
}
