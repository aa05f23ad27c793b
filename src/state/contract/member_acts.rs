//! What is promised of what managers have done.

use std::time::Duration;

use super::bench::{NOW, migrated};
use crate::{
    state::{Error, MemberAct, Purge, State},
    store::contract::bench::Bench,
};

fn act(member: &str, reason: Option<&str>, seconds: u64) -> MemberAct {
    MemberAct {
        member: member.to_owned(),
        manager: "1".to_owned(),
        act: "block".to_owned(),
        reason: reason.map(str::to_owned),
        at: NOW.plus(Duration::from_secs(seconds)),
    }
}

async fn keep(state: &State, act: &MemberAct) {
    state.keep_act(act.clone()).await.expect("to keep");
}

async fn acts(state: &State, member: &str) -> Vec<MemberAct> {
    state.acts_on(member).await.expect("a list")
}

pub(super) async fn acts_are_shown_latest_first(bench: &Bench) {
    let state = migrated(bench).await;
    let longest = "🦀".repeat(500);
    let (first, second) = (act("7", Some(&longest), 5), act("7", None, 5));
    keep(&state, &first).await;
    keep(&state, &second).await;
    assert_eq!(acts(&state, "7").await, [second, first]);
    for _ in 0..60 {
        keep(&state, &act("7", Some("'; DROP TABLE x; --"), 6)).await;
    }
    let listed = acts(&state, "7").await;
    assert_eq!(listed.len(), 50);
    assert_eq!(listed[0].reason.as_deref(), Some("'; DROP TABLE x; --"));
    let outcome = state
        .keep_act(act("7", Some(&"x".repeat(2049)), 7))
        .await
        .expect_err("too long");
    assert!(matches!(outcome, Error::TooLong { .. }), "{outcome:?}");
}

pub(super) async fn acts_are_told_of_one_member_alone(bench: &Bench) {
    let state = migrated(bench).await;
    for member in ["ann", "Ann", "änn", "ann "] {
        keep(&state, &act(member, Some(member), 0)).await;
    }
    assert_eq!(
        acts(&state, "ann").await,
        [act("ann", Some("ann"), 0)],
        "to the byte"
    );
    assert_eq!(acts(&state, "%").await, []);
}

pub(super) async fn acts_are_forgotten_in_time(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, &act("7", None, 0)).await;
    keep(&state, &act("7", None, 10)).await;
    let before = NOW.plus(Duration::from_secs(10));
    let gone = state.purge(Purge::MemberActs, before).await;
    assert_eq!(gone.expect("to forget"), 1);
    assert_eq!(acts(&state, "7").await, [act("7", None, 10)]);
}
