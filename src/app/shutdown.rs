//! Signals and the drain.

use std::{thread::JoinHandle, time::Duration};

use tokio::signal::unix::{SignalKind, signal as listen};

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

/// Waits for SIGTERM or SIGINT and names it. Where signals cannot be listened to, waits for ever.
pub(super) async fn signal() -> &'static str {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        listen(SignalKind::terminate()),
        listen(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
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
