//! What is true of look-ups, whatever the database does.

use std::{path::Path, sync::mpsc};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::*;
use crate::store::{self, Columns, DatabaseUrl, Expected, PoolSettings, StateRule};

const SOON: Duration = Duration::from_secs(10);

/// A table of users with one column that rules name, and who knows it.
struct World {
    folder: TempDir,
    membership: Arc<Membership>,
    clock: Clock,
    tasks: TaskTracker,
}

impl World {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        open(folder.path())
            .execute_batch(
                "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, password TEXT, kind TEXT, banned BOOL);
                 INSERT INTO user VALUES (1, 'a', 'x', 'admin', 0), (2, 'b', 'x', 'user', 1)",
            )
            .expect("a table");
        let mut settings = Settings {
            key: Key::Id,
            columns: vec!["kind".to_owned()],
            lifetime: Duration::from_secs(3600),
            size: 1 << 20,
            look_ups: 2,
            rate: None,
            deadline: Duration::from_secs(5),
        };
        change(&mut settings);
        let store = Store::open(&table(folder.path(), &settings)).expect("good settings");
        let (clock, tally) = (Clock, Arc::default());
        let membership = Membership::new(settings, Arc::new(store), clock, tally);
        Self {
            folder,
            membership: Arc::new(membership),
            clock,
            tasks: TaskTracker::new(),
        }
    }

    async fn ask(&self, id: &str) -> Looked {
        let asked = self
            .membership
            .ask(id, |look_up| drop(self.tasks.spawn(look_up)));
        timeout(SOON, asked).await.expect("an end")
    }

    fn find(&self, id: &str) -> Option<Looked> {
        self.membership.find(id, self.clock.instant())
    }

    fn execute(&self, sql: &str) {
        open(self.folder.path()).execute_batch(sql).expect(sql);
    }
}

fn open(folder: &Path) -> Connection {
    Connection::open(folder.join("users.db")).expect("a file")
}

fn table(folder: &Path, settings: &Settings) -> store::Settings {
    let url = format!("sqlite:{}", folder.join("users.db").display());
    let banned = ("banned".to_owned(), Expected::Boolean(true));
    store::Settings {
        database: DatabaseUrl::parse(&url).expect("a good URL"),
        table: "user".to_owned(),
        columns: Columns {
            id: "id".to_owned(),
            login: "email".to_owned(),
            password: "password".to_owned(),
            salt: None,
        },
        states: vec![StateRule {
            name: crate::member::StateName::new("banned"),
            all: vec![banned],
        }],
        shown: Vec::new(),
        ruled: settings.columns.clone(),
        pool: PoolSettings { min: 0, max: 4 },
        connect_timeout: SOON,
        deadline: settings.deadline,
        tls: None,
        joins: Vec::new(),
        write: None,
    }
}

fn kind(looked: &Looked) -> Option<&ColumnValue> {
    let row = looked.as_ref().expect("an answer").as_ref()?;
    row.values.first()
}

fn text(text: &str) -> ColumnValue {
    ColumnValue::Text(text.into())
}

#[tokio::test]
async fn a_row_is_known_after_it_was_asked_for_and_so_is_its_absence() {
    let world = World::new(|_| {});
    assert!(world.find("1").is_none());
    assert_eq!(kind(&world.ask("1").await), Some(&text("admin")));
    assert!(world.ask("3").await.expect("an answer").is_none());
    world.execute("DELETE FROM user");
    assert!(kind(&world.find("1").expect("known")).is_some());
    assert!(kind(&world.find("3").expect("known")).is_none());
    assert!(world.find("2").is_none());
}

#[tokio::test]
async fn a_row_counts_for_its_lifetime_and_not_a_moment_longer() {
    let lifetime = Duration::from_secs(60);
    let world = World::new(|settings| settings.lifetime = lifetime);
    let before = world.clock.instant();
    world.ask("1").await.expect("an answer");
    let after = world.clock.instant();
    let known = |now| world.membership.find("1", now).is_some();
    assert!(known(before + Duration::from_millis(59_999)));
    assert!(!known(after + lifetime));
}

#[tokio::test]
async fn without_a_lifetime_nothing_is_kept() {
    let world = World::new(|settings| settings.lifetime = Duration::ZERO);
    assert_eq!(kind(&world.ask("1").await), Some(&text("admin")));
    assert!(world.find("1").is_none());
    world.execute("UPDATE user SET kind = 'user'");
    assert_eq!(kind(&world.ask("1").await), Some(&text("user")));
}

#[tokio::test]
async fn one_look_up_serves_all_who_wait_and_needs_none_of_them() {
    let world = World::new(|_| {});
    let (started, work) = mpsc::channel();
    let asked = (0..20).map(|_| {
        let started = started.clone();
        world.membership.ask("1", move |look_up| {
            started.send(look_up).expect("the test waits");
        })
    });
    let mut asked: Vec<_> = asked.map(Box::pin).collect();
    for one in &mut asked {
        assert!(futures_util::poll!(one).is_pending());
    }
    let look_up = work.try_recv().expect("a look-up");
    assert!(work.try_recv().is_err(), "one is enough");
    // Who has asked first has gone.
    drop(asked.remove(0));
    look_up.await;
    for one in asked {
        assert_eq!(kind(&one.await), Some(&text("admin")));
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_had_is_an_error_and_asked_for_again() {
    let world = World::new(|_| {});
    world.execute("ALTER TABLE user RENAME TO member");
    for _ in 0..2 {
        let error = world.ask("1").await.expect_err("no table");
        assert!(matches!(error, RowError::Store(_)), "{error:?}");
        assert!(world.find("1").is_none());
    }
    world.execute("ALTER TABLE member RENAME TO user");
    assert!(world.ask("1").await.is_ok());
}

#[tokio::test]
async fn a_look_up_has_an_end() {
    let limit = Duration::from_millis(200);
    let world = World::new(|settings| settings.deadline = limit);
    let writer = open(world.folder.path());
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    // More than there are places: some wait for their turn all the time.
    let ids: Vec<String> = (0..8).map(|id| id.to_string()).collect();
    let asked = ids.iter().map(|id| world.ask(id));
    for looked in futures_util::future::join_all(asked).await {
        let error = looked.expect_err("locked");
        let is_late = matches!(&error, RowError::Store(error)
            if matches!(&**error, store::Error::Deadline { .. }));
        assert!(is_late, "{error:?}");
    }
    writer.execute_batch("ROLLBACK").expect("no lock");
    assert!(world.ask("1").await.is_ok());
}

#[tokio::test]
async fn no_more_than_a_bound_of_rows_are_waited_for() {
    let world = World::new(|_| {});
    let never = |id: String| {
        let membership = Arc::clone(&world.membership);
        let (kept, look_up) = mpsc::channel();
        let asked = async move {
            membership
                .ask(&id, |work| kept.send(work).expect("kept"))
                .await
        };
        (Box::pin(asked), look_up)
    };
    let mut waiting: Vec<_> = (0..MOST_FLIGHTS).map(|id| never(id.to_string())).collect();
    for (asked, _) in &mut waiting {
        assert!(futures_util::poll!(asked).is_pending());
    }
    let error = world.ask("one more").await.expect_err("too many");
    assert!(matches!(error, RowError::Busy), "{error:?}");
    // What is given up makes room.
    waiting.truncate(MOST_FLIGHTS - 1);
    assert!(world.ask("one more").await.is_ok());
}

#[tokio::test]
async fn a_look_up_that_is_given_up_is_no_answer() {
    let world = World::new(|_| {});
    let asked = world.membership.ask("1", drop);
    let error = timeout(SOON, asked).await.expect("an end");
    let error = error.expect_err("nobody looks");
    assert!(matches!(error, RowError::Abandoned), "{error:?}");
    assert!(world.ask("1").await.is_ok());
}

#[tokio::test]
async fn a_row_that_has_changed_is_forgotten() {
    let world = World::new(|_| {});
    world.ask("1").await.expect("an answer");
    world.membership.forget("1");
    assert!(world.find("1").is_none());
    world.execute("UPDATE user SET kind = 'user'");
    assert_eq!(kind(&world.ask("1").await), Some(&text("user")));
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let world = World::new(|_| {});
    let (started, work) = mpsc::channel();
    let mut early = Box::pin(world.membership.ask("1", move |look_up| {
        started.send(look_up).expect("the test waits");
    }));
    assert!(futures_util::poll!(&mut early).is_pending());
    let look_up = work.try_recv().expect("a look-up");
    world.membership.forget("1");
    // Whoever asks now is not answered by the look-up of before.
    world.execute("UPDATE user SET kind = 'user'");
    assert_eq!(kind(&world.ask("1").await), Some(&text("user")));
    world.execute("UPDATE user SET kind = 'other'");
    look_up.await;
    early.await.expect("an answer");
    let known = world.find("1").expect("the later one");
    assert_eq!(kind(&known), Some(&text("user")));
}

#[tokio::test]
async fn rows_take_no_more_memory_than_they_may() {
    let world = World::new(|settings| settings.size = 10_000);
    world.execute("UPDATE user SET kind = printf('%.*c', 9000, 'x')");
    for id in ["1", "2", "1", "2"] {
        world.ask(id).await.expect("an answer");
    }
    world.membership.kept.run_pending_tasks();
    assert!(world.membership.kept.weighted_size() <= 10_000);
    for id in 3..300 {
        world.ask(&id.to_string()).await.expect("an answer");
    }
    world.membership.kept.run_pending_tasks();
    let size = world.membership.size();
    assert!((1..=40).contains(&size), "{size}");
}
