//! What codes promise.

use std::{sync::Arc, time::Duration};

use super::bench::{NOW, migrated};
use crate::{
    clock::UnixSeconds,
    member::code::SendingRules,
    state::{NewCode, Print, Proven, Purge, State, Tried},
    store::contract::bench::Bench,
};

const SLOT: Print = [1; 32];
const CODE: Print = [2; 32];
const WRONG: Print = [3; 32];
const ATTEMPTS: u32 = 3;

fn later(seconds: u64) -> UnixSeconds {
    NOW.plus(Duration::from_secs(seconds))
}

fn new(slot: Print, code: Print, at: UnixSeconds) -> NewCode {
    NewCode {
        slot,
        code,
        member: "7".to_owned(),
        address: [9; 32],
        at,
        expires: at.plus(Duration::from_secs(600)),
        attempts: ATTEMPTS,
        sending: SendingRules {
            after: Duration::from_secs(60),
            per_day: 2,
        },
    }
}

async fn keep(state: &State, slot: Print, code: Print) {
    let kept = state.keep_code(new(slot, code, NOW)).await;
    kept.expect("to keep").expect("the first");
}

async fn tried(state: &State, slot: Print, code: Print, at: UnixSeconds) -> Option<Proven> {
    let code = Some(code);
    let tried = state.try_code(Tried { slot, code, at }).await;
    tried.expect("to try")
}

fn proven() -> Proven {
    Proven {
        member: "7".to_owned(),
        address: [9; 32].to_vec(),
    }
}

pub(super) async fn a_code_is_spent_once(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    assert_eq!(tried(&state, SLOT, CODE, later(1)).await, Some(proven()));
    assert_eq!(tried(&state, SLOT, CODE, later(1)).await, None, "replayed");
}

pub(super) async fn of_many_that_spend_one_does_so(bench: &Bench) {
    // Two gateways with connections of their own.
    let (one, other) = (migrated(bench).await, migrated(bench).await);
    let states = [Arc::new(one), Arc::new(other)];
    keep(&states[0], SLOT, CODE).await;
    let trying = (0..20).map(|number| {
        let state = Arc::clone(&states[number % 2]);
        async move { tried(&state, SLOT, CODE, later(1)).await }
    });
    let outcomes = futures_util::future::join_all(trying).await;
    assert_eq!(outcomes.iter().flatten().count(), 1);
}

pub(super) async fn wrong_codes_use_it_up(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    for _ in 1..ATTEMPTS {
        assert_eq!(tried(&state, SLOT, WRONG, later(1)).await, None);
    }
    assert_eq!(
        tried(&state, SLOT, CODE, later(1)).await,
        Some(proven()),
        "the last try"
    );
    keep(&state, [4; 32], [5; 32]).await;
    for _ in 0..ATTEMPTS {
        let none = Tried {
            slot: [4; 32],
            code: None,
            at: later(1),
        };
        assert_eq!(
            state.try_code(none).await.expect("to try"),
            None,
            "it counts"
        );
    }
    assert_eq!(tried(&state, [4; 32], [5; 32], later(1)).await, None);
}

pub(super) async fn tries_at_once_all_count(bench: &Bench) {
    let state = Arc::new(migrated(bench).await);
    keep(&state, SLOT, CODE).await;
    let trying = (0..30).map(|number| {
        let state = Arc::clone(&state);
        async move { tried(&state, SLOT, [100 + number; 32], later(1)).await }
    });
    futures_util::future::join_all(trying).await;
    assert_eq!(tried(&state, SLOT, CODE, later(1)).await, None);
}

pub(super) async fn a_code_of_another_account_or_an_expired_one_is_none(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    keep(&state, [4; 32], [5; 32]).await;
    assert_eq!(tried(&state, SLOT, [5; 32], later(1)).await, None);
    assert_eq!(tried(&state, SLOT, CODE, later(600)).await, None, "expired");
    assert_eq!(
        tried(&state, [4; 32], [5; 32], later(599)).await,
        Some(proven())
    );
}

pub(super) async fn another_takes_its_place_when_it_may_be_sent(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    let again = |at, code| {
        let kept = state.keep_code(new(SLOT, code, at));
        async move { kept.await.expect("to keep") }
    };
    assert_eq!(again(later(59), [6; 32]).await, Err(later(60)));
    assert_eq!(
        tried(&state, SLOT, [6; 32], later(59)).await,
        None,
        "not sent"
    );
    assert_eq!(again(later(60), [6; 32]).await, Ok(()));
    assert_eq!(
        again(later(600), [7; 32]).await,
        Err(later(86_400)),
        "two a day"
    );
    assert_eq!(tried(&state, SLOT, CODE, later(61)).await, None, "replaced");
    assert_eq!(
        tried(&state, SLOT, [6; 32], later(61)).await,
        Some(proven())
    );
    // What was sent is counted although it was spent.
    assert_eq!(again(later(3600), [8; 32]).await, Err(later(86_400)));
    assert_eq!(again(later(86_400), [8; 32]).await, Ok(()));
}

pub(super) async fn a_link_says_whose_it_is(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    assert_eq!(state.try_link(WRONG, later(1)).await.expect("to try"), None);
    assert_eq!(
        state.try_link(CODE, later(1)).await.expect("to try"),
        Some(proven())
    );
    assert_eq!(
        state.try_link(CODE, later(1)).await.expect("to try"),
        None,
        "replayed"
    );
}

pub(super) async fn what_nobody_has_is_looked_up_alike(bench: &Bench) {
    let state = migrated(bench).await;
    assert_eq!(tried(&state, [200; 32], CODE, NOW).await, None);
    let purged = state.purge(Purge::Codes, later(1)).await;
    assert_eq!(
        purged.expect("to forget"),
        1,
        "it was written as another is"
    );
    keep(&state, [200; 32], CODE).await;
    assert_eq!(
        tried(&state, [200; 32], CODE, later(1)).await,
        Some(proven())
    );
}

pub(super) async fn codes_are_forgotten_in_time(bench: &Bench) {
    let state = migrated(bench).await;
    keep(&state, SLOT, CODE).await;
    tried(&state, [200; 32], CODE, NOW).await;
    let purge = |at| state.purge(Purge::Codes, at);
    assert_eq!(purge(NOW).await.expect("to forget"), 0);
    assert_eq!(
        purge(later(1)).await.expect("to forget"),
        1,
        "what nobody has"
    );
    assert_eq!(purge(later(86_400)).await.expect("to forget"), 0);
    assert_eq!(purge(later(86_401)).await.expect("to forget"), 1);
}
