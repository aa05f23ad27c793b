//! Whoever delivers messages: for as long as there is a snapshot that posts any, and until what was posted is delivered.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::{
    mailer::Outbox,
    pipeline::{Live, Snapshots},
    telemetry::counters::{Kind, Sample},
};

/// How long the end of the process waits for messages. One that has to be tried again later is not waited for.
const FAREWELL: Duration = Duration::from_secs(5);

/// The queues of all snapshots that are left.
#[derive(Debug)]
pub(super) struct Posting {
    tasks: TaskTracker,
    stop: CancellationToken,
    worked_on: Mutex<Vec<Weak<Outbox>>>,
}

impl Posting {
    /// Nothing is delivered yet; everything ends at `stop`.
    pub(super) fn new(tasks: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            tasks,
            stop,
            worked_on: Mutex::default(),
        })
    }

    /// Delivers what this snapshot posts. What was posted before is delivered to its end. Has to be called inside the
    /// control runtime.
    pub(super) fn follow(&self, live: &Live) {
        let Some(outbox) = outbox(live) else { return };
        let Some(postman) = outbox.postman() else {
            return;
        };
        let mut worked_on = self
            .worked_on
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        worked_on.retain(|outbox| outbox.strong_count() > 0);
        worked_on.push(Arc::downgrade(outbox));
        let stop = self.stop.clone();
        self.tasks
            .spawn(stop.run_until_cancelled_owned(postman.work()));
    }

    /// Waits for what was posted, for a short time.
    pub(super) async fn farewell(&self) {
        let worked_on = {
            let worked_on = self
                .worked_on
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            worked_on.clone()
        };
        for outbox in worked_on.iter().filter_map(Weak::upgrade) {
            if timeout(FAREWELL, outbox.emptied()).await.is_err() {
                warn!("messages that wait to be delivered are lost with the process");
            }
        }
    }
}

fn outbox(live: &Live) -> Option<&Arc<Outbox>> {
    let codes = live.accounts.as_ref()?.codes.as_ref()?;
    Some(codes.outbox())
}

/// Adds what became of messages to the counters of the snapshot, which all that follow share.
pub(super) fn count(live: &Live, snapshots: &Arc<Snapshots>) {
    // Weakly: the counters are a part of each snapshot.
    let snapshots = Arc::downgrade(snapshots);
    let help = "Messages to users, by what became of them";
    live.counters
        .read("messages", help, Kind::Counter, move || {
            let current = snapshots.upgrade().map(|snapshots| snapshots.current());
            let outbox = current.as_deref().and_then(outbox);
            let counts = outbox.into_iter().flat_map(|outbox| outbox.counts());
            let sample = |(outcome, value): (&str, u64)| Sample {
                labels: vec![("outcome", outcome.to_owned())],
                value,
            };
            counts.map(sample).collect()
        });
}
