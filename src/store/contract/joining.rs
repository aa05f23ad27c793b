//! New members and those who go, in both databases.

use futures_util::future::join_all;

use super::bench::{Bench, ids, state, written_out_of};
use super::writing::{is_send, named, store, three_tables, writable, writer};
use crate::clock::UnixSeconds;
use crate::member::{MemberId, StateName};
use crate::store::settings::Expected;
use crate::store::{CellValue, Inserted, Leaving, NewId, NewMember, Store, WriteError};

fn created(id: &str) -> Inserted {
    Inserted::Created(MemberId::Text(id.to_owned()))
}

fn with(mut member: NewMember, column: &str, value: CellValue) -> NewMember {
    member.values.retain(|(name, _)| name != column);
    member.values.push(named(column, value));
    member
}

fn carol() -> NewMember {
    NewMember {
        login: "carol".to_owned(),
        values: vec![
            named("user_no", CellValue::text("u-3")),
            named("user.user_id", CellValue::text("carol")),
            named("is_active", CellValue::Boolean(true)),
            named("password.password", CellValue::text("hash-3")),
            named("profile.nickname", CellValue::text("caro 🦀")),
        ],
        id: NewId::Given,
        unique: Vec::new(),
        replaced: Vec::new(),
        leaving: None,
        link: None,
    }
}

pub(super) async fn a_member_is_made_in_every_table(bench: &Bench) {
    let store = Store::open(&three_tables(bench).await).expect("good settings");
    let done = is_send(writer(&store).insert(carol())).await;
    assert_eq!(done.expect("an answer"), created("u-3"));
    let found = store.members_by_login("carol").await.expect("an answer");
    assert_eq!(found[0].password.as_ref().expect("one").expose(), "hash-3");
    let nickname = store
        .finder(&["profile.nickname".to_owned()])
        .expect("a finder");
    let found = store
        .find_where(&nickname, &["caro 🦀"])
        .await
        .expect("an answer");
    assert_eq!(found[0].id.to_string(), "u-3");
    let again = with(carol(), "user_no", CellValue::text("u-4"));
    let again = writer(&store).insert(again).await.expect("an answer");
    assert_eq!(again, Inserted::Conflict("user.user_id".to_owned()));
    let mut other = with(carol(), "user_no", CellValue::text("u-5"));
    other = with(other, "user.user_id", CellValue::text("caroline"));
    other.login = "caroline".to_owned();
    other.unique = vec!["profile.nickname".to_owned()];
    let other = writer(&store).insert(other).await.expect("an answer");
    assert_eq!(other, Inserted::Conflict("profile.nickname".to_owned()));
    assert_eq!(ids(&store, "carol").await, ["u-3"]);
}

pub(super) async fn of_many_equal_members_one_is_made(bench: &Bench) {
    let settings = three_tables(bench).await;
    // Two gateways.
    let stores = [&settings; 2].map(|settings| Store::open(settings).expect("good settings"));
    let made = (0..12).map(|number| {
        let member = with(carol(), "user_no", CellValue::text(format!("new-{number}")));
        writer(&stores[number % 2]).insert(member)
    });
    let made = join_all(made).await.into_iter();
    let made: Vec<Inserted> = made.collect::<Result<_, _>>().expect("answers");
    let is_created = |done: &&Inserted| matches!(done, Inserted::Created(_));
    assert_eq!(made.iter().filter(is_created).count(), 1, "{made:?}");
    assert_eq!(ids(&stores[0], "carol").await.len(), 1);
    for store in stores {
        store.close().await;
    }
}

pub(super) async fn a_member_who_failed_leaves_no_row(bench: &Bench) {
    let settings = three_tables(bench).await;
    bench
        .run(&["CREATE UNIQUE INDEX one ON password (user_no)"])
        .await;
    bench
        .run(&["INSERT INTO password (user_no) VALUES ('u-3')"])
        .await;
    let store = Store::open(&settings).expect("good settings");
    let error = writer(&store)
        .insert(carol())
        .await
        .expect_err("the last table refuses");
    assert!(matches!(error, WriteError::Duplicate), "{error:?}");
    assert!(!written_out_of(&error).contains("u-3"));
    assert!(ids(&store, "carol").await.is_empty());
    bench
        .run(&["DELETE FROM password WHERE user_no = 'u-3'"])
        .await;
    let done = writer(&store).insert(carol()).await.expect("an answer");
    assert_eq!(done, created("u-3"));
}

pub(super) async fn unproven_members_are_replaced(bench: &Bench) {
    let store = Store::open(&three_tables(bench).await).expect("good settings");
    let unproven = with(carol(), "is_active", CellValue::Boolean(false));
    writer(&store)
        .insert(unproven.clone())
        .await
        .expect("a row");
    let next = with(unproven, "user_no", CellValue::text("u-9"));
    let refused = writer(&store)
        .insert(next.clone())
        .await
        .expect("an answer");
    assert_eq!(refused, Inserted::Conflict("user.user_id".to_owned()));
    let mut next = next;
    next.replaced = vec![StateName::new("unproven")];
    // What the replaced row has is free.
    next.unique = vec!["profile.nickname".to_owned()];
    let done = writer(&store).insert(next).await.expect("an answer");
    assert_eq!(done, created("u-9"));
    assert_eq!(ids(&store, "carol").await, ["u-9"]);
    let nickname = store
        .finder(&["profile.nickname".to_owned()])
        .expect("a finder");
    let found = store
        .find_where(&nickname, &["caro 🦀"])
        .await
        .expect("an answer");
    assert_eq!(found.len(), 1);
}

pub(super) async fn who_has_left_may_come_back_after_a_while(bench: &Bench) {
    let mut settings = three_tables(bench).await;
    settings.states = vec![state("left", &[("is_active", Expected::Boolean(false))])];
    bench
        .run(&[
            "UPDATE user SET is_active = 0, quit_at = '2024-02-20 10:00:00' WHERE user_id = 'ann'",
        ])
        .await;
    let store = Store::open(&settings).expect("good settings");
    let ann = |before: &str, offset| {
        let mut ann = with(carol(), "user.user_id", CellValue::text("ann"));
        ann.login = "ann".to_owned();
        ann.leaving = Some(Leaving {
            state: StateName::new("left"),
            column: "quit_at".to_owned(),
            before: UnixSeconds(before.parse().expect("a number")),
            offset,
        });
        ann
    };
    // 2024-02-20T09:59:59Z, and 10:00:00.
    let done = writer(&store)
        .insert(ann("1708423199", 0))
        .await
        .expect("an answer");
    assert_eq!(done, Inserted::TooEarly);
    let done = writer(&store)
        .insert(ann("1708423200", -3600))
        .await
        .expect("an answer");
    assert_eq!(done, Inserted::TooEarly);
    let done = writer(&store)
        .insert(ann("1708423200", 0))
        .await
        .expect("an answer");
    assert_eq!(done, created("u-3"));
    bench
        .run(&["UPDATE user SET is_active = 0, quit_at = NULL WHERE user_id = 'bob'"])
        .await;
    let mut bob = ann("1808423200", 0);
    bob.login = "bob".to_owned();
    let done = writer(&store).insert(bob).await.expect("an answer");
    assert_eq!(done, Inserted::TooEarly, "nobody knows when");
}

pub(super) async fn a_member_is_removed_from_every_table(bench: &Bench) {
    let store = Store::open(&three_tables(bench).await).expect("good settings");
    let ann = MemberId::Text("u-1".to_owned());
    assert!(
        is_send(writer(&store).remove(&ann))
            .await
            .expect("an answer")
    );
    assert!(!writer(&store).remove(&ann).await.expect("an answer"));
    assert!(ids(&store, "ann").await.is_empty());
    assert_eq!(ids(&store, "bob").await, ["u-2"]);
    let done = with(carol(), "user_no", CellValue::text("u-1"));
    writer(&store).insert(done).await.expect("an answer");
    let nickname = store
        .finder(&["profile.nickname".to_owned()])
        .expect("a finder");
    let found = store
        .find_where(&nickname, &["annie"])
        .await
        .expect("an answer");
    assert!(found.is_empty(), "nothing is left of the old profile");
}

pub(super) async fn ids_are_made_by_whoever_makes_them(bench: &Bench) {
    let key = if bench.is_mysql() {
        "INTEGER PRIMARY KEY AUTO_INCREMENT"
    } else {
        "INTEGER PRIMARY KEY"
    };
    bench
        .run(&[
            &format!("CREATE TABLE user (id {key}, email VARCHAR(80), hashed_password TEXT)"),
            "INSERT INTO user VALUES (41, 'alice@example.com', 'x')",
        ])
        .await;
    let store = store(bench);
    let bob = NewMember {
        login: "bob@example.com".to_owned(),
        values: vec![
            named("email", CellValue::text("bob@example.com")),
            named("hashed_password", CellValue::text("y")),
        ],
        id: NewId::Database,
        unique: Vec::new(),
        replaced: Vec::new(),
        leaving: None,
        link: None,
    };
    let done = writer(&store).insert(bob).await.expect("an answer");
    assert_eq!(done, Inserted::Created(MemberId::Integer(42)));
}

pub(super) async fn ids_by_default_are_found(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id CHAR(36) PRIMARY KEY DEFAULT (UUID()), email VARCHAR(80), hashed_password TEXT, gone BOOL)",
            "INSERT INTO user VALUES ('old', 'bob@example.com', 'x', 1)",
        ])
        .await;
    let mut settings = writable(bench.settings());
    settings.states = vec![state("left", &[("gone", Expected::Boolean(true))])];
    let store = Store::open(&settings).expect("good settings");
    let mut bob = carol();
    bob.login = "bob@example.com".to_owned();
    bob.id = NewId::Database;
    bob.values = vec![named("email", CellValue::text("bob@example.com"))];
    bob.leaving = Some(Leaving {
        state: StateName::new("left"),
        column: "hashed_password".to_owned(),
        before: UnixSeconds(1_708_423_200),
        offset: 0,
    });
    let done = writer(&store).insert(bob.clone()).await.expect("an answer");
    assert_eq!(done, Inserted::TooEarly);
    bench
        .run(&["UPDATE user SET hashed_password = '2000-01-01'"])
        .await;
    let done = writer(&store).insert(bob).await.expect("an answer");
    let Inserted::Created(MemberId::Text(id)) = done else {
        panic!("a row, not {done:?}")
    };
    assert_eq!(id.len(), 36);
}
