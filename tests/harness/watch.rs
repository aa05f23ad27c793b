//! A value that one thread changes and another waits for.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sidegate::clock::Clock;

use super::PATIENCE;

/// A shared value; every change wakes those who wait.
pub(crate) struct Watch<T>(Arc<Shared<T>>);

struct Shared<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watch<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Shared {
            value: Mutex::new(value),
            changed: Condvar::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // A test that failed while it held the lock must not hide why.
        self.0.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }

    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.0.changed.notify_all();
        result
    }

    /// Waits until `find` finds something; `None` when it never does.
    pub(crate) fn find<R>(&self, mut find: impl FnMut(&T) -> Option<R>) -> Option<R> {
        let deadline = Clock.instant() + PATIENCE;
        let mut value = self.lock();
        loop {
            if let Some(found) = find(&value) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Clock.instant())?;
            let waited = self.0.changed.wait_timeout(value, left);
            value = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the condition holds, else fails the test.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, mut condition: impl FnMut(&T) -> bool) {
        let held = self.find(|value| condition(value).then_some(()));
        assert!(held.is_some(), "waited in vain: {what}");
    }
}

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Waits for a condition that nobody announces, such as the time; looks every few milliseconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    const LOOK: Duration = Duration::from_millis(5);
    let deadline = Clock.instant() + PATIENCE;
    while !condition() {
        assert!(Clock.instant() < deadline, "waited in vain: {what}");
        std::thread::park_timeout(LOOK);
    }
}

/// Holds a thread until the test lets it go on.
#[derive(Clone)]
pub(crate) struct Gate(Watch<bool>);

impl Gate {
    pub(crate) fn shut() -> Self {
        Self(Watch::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.change(|open| *open = true);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.read(|open| *open)
    }

    #[track_caller]
    pub(crate) fn pass(&self) {
        self.0.wait_for("the gate to open", |open| *open);
    }
}
