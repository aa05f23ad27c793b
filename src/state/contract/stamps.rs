//! What stamps, fingerprints, checkpoints and the log promise.

use super::bench::{NOW, bare, migrated};
use crate::{
    clock::UnixSeconds,
    state::{Change, Cursor, Error, Fingerprint, News, Noted, Purge, State},
    store::contract::bench::Bench,
};

const SOURCE: &str = "user.hashed_password";

fn not_before(member: &str, at: u64) -> Change {
    Change::NotBefore {
        member: member.to_owned(),
        at: UnixSeconds(at),
    }
}

fn deleted(member: &str) -> Change {
    let member = member.to_owned();
    Change::Deleted { member }
}

fn restored(member: &str) -> Change {
    let member = member.to_owned();
    Change::Restored { member }
}

fn ended(token_id: &str, until: u64) -> Change {
    Change::SessionEnded {
        token_id: token_id.to_owned(),
        until: UnixSeconds(until),
    }
}

async fn stamp(state: &State, change: Change) -> bool {
    state.stamp(change, NOW).await.expect("to stamp")
}

/// In parts: one transaction with all of them would have to end within the deadline.
async fn record_all(state: &State, changes: &[Change], at: UnixSeconds) {
    for part in changes.chunks(400) {
        let recorded = state.record(part.to_vec(), at).await;
        assert_eq!(recorded.expect("to record"), part.len());
    }
}

async fn loaded(state: &State) -> (Vec<Change>, Cursor) {
    state.stamps_load().await.expect("to load")
}

async fn news(state: &State, cursor: Cursor) -> (Vec<Change>, Cursor) {
    match state.changes_since(cursor).await.expect("news") {
        News::Changes(changes, cursor) => (changes, cursor),
        News::Lost => panic!("the log is there"),
    }
}

fn print(byte: u8) -> Fingerprint {
    Fingerprint([byte; 32])
}

pub(super) async fn a_stamp_only_moves_forward(bench: &Bench) {
    let state = migrated(bench).await;
    assert!(stamp(&state, not_before("7", 100)).await);
    assert!(!stamp(&state, not_before("7", 99)).await, "an earlier one");
    assert!(!stamp(&state, not_before("7", 100)).await, "the same");
    assert!(stamp(&state, not_before("7", 101)).await);
    assert_eq!(loaded(&state).await.0, [not_before("7", 101)]);
    assert!(stamp(&state, deleted("7")).await);
    assert!(!stamp(&state, deleted("7")).await);
    assert_eq!(loaded(&state).await.0, [deleted("7"), not_before("7", 101)]);
    assert!(stamp(&state, restored("7")).await);
    assert!(!stamp(&state, restored("7")).await);
    assert!(!stamp(&state, restored("8")).await, "nobody was deleted");
    assert_eq!(loaded(&state).await.0, [not_before("7", 101)]);
    assert!(stamp(&state, ended("jti", 5)).await);
    assert!(!stamp(&state, ended("jti", 4)).await);
    assert!(stamp(&state, ended("jti", 6)).await);
    assert_eq!(
        loaded(&state).await.0,
        [not_before("7", 101), ended("jti", 6)]
    );
}

pub(super) async fn what_changes_nothing_is_not_logged(bench: &Bench) {
    let state = migrated(bench).await;
    let (_, start) = loaded(&state).await;
    let all = vec![not_before("1", 5), deleted("2"), ended("a", 9)];
    assert_eq!(state.record(all.clone(), NOW).await.expect("to record"), 3);
    assert_eq!(state.record(all, NOW).await.expect("to record"), 0);
    assert_eq!(state.record(Vec::new(), NOW).await.expect("to record"), 0);
    let (changes, cursor) = news(&state, start).await;
    assert_eq!(changes, [not_before("1", 5), deleted("2"), ended("a", 9)]);
    assert_eq!(news(&state, cursor).await, (Vec::new(), cursor));
}

pub(super) async fn everything_that_holds_is_loaded(bench: &Bench) {
    let state = migrated(bench).await;
    let changes = (0..2500).flat_map(|n| {
        [
            not_before(&format!("{n:05}"), n + 1),
            ended(&format!("{n:05}"), n),
        ]
    });
    let changes: Vec<Change> = changes.collect();
    record_all(&state, &changes, NOW).await;
    let (mut all, _) = loaded(&state).await;
    assert_eq!(all.len(), changes.len());
    let key = |change: &Change| (change.kind(), change.subject().to_owned());
    all.sort_by_key(key);
    let mut changes = changes;
    changes.sort_by_key(key);
    assert_eq!(all, changes);
}

pub(super) async fn the_log_tells_others_in_order(bench: &Bench) {
    let (state, other) = (migrated(bench).await, bare(bench));
    let (nothing, mut cursor) = loaded(&other).await;
    assert!(nothing.is_empty());
    for round in 1..4 {
        stamp(&state, not_before("1", round)).await;
        stamp(&state, deleted("2")).await;
        stamp(&state, restored("2")).await;
        let (changes, next) = news(&other, cursor).await;
        assert_eq!(
            changes,
            [not_before("1", round), deleted("2"), restored("2")]
        );
        cursor = next;
    }
    // More than fits into one answer.
    let many: Vec<Change> = (0..1500)
        .map(|n| not_before(&format!("{n:04}"), 9))
        .collect();
    record_all(&state, &many, NOW).await;
    let (mut changes, next) = news(&other, cursor).await;
    let (rest, last) = news(&other, next).await;
    changes.extend(rest);
    assert_eq!(changes, many);
    assert_eq!(loaded(&state).await.1, last);
}

pub(super) async fn a_log_that_was_cut_is_lost(bench: &Bench) {
    let state = migrated(bench).await;
    let (_, start) = loaded(&state).await;
    for at in 1..5 {
        stamp(&state, not_before("1", at)).await;
    }
    let (_, end) = loaded(&state).await;
    bench
        .run(&["DELETE FROM sidegate_changes WHERE id < 3"])
        .await;
    assert_eq!(state.changes_since(start).await.expect("news"), News::Lost);
    assert_eq!(
        news(&state, end).await,
        (Vec::new(), end),
        "nothing has been missed"
    );
    bench.run(&["DELETE FROM sidegate_changes"]).await;
    assert_eq!(state.changes_since(start).await.expect("news"), News::Lost);
    assert_eq!(news(&state, end).await, (Vec::new(), end));
    // Another database, or the same from a backup.
    bench.run(&["UPDATE sidegate_counters SET value = 1"]).await;
    assert_eq!(state.changes_since(end).await.expect("news"), News::Lost);
    // What only a newer version knows.
    let (_, cursor) = loaded(&state).await;
    stamp(&state, not_before("1", 9)).await;
    bench
        .run(&["UPDATE sidegate_changes SET kind = 'promoted'"])
        .await;
    assert_eq!(state.changes_since(cursor).await.expect("news"), News::Lost);
}

pub(super) async fn changes_of_two_at_once_have_no_holes(bench: &Bench) {
    let states = [migrated(bench).await, bare(bench), bare(bench)];
    let (_, mut cursor) = loaded(&states[0]).await;
    let writing = (0..30).map(|n: u64| {
        let state = &states[usize::try_from(n % 3).expect("small")];
        let changes = (0..4).map(|k| not_before(&format!("{}", (n * 7 + k) % 11), n + 1));
        state.record(changes.collect(), NOW)
    });
    let mut told = 0;
    let following = async {
        let (follower, mut seen) = (bare(bench), 0);
        for _ in 0..40 {
            let (changes, next) = news(&follower, cursor).await;
            seen += changes.len();
            cursor = next;
        }
        (seen, news(&follower, cursor).await)
    };
    let (recorded, (seen, _)) =
        futures_util::future::join(futures_util::future::join_all(writing), following).await;
    for recorded in recorded {
        told += recorded.expect("to record");
    }
    let (rest, _) = news(&states[0], cursor).await;
    assert_eq!(seen + rest.len(), told, "each change is told once");
}

pub(super) async fn members_differ_by_each_byte(bench: &Bench) {
    let state = migrated(bench).await;
    let members = ["a", "A", "á", "a ", "ａ", "1", "01", "1.0", "🦀", "%", ""];
    for member in members {
        assert!(stamp(&state, not_before(member, 1)).await, "{member:?}");
        assert!(stamp(&state, ended(member, 1)).await, "{member:?}");
    }
    let mut expected: Vec<Change> = members.iter().map(|member| not_before(member, 1)).collect();
    expected.sort_by(|one, other| one.subject().cmp(other.subject()));
    let (all, _) = loaded(&state).await;
    let known = all
        .into_iter()
        .filter(|change| change.kind() == "not_before");
    let known: Vec<Change> = known.collect();
    // The first page begins behind the empty id, which is nobody's.
    let expected = expected.split_off(1);
    assert_eq!(known, expected);
}

pub(super) async fn texts_that_are_too_long_are_refused(bench: &Bench) {
    let state = migrated(bench).await;
    let (longest, longer) = ("é".repeat(512), "é".repeat(513));
    assert!(stamp(&state, not_before(&longest, 1)).await);
    for change in [
        not_before(&longer, 1),
        deleted(&longer),
        restored(&longer),
        ended(&longer, 1),
    ] {
        let error = state.record(vec![deleted("1"), change], NOW).await;
        let error = error.expect_err("too long");
        assert!(matches!(error, Error::TooLong { .. }), "{error:?}");
        assert!(!error.to_string().contains('é'));
    }
    assert_eq!(
        loaded(&state).await.0,
        [not_before(&longest, 1)],
        "all or none"
    );
    assert!(state.put_checkpoint(&longer, "x", NOW).await.is_err());
    let position = "0-1-2,".repeat(1000);
    state
        .put_checkpoint("x", &position, NOW)
        .await
        .expect("a long one");
    assert!(
        state
            .put_checkpoint("x", &position.repeat(2), NOW)
            .await
            .is_err()
    );
    assert_eq!(
        state.checkpoint("x").await.expect("an answer"),
        Some(position)
    );
}

pub(super) async fn a_changed_secret_stamps_once(bench: &Bench) {
    let states = [migrated(bench).await, bare(bench)];
    let note = |state, byte, at| {
        let state: &State = state;
        state.note_secret(SOURCE, ("5", None, print(byte)), UnixSeconds(at), NOW)
    };
    assert_eq!(
        note(&states[0], 1, 10).await.expect("to note"),
        Noted::First
    );
    assert_eq!(note(&states[1], 1, 11).await.expect("to note"), Noted::Same);
    assert!(loaded(&states[0]).await.0.is_empty());
    // Both gateways see the same change at once.
    let both = futures_util::future::join(note(&states[0], 2, 20), note(&states[1], 2, 20)).await;
    let both = (both.0.expect("to note"), both.1.expect("to note"));
    assert!(
        matches!(
            both,
            (Noted::Changed, Noted::Same) | (Noted::Same, Noted::Changed)
        ),
        "{both:?}"
    );
    assert_eq!(loaded(&states[1]).await.0, [not_before("5", 20)]);
    // What sidegate writes itself revokes nothing.
    let own = vec![("5".to_owned(), print(3))];
    states[0]
        .put_fingerprints(SOURCE, own)
        .await
        .expect("to put");
    assert_eq!(note(&states[1], 3, 30).await.expect("to note"), Noted::Same);
    assert_eq!(loaded(&states[1]).await.0, [not_before("5", 20)]);
    let gone = ["5".to_owned()];
    states[0]
        .forget_fingerprints(SOURCE, &gone)
        .await
        .expect("to forget");
    assert_eq!(
        note(&states[1], 4, 40).await.expect("to note"),
        Noted::First
    );
}

pub(super) async fn fingerprints_come_in_order(bench: &Bench) {
    let state = migrated(bench).await;
    let all = (0..2100_u32).map(|n| (format!("{:05}", (n * 7919) % 2100), print((n % 251) as u8)));
    let mut all: Vec<(String, Fingerprint)> = all.collect();
    state
        .put_fingerprints(SOURCE, all.clone())
        .await
        .expect("to put");
    state
        .put_fingerprints("other", vec![("x".to_owned(), print(0))])
        .await
        .expect("to put");
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let chunk = state.fingerprints(SOURCE, &after).await.expect("a chunk");
        let Some((last, _)) = chunk.last() else { break };
        after.clone_from(last);
        found.extend(chunk);
    }
    assert_eq!(found, all);
    let some: Vec<String> = ["00001", "02099", "nobody"].map(str::to_owned).into();
    let known = state.fingerprints_of(SOURCE, &some).await.expect("some");
    assert_eq!(known.len(), 2);
    assert!(
        state
            .fingerprints_of(SOURCE, &[])
            .await
            .expect("none")
            .is_empty()
    );
    state
        .forget_fingerprints(SOURCE, &[])
        .await
        .expect("nobody");
}

pub(super) async fn checkpoints_are_kept(bench: &Bench) {
    let state = migrated(bench).await;
    assert_eq!(state.checkpoint("binlog").await.expect("an answer"), None);
    for position in ["0-1-5", "0-1-6,1-2-9"] {
        state
            .put_checkpoint("binlog", position, NOW)
            .await
            .expect("to put");
        let kept = bare(bench).checkpoint("binlog").await.expect("an answer");
        assert_eq!(kept.as_deref(), Some(position));
    }
    assert_eq!(state.checkpoint("Binlog").await.expect("an answer"), None);
}

pub(super) async fn old_rows_are_forgotten(bench: &Bench) {
    let state = migrated(bench).await;
    let many: Vec<Change> = (0..1200)
        .flat_map(|n| [not_before(&format!("{n}"), 1), ended(&format!("{n}"), 50)])
        .collect();
    record_all(&state, &many, UnixSeconds(100)).await;
    let kept = vec![not_before("kept", 1), ended("kept", 500)];
    state
        .record(kept.clone(), UnixSeconds(300))
        .await
        .expect("to record");
    let before = UnixSeconds(300);
    for (what, whole) in [
        (Purge::Stamps, 1200),
        (Purge::EndedSessions, 1200),
        (Purge::Changes, 2400),
    ] {
        let mut gone = 0;
        loop {
            let chunk = state.purge(what, before).await.expect("to forget");
            gone += chunk;
            if chunk < Purge::CHUNK {
                break;
            }
        }
        assert_eq!(gone, whole, "{what:?}");
    }
    assert_eq!(loaded(&state).await.0, kept);
}

pub(super) async fn hostile_texts_are_texts(bench: &Bench) {
    let state = migrated(bench).await;
    let hostile = [
        "'; DROP TABLE sidegate_stamps; --",
        "\\",
        "\"",
        "`",
        "?",
        "\0",
        "\n",
        "0x41",
    ];
    for text in hostile {
        stamp(&state, not_before(text, 1)).await;
        state.put_checkpoint(text, text, NOW).await.expect("to put");
        assert_eq!(
            state.checkpoint(text).await.expect("an answer").as_deref(),
            Some(text)
        );
    }
    assert_eq!(loaded(&state).await.0.len(), hostile.len());
}

pub(super) async fn what_somebody_else_has_written_is_corrupt(bench: &Bench) {
    let state = migrated(bench).await;
    bench
        .run(&["INSERT INTO sidegate_fingerprints VALUES ('s', 'm', x'0102')"])
        .await;
    let error = state.fingerprints("s", "").await.map(drop);
    assert!(matches!(error, Err(Error::Corrupt { .. })), "{error:?}");
    let error = state
        .note_secret("s", ("m", None, print(1)), NOW, NOW)
        .await
        .map(drop);
    assert!(matches!(error, Err(Error::Corrupt { .. })), "{error:?}");
    assert!(state.inspect().await.is_ok(), "the database is there");
}
