//! What sessions and their refresh tokens promise.

use futures_util::future::join_all;

use super::bench::{NOW, migrated};
use crate::{
    clock::UnixSeconds,
    state::{
        Change, EndedBy, Ending, KeptToken, KnownToken, Opening, Purge, Seen, Spending, State,
        Which,
    },
    store::contract::bench::Bench,
};

fn later(seconds: u64) -> UnixSeconds {
    UnixSeconds(NOW.0 + seconds)
}

fn token(print: u8) -> KeptToken {
    KeptToken {
        print: [print; 32],
        expires: later(1000),
    }
}

fn seen(address: &str) -> Seen {
    Seen {
        address: Some(address.to_owned()),
        agent: Some("agent".to_owned()),
    }
}

fn opening(session: &str, member: &str, print: u8) -> Opening {
    Opening {
        session: session.to_owned(),
        member: member.to_owned(),
        at: NOW,
        token: token(print),
        adopted: false,
        seen: seen("192.0.2.1"),
    }
}

async fn open(state: &State, session: &str, member: &str, print: u8) -> Option<KnownToken> {
    let opened = state.open_session(opening(session, member, print)).await;
    opened.expect("to open")
}

async fn known(state: &State, print: u8) -> Option<KnownToken> {
    state.known_token([print; 32]).await.expect("to look")
}

async fn spend(state: &State, session: &str, spent: u8, successor: u8) -> bool {
    let spending = Spending {
        session: session.to_owned(),
        spent: [spent; 32],
        at: later(10),
        successor: KeptToken {
            print: [successor; 32],
            expires: later(2000),
        },
        sealed: vec![successor; 3],
        seen: seen("192.0.2.2"),
    };
    state.spend(spending).await.expect("to spend")
}

fn ending(by: EndedBy) -> Ending {
    Ending {
        at: later(20),
        by,
        until: later(100),
        unknown_until: later(5000),
    }
}

async fn end(state: &State, member: &str, which: Which) -> Vec<String> {
    let ended = state.end_sessions(member, which, ending(EndedBy::Logout));
    ended.await.expect("to end")
}

async fn listed(state: &State, member: &str) -> Vec<String> {
    let sessions = state.sessions_of(member, later(20)).await.expect("a list");
    sessions.into_iter().map(|session| session.id).collect()
}

fn one(session: &str) -> Which {
    Which::These(vec![session.to_owned()])
}

pub(super) async fn a_token_is_spent_once(bench: &Bench) {
    let state = migrated(bench).await;
    let opened = open(&state, "a", "7", 1).await.expect("a session");
    assert_eq!(opened.spent, None);
    assert_eq!(known(&state, 1).await, Some(opened));
    assert!(spend(&state, "a", 1, 2).await);
    assert!(!spend(&state, "a", 1, 3).await, "it is spent");
    assert_eq!(known(&state, 3).await, None, "no second successor");
    let spent = known(&state, 1).await.expect("the spent one");
    assert_eq!(spent.spent, Some(later(10)));
    assert_eq!(spent.successor.as_deref(), Some(&[2_u8; 3][..]));
    assert_eq!(spent.family.used, later(10));
    let live = known(&state, 2).await.expect("its successor");
    assert_eq!((live.spent, live.session.as_str()), (None, "a"));
}

pub(super) async fn of_many_that_spend_one_does(bench: &Bench) {
    let state = migrated(bench).await;
    open(&state, "a", "7", 1).await;
    let spending = (10..30).map(|successor| spend(&state, "a", 1, successor));
    let spent = join_all(spending).await;
    assert_eq!(spent.iter().filter(|spent| **spent).count(), 1);
}

pub(super) async fn of_many_that_open_with_one_token_one_does(bench: &Bench) {
    let state = migrated(bench).await;
    let names: Vec<String> = (0..10).map(|number| format!("session {number}")).collect();
    let opened = join_all(names.iter().map(|name| open(&state, name, "7", 1))).await;
    let opened: Vec<String> = opened
        .into_iter()
        .map(|known| known.expect("a session").session)
        .collect();
    assert!(opened.iter().all(|session| *session == opened[0]));
    assert_eq!(listed(&state, "7").await.len(), 1);
}

pub(super) async fn a_session_has_no_tokens_but_its_own(bench: &Bench) {
    let state = migrated(bench).await;
    open(&state, "a", "7", 1).await;
    assert_eq!(open(&state, "a", "7", 2).await, None);
    assert_eq!(known(&state, 2).await, None);
    assert!(!spend(&state, "b", 1, 3).await, "of no session");
}

pub(super) async fn what_was_ended_is_spent_by_nobody(bench: &Bench) {
    let state = migrated(bench).await;
    open(&state, "a", "7", 1).await;
    assert_eq!(
        end(&state, "8", one("a")).await,
        [""; 0],
        "another member's"
    );
    assert_eq!(end(&state, "7", one("a")).await, ["a"]);
    assert_eq!(end(&state, "7", one("a")).await, [""; 0], "again");
    assert!(!spend(&state, "a", 1, 2).await);
    let known = known(&state, 1).await.expect("the token");
    assert!(known.family.is_ended);
    assert_eq!(listed(&state, "7").await, [""; 0]);
}

pub(super) async fn an_end_is_told_to_others(bench: &Bench) {
    let state = migrated(bench).await;
    for (session, print) in [("a", 1), ("b", 2), ("c", 3)] {
        open(&state, session, "7", print).await;
    }
    open(&state, "d", "8", 4).await;
    let (_, cursor) = state.stamps_load().await.expect("to load");
    end(&state, "7", one("a")).await;
    end(&state, "7", one("unknown")).await;
    let others = Which::Others("b".to_owned());
    assert_eq!(end(&state, "7", others).await, ["c"]);
    assert_eq!(end(&state, "7", Which::All).await, ["b"]);
    assert_eq!(listed(&state, "8").await, ["d"]);
    let ended = |session: &str, until: u64| Change::SessionEnded {
        token_id: session.to_owned(),
        until: later(until),
    };
    let everything = Change::NotBefore {
        member: "7".to_owned(),
        at: later(20),
    };
    let told = match state.changes_since(cursor).await.expect("news") {
        crate::state::News::Changes(changes, _) => changes,
        crate::state::News::Lost => panic!("the log is there"),
    };
    let expected = [
        ended("a", 100),
        ended("unknown", 5000),
        ended("c", 100),
        everything,
    ];
    assert_eq!(told, expected);
}

pub(super) async fn sessions_are_listed_by_their_use(bench: &Bench) {
    let state = migrated(bench).await;
    for (session, print) in [("a", 1), ("b", 2)] {
        open(&state, session, "7", print).await;
    }
    spend(&state, "a", 1, 3).await;
    let sessions = state.sessions_of("7", later(20)).await.expect("a list");
    let ids: Vec<&str> = sessions.iter().map(|session| &*session.id).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(sessions[0].seen, seen("192.0.2.2"));
    assert_eq!(sessions[0].expires, later(2000));
    assert_eq!(sessions[1].seen, seen("192.0.2.1"));
    state
        .use_session("b", later(30), Seen::default())
        .await
        .expect("to use");
    assert_eq!(listed(&state, "7").await, ["b", "a"]);
    let much_later = state.sessions_of("7", later(1500)).await.expect("a list");
    assert_eq!(much_later.len(), 1, "the other has expired");
    assert_eq!(state.sessions_of("", NOW).await.expect("a list"), []);
}

pub(super) async fn sessions_are_forgotten_in_time(bench: &Bench) {
    let state = migrated(bench).await;
    open(&state, "a", "7", 1).await;
    open(&state, "b", "7", 2).await;
    spend(&state, "b", 2, 3).await;
    let purged = async |what, before| state.purge(what, later(before)).await.expect("to purge");
    assert_eq!(
        purged(Purge::Addresses, 5).await,
        1,
        "of the one that is not used"
    );
    let sessions = state.sessions_of("7", later(20)).await.expect("a list");
    assert_eq!(sessions[1].seen, Seen::default());
    assert_eq!(sessions[0].seen, seen("192.0.2.2"));
    assert_eq!(purged(Purge::Addresses, 5).await, 0);
    assert_eq!(purged(Purge::RefreshTokens, 1000).await, 0);
    assert_eq!(purged(Purge::RefreshTokens, 1001).await, 2);
    assert_eq!(purged(Purge::Sessions, 1001).await, 1);
    assert!(known(&state, 3).await.is_some());
    assert_eq!(listed(&state, "7").await, ["b"]);
}

pub(super) async fn hostile_names_of_agents_are_cut_and_kept(bench: &Bench) {
    let state = migrated(bench).await;
    let mut hostile = opening("a", "7", 1);
    hostile.seen.agent = Some(format!(
        "'; DROP TABLE user; -- {}",
        "\u{1f600}".repeat(100)
    ));
    let hostile_agent = hostile.seen.agent.clone().expect("an agent");
    state.open_session(hostile).await.expect("to open");
    let sessions = state.sessions_of("7", NOW).await.expect("a list");
    let agent = sessions[0].seen.agent.as_deref().expect("an agent");
    assert!(
        agent.len() > 250 && hostile_agent.starts_with(agent),
        "{agent}"
    );
}
