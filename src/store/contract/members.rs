//! What those rely on who look after members: lists, and states that are changed by one alone.

use futures_util::future::join_all;

use super::bench::{Bench, shown, state};
use super::writing::{named, three_tables, writable, writer};
use crate::member::{MemberId, StateName};
use crate::store::settings::{ColumnType, Expected};
use crate::store::{CellValue, Error, Page, Store, Swapped};

const NASTY: [&str; 8] = [
    "50%_off",
    "50x_off",
    "' OR ''='",
    "back\\slash",
    "bang!bang",
    "🦀 crab",
    "\"quoted\"",
    "; DROP TABLE user; --",
];

async fn members(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(255), hashed_password TEXT, \
             is_banned BOOL, phone BIGINT)",
            "INSERT INTO user VALUES (1, 'ann@example.com', 'x', 0, 8210555), (2, 'bob@example.com', 'x', 1, 8210556), \
             (3, NULL, NULL, NULL, NULL)",
        ])
        .await;
}

fn store(bench: &Bench) -> Store {
    let mut settings = writable(bench.settings());
    settings.states = vec![state("banned", &[("is_banned", Expected::Boolean(true))])];
    settings.shown = vec![shown("phone", ColumnType::Integer)];
    Store::open(&settings).expect("good settings")
}

async fn found(store: &Store, column: &str, text: &str, after: Option<&str>) -> Page {
    let search = store.search_of(column).expect("a column");
    let page = store.search(&search, text, after).await;
    page.expect("an answer")
}

async fn ids(store: &Store, column: &str, text: &str) -> Vec<String> {
    let page = found(store, column, text, None).await;
    page.members.iter().map(|it| it.id.to_string()).collect()
}

pub(super) async fn a_list_goes_on_behind_its_last_member(bench: &Bench) {
    members(bench).await;
    let rows = (10..70).map(|id| format!("({id}, 'many-{id}')"));
    let rows = rows.collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO user (id, email) VALUES {rows}");
    bench.run(&[&sql]).await;
    let store = store(bench);
    let mut seen = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = found(&store, "email", "many", after.as_deref()).await;
        seen.extend(page.members.iter().map(|it| it.id.clone()));
        after = page.members.last().map(|it| it.id.to_string());
        pages += 1;
        if !page.more {
            break;
        }
    }
    let expected: Vec<MemberId> = (10..70).map(MemberId::Integer).collect();
    assert_eq!((seen, pages), (expected, 3));
    for odd in ["x", "", "\0", "1 OR 1=1", "9223372036854775808000"] {
        let page = found(&store, "email", "many", Some(odd)).await;
        // SQLite orders a text behind every number.
        assert!(page.members.is_empty(), "{odd}");
    }
}

pub(super) async fn what_is_typed_means_itself(bench: &Bench) {
    members(bench).await;
    for (number, name) in NASTY.iter().enumerate() {
        let name = name.replace('\'', "''");
        let name = if bench.is_mysql() {
            name.replace('\\', "\\\\")
        } else {
            name
        };
        let id = 100 + number;
        let sql = format!("INSERT INTO user (id, email) VALUES ({id}, '{name}')");
        bench.run(&[&sql]).await;
    }
    let store = store(bench);
    for (number, name) in NASTY.iter().enumerate() {
        let id = (100 + number).to_string();
        assert_eq!(ids(&store, "email", name).await, [id], "{name}");
    }
    for text in ["%", "_", "5%", "ann_example", "\0", "\\", "!", "ann\0"] {
        assert_eq!(ids(&store, "email", text).await, [""; 0], "{text}");
    }
    let longest = "a".repeat(1_000_000);
    assert_eq!(ids(&store, "email", &longest).await, [""; 0]);
    assert_eq!(ids(&store, "email", "50").await, ["100", "101"]);
    let search = store.search_of("no_such_column").expect("a name");
    let error = store.search(&search, "a", None).await;
    assert!(
        matches!(
            error,
            Err(Error::UnknownColumn { .. } | Error::Unexpected { .. })
        ),
        "{error:?}"
    );
}

pub(super) async fn members_are_listed_as_they_are(bench: &Bench) {
    members(bench).await;
    let store = store(bench);
    let bob = store.listed_by_id("2").await.expect("an answer");
    let bob = bob.expect("a member");
    assert_eq!(bob.login.as_deref(), Some("bob@example.com"));
    assert_eq!(bob.state.as_ref().map(StateName::as_str), Some("banned"));
    assert_eq!(bob.shown["phone"], 8_210_556);
    assert_eq!(format!("{bob:?}").find("bob"), None, "{bob:?}");
    let third = store.listed_by_id("3").await.expect("an answer");
    assert_eq!(third.expect("a member").login, None);
    for odd in ["02", "2 ", "2abc", "", "4", "\0", "2 OR 1=1"] {
        let nobody = store.listed_by_id(odd).await.expect("an answer");
        assert!(nobody.is_none(), "{odd}");
    }
    assert_eq!(ids(&store, "email", "").await, ["1", "2"]);
}

pub(super) async fn numbers_begin_with_digits(bench: &Bench) {
    members(bench).await;
    let store = store(bench);
    assert_eq!(ids(&store, "phone", "82105").await, ["1", "2"]);
    assert_eq!(ids(&store, "phone", "8210556").await, ["2"]);
    assert_eq!(ids(&store, "phone", "08210556").await, [""; 0]);
    assert_eq!(ids(&store, "phone", "8210556abc").await, [""; 0]);
}

pub(super) async fn the_collation_decides_what_a_login_begins_with(bench: &Bench) {
    bench
        .run(&[
            "CREATE TABLE user (id INT PRIMARY KEY, email VARCHAR(80) COLLATE utf8mb4_general_ci, hashed_password TEXT, \
             is_banned BOOL, phone BIGINT, nick VARCHAR(80) CHARACTER SET latin1 COLLATE latin1_bin)",
            "INSERT INTO user (id, email, nick) VALUES (1, 'Ünal', 'Ann'), (2, 'unal', 'ann')",
        ])
        .await;
    let store = store(bench);
    assert_eq!(ids(&store, "email", "UNA").await, ["1", "2"]);
    assert_eq!(ids(&store, "nick", "ann").await, ["2"], "to the byte");
    assert_eq!(ids(&store, "nick", "🦀").await, [""; 0], "no such letter");
}

pub(super) async fn a_state_is_swapped_once(bench: &Bench) {
    members(bench).await;
    let store = store(bench);
    let banned = Some(StateName::new("banned"));
    let set = |truth| vec![named("is_banned", CellValue::Boolean(truth))];
    let ann = MemberId::Integer(1);
    let swaps = (0..8).map(|_| writer(&store).swap_state(&ann, None, set(true)));
    let swapped = join_all(swaps).await;
    let done = swapped.iter().flatten().filter(|it| **it == Swapped::Done);
    assert_eq!(done.count(), 1, "{swapped:?}");
    let late = swapped.iter().flatten();
    let late = late.filter(|it| **it == Swapped::Otherwise(banned.clone()));
    assert_eq!(late.count(), 7, "{swapped:?}");
    let back = writer(&store).swap_state(&ann, banned.clone(), set(false));
    assert_eq!(back.await.expect("to write"), Swapped::Done);
    let member = store.listed_by_id("1").await.expect("an answer");
    assert_eq!(member.expect("a member").state, None);
    for nobody in [MemberId::Integer(9), MemberId::Text("1 ".to_owned())] {
        let swapped = writer(&store).swap_state(&nobody, None, set(true)).await;
        assert_eq!(swapped.expect("to write"), Swapped::Gone, "{nobody}");
    }
}

pub(super) async fn whoever_was_seen_in_a_state_is_removed_in_it(bench: &Bench) {
    members(bench).await;
    let store = store(bench);
    let ann = MemberId::Integer(1);
    let banned = Some(StateName::new("banned"));
    let remove = |seen| writer(&store).remove_in_state(&ann, seen);
    let otherwise = remove(banned).await.expect("an answer");
    assert_eq!(otherwise, Swapped::Otherwise(None));
    let member = store.listed_by_id("1").await.expect("an answer");
    assert!(member.is_some(), "nothing was deleted");
    let removed = join_all((0..8).map(|_| remove(None))).await;
    let count = |what: Swapped| removed.iter().flatten().filter(|it| **it == what).count();
    assert_eq!(
        (count(Swapped::Done), count(Swapped::Gone)),
        (1, 7),
        "{removed:?}"
    );
    let member = store.listed_by_id("1").await.expect("an answer");
    assert!(member.is_none(), "it is gone");
}

pub(super) async fn a_state_of_a_joined_table_is_swapped(bench: &Bench) {
    let mut settings = three_tables(bench).await;
    settings.states = vec![state(
        "hidden",
        &[("profile.nickname", Expected::Text("hidden".to_owned()))],
    )];
    let store = Store::open(&settings).expect("good settings");
    let hidden = vec![named("profile.nickname", CellValue::text("hidden"))];
    let swap = |id: &str| {
        let id = MemberId::Text(id.to_owned());
        let hidden = hidden.clone();
        let store = &store;
        async move { writer(store).swap_state(&id, None, hidden).await }
    };
    assert_eq!(swap("u-1").await.expect("to write"), Swapped::Done);
    // Who has no row there cannot be written to be blocked by it.
    assert_eq!(swap("u-2").await.expect("to write"), Swapped::Gone);
    let member = store.listed_by_id("u-1").await.expect("an answer");
    let member = member.expect("a member");
    assert_eq!(member.state, Some(StateName::new("hidden")));
    assert_eq!(member.login.as_deref(), Some("ann"));
}
