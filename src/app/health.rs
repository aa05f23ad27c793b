//! Which upstreams are asked whether they are well: those of the snapshot that is in effect.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    upstream::{self, Group},
};

/// The questions, one task for each upstream.
#[derive(Debug)]
pub(super) struct HealthChecks {
    tasks: TaskTracker,
    stop: CancellationToken,
    asked: Mutex<Vec<(Arc<Group>, CancellationToken)>>,
}

impl HealthChecks {
    /// Nobody is asked yet; everything ends at `stop`.
    pub(super) fn new(tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            tasks,
            stop,
            asked: Mutex::default(),
        }
    }

    /// Asks these and no others. Those that were asked before go on undisturbed. Has to be called inside the control
    /// runtime.
    pub(super) fn follow(&self, groups: &[Arc<Group>]) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|(group, stop)| {
            let stays = groups.iter().any(|it| Arc::ptr_eq(it, group));
            if !stays {
                stop.cancel();
            }
            stays
        });
        for group in groups {
            if asked.iter().any(|(it, _)| Arc::ptr_eq(it, group)) {
                continue;
            }
            let stop = self.stop.child_token();
            let watch = upstream::watch(Arc::clone(group), Clock);
            let until = stop.clone().run_until_cancelled_owned(watch);
            self.tasks.spawn(until);
            asked.push((Arc::clone(group), stop));
        }
    }
}
