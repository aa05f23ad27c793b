//! How long an exchange may be silent.
//!
//! Both directions count: a stream on which only the client speaks is no upstream that has stalled.

use std::{
    cell::Cell,
    task::{Context, Poll},
    time::Duration,
};

use crate::deadline::Deadline;

/// A deadline that every piece of either direction postpones while it is set.
#[derive(Debug)]
pub(super) struct Patience {
    deadline: Deadline,
    limit: Cell<Option<Duration>>,
}

impl Patience {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            limit: Cell::new(None),
        }
    }

    /// From now on silence may last this long.
    pub(super) fn begin(&self, limit: Duration) {
        self.limit.set(Some(limit));
        self.renew();
    }

    /// Something has moved.
    pub(super) fn renew(&self) {
        if let Some(limit) = self.limit.get() {
            self.deadline.set_from_now(limit);
        }
    }

    /// Nothing is expected until something moves.
    pub(super) fn pause(&self) {
        self.deadline.unset();
    }

    /// Nobody waits for the upstream.
    pub(super) fn rest(&self) {
        self.limit.set(None);
        self.deadline.unset();
    }

    /// Ready once the silence has lasted too long.
    pub(super) fn poll_exhausted(&self, context: &mut Context<'_>) -> Poll<()> {
        self.deadline.poll_elapsed(context)
    }

    /// The future's output, or `None` when patience ends first.
    pub(super) async fn bound<F: Future>(&self, future: F) -> Option<F::Output> {
        self.deadline.bound(future).await
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.limit.get().is_some()
    }
}
