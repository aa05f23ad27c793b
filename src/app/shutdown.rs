//! Signals and the drain.

use std::{thread::JoinHandle, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the drain looks whether the cores have finished.
const LOOK: Duration = Duration::from_millis(10);

/// How the drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything in flight has finished, or its deadline has passed.
    Finished,
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

/// Waits until every core has ended. Each core keeps the deadline itself; a little more is for cutting off.
pub(super) async fn finished(
    cores: &[JoinHandle<()>],
    deadline: Duration,
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
    let limit = deadline + Duration::from_secs(1);
    tokio::time::timeout(limit, all)
        .await
        .unwrap_or(Outcome::Finished)
}
