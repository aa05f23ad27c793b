//! Judgements, one after the other and while others write.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::{
    clock::{Clock, UnixSeconds},
    member::StateName,
};

fn denylist() -> Arc<Denylist> {
    Arc::new(Denylist::new(Clock))
}

fn banned() -> Block {
    Block::State(StateName::new("banned"))
}

fn grant(member: &str, issued: u64) -> Grant {
    Grant::new(member, UnixSeconds(issued), None)
}

fn of_session(member: &str, session: &str) -> Grant {
    Grant::new(member, UnixSeconds(100), Some(session))
}

#[test]
fn a_blocked_member_is_refused_and_an_admitted_one_is_not() {
    let denylist = denylist();
    let (one, other) = (grant("1", 100), grant("2", 100));
    assert_eq!(denylist.judge(&one), Ok(()));
    denylist.block("1", banned());
    let revoked = Err(Revoked::Blocked(StateName::new("banned")));
    assert_eq!(denylist.judge(&one), revoked);
    assert_eq!(denylist.judge(&other), Ok(()));
    denylist.block("1", Block::Deleted);
    assert_eq!(denylist.judge(&one), Err(Revoked::Deleted));
    denylist.admit("1");
    assert_eq!(denylist.judge(&one), Ok(()));
    assert_eq!(denylist.size(), Size::default());
}

#[test]
fn a_moment_refuses_what_was_issued_in_the_same_second_and_only_moves_forward() {
    let denylist = denylist();
    denylist.not_before("1", UnixSeconds(100));
    denylist.not_before("1", UnixSeconds(90));
    let ended = Err(Revoked::EndedBefore(UnixSeconds(100)));
    assert_eq!(denylist.judge(&grant("1", 99)), ended);
    assert_eq!(denylist.judge(&grant("1", 100)), ended);
    assert_eq!(denylist.judge(&grant("1", 101)), Ok(()));
    assert_eq!(denylist.earliest_issue("1"), Some(UnixSeconds(101)));
    assert_eq!(denylist.earliest_issue("2"), None);
}

#[test]
fn to_admit_a_member_does_not_bring_ended_sessions_back() {
    let denylist = denylist();
    denylist.not_before("1", UnixSeconds(100));
    denylist.block("1", banned());
    denylist.admit("1");
    assert!(denylist.judge(&grant("1", 100)).is_err());
    assert_eq!(denylist.judge(&grant("1", 101)), Ok(()));
}

#[test]
fn one_session_ends_without_the_others() {
    let denylist = denylist();
    denylist.end_session("a", UnixSeconds(200));
    let ended = Err(Revoked::SessionEnded);
    assert_eq!(denylist.judge(&of_session("1", "a")), ended);
    assert_eq!(denylist.judge(&of_session("1", "b")), Ok(()));
    assert_eq!(denylist.judge(&grant("1", 100)), Ok(()));
}

#[test]
fn what_no_token_falls_under_any_more_is_forgotten() {
    let denylist = denylist();
    denylist.not_before("1", UnixSeconds(100));
    denylist.not_before("2", UnixSeconds(300));
    denylist.not_before("3", UnixSeconds(100));
    denylist.block("3", banned());
    denylist.end_session("a", UnixSeconds(150));
    denylist.end_session("b", UnixSeconds(350));
    let lifetime = Duration::from_secs(100);
    denylist.tidy(UnixSeconds(150), lifetime);
    let all = Size {
        blocked: 1,
        stamped: 3,
        ended: 2,
    };
    assert_eq!(denylist.size(), all);
    denylist.tidy(UnixSeconds(201), lifetime);
    let left = Size {
        blocked: 1,
        stamped: 1,
        ended: 1,
    };
    assert_eq!(denylist.size(), left);
    assert!(denylist.judge(&grant("3", 500)).is_err());
}

#[test]
fn a_snapshot_says_who_is_blocked_and_takes_no_moment_back() {
    let denylist = denylist();
    denylist.block("1", banned());
    denylist.block("2", banned());
    denylist.not_before("2", UnixSeconds(100));
    denylist.not_before("3", UnixSeconds(100));
    denylist.end_session("a", UnixSeconds(200));
    let mut all = Snapshot::default();
    all.block("4", Block::Deleted);
    all.block("1", banned());
    all.not_before("3", UnixSeconds(50));
    all.end_session("b", UnixSeconds(200));
    denylist.replace(all);
    assert!(denylist.judge(&grant("1", 500)).is_err());
    assert_eq!(denylist.judge(&grant("2", 500)), Ok(()));
    assert!(denylist.judge(&grant("2", 100)).is_err());
    assert!(denylist.judge(&grant("3", 100)).is_err());
    assert!(denylist.judge(&grant("4", 500)).is_err());
    for session in ["a", "b"] {
        assert!(denylist.judge(&of_session("5", session)).is_err());
    }
}

#[test]
fn nobody_slips_through_while_snapshots_are_replaced() {
    let denylist = denylist();
    denylist.block("1", banned());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let grant = grant("1", 100);
                while !done.load(Ordering::Relaxed) {
                    assert!(denylist.judge(&grant).is_err());
                }
            });
        }
        for round in 0..40_u32 {
            let mut all = Snapshot::default();
            all.block("1", banned());
            for other in 0..(round * 7 % 200) {
                all.block(&format!("other-{other}"), banned());
            }
            denylist.replace(all);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn who_judges_after_a_ban_has_returned_sees_it() {
    let denylist = denylist();
    let members: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let grants: Vec<Grant> = members.iter().map(|member| grant(member, 100)).collect();
    // How many of them have been banned, told after each ban.
    let told = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let banned = told.load(Ordering::Acquire);
                    // The same grants in all threads, as proofs are shared by all cores.
                    for (number, grant) in (0_u64..).zip(&grants) {
                        let verdict = denylist.judge(grant);
                        assert!(number >= banned || verdict.is_err(), "{number} of {banned}");
                    }
                    if banned == 200 {
                        break;
                    }
                }
            });
        }
        for (number, member) in (1_u64..).zip(&members) {
            denylist.block(member, banned());
            told.store(number, Ordering::Release);
            thread::yield_now();
        }
    });
}

#[tokio::test]
async fn an_open_stream_ends_with_its_member_or_its_session() {
    let denylist = denylist();
    let cut = |grant| denylist.subscribe(Arc::new(grant));
    let banned_one = cut(grant("1", 100));
    let logged_out = cut(of_session("2", "a"));
    let stays = cut(of_session("3", "b"));
    let waits = async { tokio::join!(banned_one.revoked(), logged_out.revoked()) };
    let acts = async {
        tokio::task::yield_now().await;
        denylist.block("1", banned());
        denylist.end_session("a", UnixSeconds(200));
    };
    let limit = Duration::from_secs(10);
    let (revoked, ()) = tokio::join!(tokio::time::timeout(limit, waits), acts);
    let (first, second) = revoked.expect("both end");
    assert_eq!(first, Revoked::Blocked(StateName::new("banned")));
    assert_eq!(second, Revoked::SessionEnded);
    let short = Duration::from_millis(1);
    assert!(tokio::time::timeout(short, stays.revoked()).await.is_err());
    let mut all = Snapshot::default();
    all.block("3", Block::Deleted);
    let (revoked, ()) = tokio::join!(stays.revoked(), async { denylist.replace(all) });
    assert_eq!(revoked, Revoked::Deleted);
}

/// What may happen to three members and two sessions.
#[derive(Debug, Clone)]
enum Act {
    Block(usize),
    Admit(usize),
    NotBefore(usize, u64),
    End(usize),
    Replace(Vec<usize>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0_usize..3).prop_map(Act::Block),
        (0_usize..3).prop_map(Act::Admit),
        (0_usize..3, 0_u64..10).prop_map(|(member, at)| Act::NotBefore(member, at)),
        (0_usize..2).prop_map(Act::End),
        proptest::collection::vec(0_usize..3, 0..3).prop_map(Act::Replace),
    ]
}

proptest! {
    /// However long a grant has been judged, it is judged as if for the first time.
    #[test]
    fn judgements_follow_the_plainest_model(acts in proptest::collection::vec(act(), 1..30)) {
        let denylist = denylist();
        let grants: Vec<(usize, u64, usize, Grant)> = (0..60).map(|number| {
            let (member, issued, session) = (number % 3, number as u64 / 6, number % 2);
            let name = session.to_string();
            let grant = Grant::new(&member.to_string(), UnixSeconds(issued), Some(&name));
            (member, issued, session, grant)
        }).collect();
        let mut blocked = [false; 3];
        let mut not_before: HashMap<usize, u64> = HashMap::new();
        let mut ended = [false; 2];
        for act in acts {
            match act {
                Act::Block(member) => {
                    blocked[member] = true;
                    denylist.block(&member.to_string(), banned());
                }
                Act::Admit(member) => {
                    blocked[member] = false;
                    denylist.admit(&member.to_string());
                }
                Act::NotBefore(member, at) => {
                    let known = not_before.entry(member).or_insert(at);
                    *known = at.max(*known);
                    denylist.not_before(&member.to_string(), UnixSeconds(at));
                }
                Act::End(session) => {
                    ended[session] = true;
                    denylist.end_session(&session.to_string(), UnixSeconds(1_000));
                }
                Act::Replace(all) => {
                    blocked = [0, 1, 2].map(|member| all.contains(&member));
                    let mut snapshot = Snapshot::default();
                    for member in &all { snapshot.block(&member.to_string(), banned()); }
                    denylist.replace(snapshot);
                }
            }
            for (member, issued, session, grant) in &grants {
                let stamped = not_before.get(member).is_some_and(|at| issued <= at);
                let refused = blocked[*member] || stamped || ended[*session];
                prop_assert_eq!(denylist.judge(grant).is_err(), refused);
            }
        }
    }
}
