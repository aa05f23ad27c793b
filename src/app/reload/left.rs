//! Snapshots that have been replaced and that some core or request may still have.
//!
//! They are kept until nobody else does, so that it is no core that has to take a large one apart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::pipeline::Live;

#[derive(Debug, Default)]
pub(super) struct Left(Mutex<Vec<Arc<Live>>>);

impl Left {
    pub(super) fn keep(&self, live: Arc<Live>) {
        self.lock().push(live);
    }

    /// Lets go of those that nobody else has.
    pub(super) fn tidy(&self) {
        let mut left = self.lock();
        let (had, free): (Vec<_>, Vec<_>) = left.drain(..).partition(is_had);
        *left = had;
        drop(left);
        drop(free);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Live>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has one can only let go of it: no new holder can come from here.
fn is_had(live: &Arc<Live>) -> bool {
    Arc::strong_count(live) > 1
}
