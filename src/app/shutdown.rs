//! Signals and the drain.

use std::{thread::JoinHandle, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the drain looks whether the cores have finished.
const LOOK: Duration = Duration::from_millis(10);

/// Each core keeps the deadline of the drain itself, from when it has heard of it: a little more is for that.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// How long a core that has been cut off may take to end. It writes the access lines of what was in flight.
pub(super) const CUT_OFF: Duration = Duration::from_secs(5);

/// How waiting for the cores ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Every core has ended.
    Finished,
    /// The time is over.
    TimedOut,
    /// The operator would not wait.
    GaveUp,
}

/// SIGTERM and SIGINT, from the moment this is made: none that comes between two waits is missed.
#[derive(Debug, Default)]
pub(super) struct Signals(Option<(Signal, Signal)>);

impl Signals {
    /// Has to be called inside the control runtime.
    pub(super) fn listen() -> Self {
        let terminate = signal(SignalKind::terminate()).ok();
        Self(terminate.zip(signal(SignalKind::interrupt()).ok()))
    }

    /// Waits for one and names it. Where signals cannot be listened to, waits for ever.
    pub(super) async fn next(&mut self) -> &'static str {
        let Some((terminate, interrupt)) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }
}

/// Waits until every core has ended.
pub(super) async fn finished(
    cores: &[JoinHandle<()>],
    limit: Duration,
    give_up: impl Fn() -> bool,
) -> Outcome {
    let all = async {
        while !cores.iter().all(JoinHandle::is_finished) {
            if give_up() {
                return Outcome::GaveUp;
            }
            tokio::time::sleep(LOOK).await;
        }
        Outcome::Finished
    };
    tokio::time::timeout(limit, all)
        .await
        .unwrap_or(Outcome::TimedOut)
}
