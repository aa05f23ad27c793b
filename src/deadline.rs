//! Coarse deadlines, one set per core.
//!
//! A timer of the runtime costs more than the rest of an idle check; here a deadline is one number in a slab, and one
//! task sweeps them. A deadline never fires early and at most [`GRANULARITY`] late. Nothing ticks while none is set.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use slab::Slab;
use tokio::sync::Notify;

use crate::clock::Clock;

/// How late a deadline may fire.
pub const GRANULARITY: Duration = Duration::from_millis(50);

/// The deadlines of one core.
#[derive(Debug, Clone)]
pub struct Deadlines(Rc<Set>);

#[derive(Debug)]
struct Set {
    clock: Clock,
    slots: RefCell<Slab<Slot>>,
    /// When the sweeping task wakes up next; `None` while it waits for a first deadline.
    next_sweep: Cell<Option<Instant>>,
    earlier: Notify,
}

#[derive(Debug)]
struct Slot {
    state: State,
    waker: Option<Waker>,
    handles: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Unset,
    Due(Instant),
    Elapsed,
}

/// One deadline; clones are the same deadline.
#[derive(Debug)]
pub struct Deadline {
    set: Rc<Set>,
    key: usize,
}

impl Deadlines {
    /// An empty set; [`Deadlines::sweep`] has to run on the same core.
    pub fn new(clock: Clock) -> Self {
        Self(Rc::new(Set {
            clock,
            slots: RefCell::new(Slab::new()),
            next_sweep: Cell::new(None),
            earlier: Notify::new(),
        }))
    }

    /// A new deadline that is not set yet.
    pub fn unset(&self) -> Deadline {
        let key = self.0.slots.borrow_mut().insert(Slot {
            state: State::Unset,
            waker: None,
            handles: 1,
        });
        Deadline {
            set: Rc::clone(&self.0),
            key,
        }
    }

    /// The clock that deadlines are compared with.
    pub fn now(&self) -> Instant {
        self.0.clock.instant()
    }

    /// Wakes every task that polls a deadline, for a change that all of them have to see.
    pub fn wake_all(&self) {
        let wakers: Vec<Waker> = {
            let mut slots = self.0.slots.borrow_mut();
            slots
                .iter_mut()
                .filter_map(|(_, slot)| slot.waker.take())
                .collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Fires what is due, for ever.
    pub async fn sweep(self) {
        loop {
            let next = self.0.fire_due();
            self.0.next_sweep.set(next);
            match next {
                None => self.0.earlier.notified().await,
                Some(next) => {
                    let sleep = tokio::time::sleep_until(next.into());
                    tokio::select! {
                        () = sleep => {}
                        () = self.0.earlier.notified() => {}
                    }
                }
            }
        }
    }
}

impl Set {
    /// Fires what is due and says when to look again.
    fn fire_due(&self) -> Option<Instant> {
        let now = self.clock.instant();
        let mut earliest: Option<Instant> = None;
        let mut wakers = Vec::new();
        for (_, slot) in self.slots.borrow_mut().iter_mut() {
            let State::Due(due) = slot.state else {
                continue;
            };
            if due <= now {
                slot.state = State::Elapsed;
                wakers.extend(slot.waker.take());
            } else if earliest.is_none_or(|earliest| due < earliest) {
                earliest = Some(due);
            }
        }
        wakers.into_iter().for_each(Waker::wake);
        earliest.map(|earliest| earliest.max(now + GRANULARITY))
    }

    fn with_slot<R: Default>(&self, key: usize, act: impl FnOnce(&mut Slot) -> R) -> R {
        self.slots
            .borrow_mut()
            .get_mut(key)
            .map(act)
            .unwrap_or_default()
    }
}

impl Deadline {
    /// Sets it to `after` from `now`, instead of what it was.
    pub fn set(&self, now: Instant, after: Duration) {
        // A time out of range is a deadline that never comes.
        let state = now.checked_add(after).map_or(State::Unset, State::Due);
        self.set.with_slot(self.key, |slot| slot.state = state);
        let sooner = match (state, self.set.next_sweep.get()) {
            (State::Due(due), Some(next)) => due + GRANULARITY < next,
            (State::Due(_), None) => true,
            (State::Unset | State::Elapsed, _) => false,
        };
        if sooner {
            self.set.earlier.notify_one();
        }
    }

    /// Sets it to a moment, or takes it back.
    pub fn set_at(&self, at: Option<Instant>) {
        let now = self.set.clock.instant();
        match at {
            Some(at) => self.set(now, at.saturating_duration_since(now)),
            None => self.unset(),
        }
    }

    /// Sets it to `after` from now.
    pub fn set_from_now(&self, after: Duration) {
        self.set(self.set.clock.instant(), after);
    }

    /// Takes it back.
    pub fn unset(&self) {
        self.set
            .with_slot(self.key, |slot| slot.state = State::Unset);
    }

    /// Ready once it has elapsed; otherwise this task is woken when it does.
    pub fn poll_elapsed(&self, context: &mut Context<'_>) -> Poll<()> {
        let elapsed = self.set.with_slot(self.key, |slot| {
            if matches!(slot.state, State::Elapsed) {
                return true;
            }
            match &mut slot.waker {
                Some(waker) => waker.clone_from(context.waker()),
                empty @ None => *empty = Some(context.waker().clone()),
            }
            false
        });
        if elapsed {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// The future's output, or `None` when the deadline elapses first.
    pub async fn bound<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_elapsed(context).map(|()| None),
        })
        .await
    }
}

impl Clone for Deadline {
    fn clone(&self) -> Self {
        self.set.with_slot(self.key, |slot| slot.handles += 1);
        Self {
            set: Rc::clone(&self.set),
            key: self.key,
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        let mut slots = self.set.slots.borrow_mut();
        if let Some(slot) = slots.get_mut(self.key) {
            slot.handles -= 1;
            if slot.handles == 0 {
                slots.remove(self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<F: Future>(future: impl FnOnce(Deadlines) -> F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder
            .enable_time()
            .build_local(tokio::runtime::LocalOptions::default());
        runtime.expect("a runtime").block_on(async {
            let deadlines = Deadlines::new(Clock);
            let sweeping = tokio::task::spawn_local(deadlines.clone().sweep());
            let output = future(deadlines).await;
            sweeping.abort();
            output
        })
    }

    #[test]
    fn a_deadline_bounds_a_future_that_never_ends() {
        let (bounded, waited) = run(|deadlines| async move {
            let start = deadlines.now();
            let deadline = deadlines.unset();
            deadline.set(start, Duration::from_millis(20));
            let bounded = deadline.bound(std::future::pending::<()>()).await;
            (bounded, deadlines.now() - start)
        });
        assert_eq!(bounded, None);
        assert!(waited >= Duration::from_millis(20));
    }

    #[test]
    fn an_earlier_deadline_is_not_held_up_by_a_later_one() {
        let elapsed = run(|deadlines| async move {
            let late = deadlines.unset();
            late.set_from_now(Duration::from_secs(3600));
            tokio::task::yield_now().await;
            let soon = deadlines.unset();
            soon.set_from_now(Duration::from_millis(1));
            soon.bound(std::future::pending::<()>()).await
        });
        assert_eq!(elapsed, None);
    }

    #[test]
    fn dropped_deadlines_leave_nothing_behind() {
        run(|deadlines| async move {
            let deadline = deadlines.unset();
            let twin = deadline.clone();
            drop(deadline);
            assert_eq!(deadlines.0.slots.borrow().len(), 1);
            drop(twin);
            assert!(deadlines.0.slots.borrow().is_empty());
        });
    }
}
