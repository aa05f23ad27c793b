//! States on a database of a test's own.

use std::time::Duration;

use crate::{
    clock::UnixSeconds,
    state::{Keep, Migrate, Settings, State, Task},
    store::{DatabaseUrl, PoolSettings, contract::bench::Bench},
};

pub(super) const NOW: UnixSeconds = UnixSeconds(1_700_000_000);
pub(super) const UP: Task = Task::Up { resume: false };

pub(super) fn settings(url: &str) -> Settings {
    Settings {
        database: DatabaseUrl::parse(url).expect("a good URL"),
        migrate: Migrate::ByHand,
        pool: PoolSettings { min: 1, max: 4 },
        connect_timeout: Duration::from_secs(2),
        deadline: Duration::from_secs(5),
        tls: None,
        keep: Keep {
            addresses: Duration::from_secs(100),
            ended_sessions: Duration::from_secs(100),
            stamps: Duration::from_secs(100),
            member_acts: Duration::from_secs(100),
        },
    }
}

/// A state without tables.
pub(super) fn bare(bench: &Bench) -> State {
    State::open(&settings(&bench.url())).expect("good settings")
}

/// A state with its tables.
pub(super) async fn migrated(bench: &Bench) -> State {
    let state = bare(bench);
    state.migrate(UP, NOW).await.expect("to migrate");
    state
}
