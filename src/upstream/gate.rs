//! How many requests an upstream has at once, and a short line of those that wait.
//!
//! A monolith with forty threads does not become faster when it is given a thousand requests, and what waits inside it
//! cannot be refused any more. As long as there is room, entering is one compare-and-exchange. Nobody overtakes the
//! line, except in the moment between a leave and the wake-up of the first who waits.

use std::{
    pin::pin,
    sync::atomic::{
        AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

use tokio::sync::Notify;

use super::settings::Concurrency;

/// Counts the requests of one upstream, on all cores.
#[derive(Debug)]
pub(super) struct Gate {
    room: usize,
    queue: usize,
    inside: AtomicUsize,
    waiting: AtomicUsize,
    left: Notify,
}

/// Too many wait already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineIsFull;

/// A place in the line.
struct Place<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(concurrency: &Concurrency) -> Self {
        Self {
            room: concurrency.requests,
            queue: concurrency.queue,
            inside: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            left: Notify::new(),
        }
    }

    /// Enters if there is room and nobody waits.
    pub(super) fn try_enter(&self) -> bool {
        self.waiting.load(Relaxed) == 0 && self.take_room()
    }

    /// Waits for room, for as long as the caller likes: whoever gives up leaves the line.
    pub(super) async fn enter(&self) -> Result<(), LineIsFull> {
        let place = self.join_line().ok_or(LineIsFull)?;
        loop {
            let mut left = pin!(self.left.notified());
            // Listening before looking: a leave between the two is not missed.
            left.as_mut().enable();
            if self.take_room() {
                drop(place);
                return Ok(());
            }
            left.await;
        }
    }

    /// Makes room for another.
    pub(super) fn leave(&self) {
        self.inside.fetch_sub(1, SeqCst);
        // In one order with the other side, which counts itself before it looks for room: one of the two is seen.
        if self.waiting.load(SeqCst) > 0 {
            self.left.notify_one();
        }
    }

    fn take_room(&self) -> bool {
        let more = |inside: usize| (inside < self.room).then(|| inside + 1);
        self.inside.fetch_update(SeqCst, SeqCst, more).is_ok()
    }

    fn join_line(&self) -> Option<Place<'_>> {
        let more = |waiting: usize| (waiting < self.queue).then(|| waiting + 1);
        let joined = self.waiting.fetch_update(SeqCst, SeqCst, more);
        joined.ok().map(|_| Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, sync::Arc, task::Poll, time::Duration};

    use super::*;

    fn gate(requests: usize, queue: usize) -> Gate {
        Gate::new(&Concurrency {
            requests,
            queue,
            wait: Duration::ZERO,
        })
    }

    fn run<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(future)
    }

    async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
    }

    #[test]
    fn a_place_that_is_left_is_taken_in_the_order_of_the_line() {
        run(async {
            let gate = gate(1, 2);
            assert!(gate.try_enter());
            let (mut first, mut second) = (pin!(gate.enter()), pin!(gate.enter()));
            assert_eq!(poll_once(first.as_mut()).await, Poll::Pending);
            assert_eq!(poll_once(second.as_mut()).await, Poll::Pending);
            assert_eq!(gate.enter().await, Err(LineIsFull));
            gate.leave();
            assert!(!gate.try_enter(), "others came before");
            assert_eq!(poll_once(second.as_mut()).await, Poll::Pending);
            assert_eq!(poll_once(first.as_mut()).await, Poll::Ready(Ok(())));
            gate.leave();
            assert_eq!(second.await, Ok(()));
            gate.leave();
            assert!(gate.try_enter());
        });
    }

    #[test]
    fn who_gives_up_hands_on_the_turn() {
        run(async {
            let gate = gate(1, 2);
            assert!(gate.try_enter());
            let mut first = Box::pin(gate.enter());
            let mut second = pin!(gate.enter());
            assert_eq!(poll_once(first.as_mut()).await, Poll::Pending);
            assert_eq!(poll_once(second.as_mut()).await, Poll::Pending);
            gate.leave();
            drop(first);
            assert_eq!(poll_once(second.as_mut()).await, Poll::Ready(Ok(())));
        });
    }

    #[test]
    fn no_turn_is_lost_between_threads() {
        const ROOM: usize = 3;
        let gate = Arc::new(gate(ROOM, 64));
        let most = Arc::new(AtomicUsize::new(0));
        let inside = Arc::new(AtomicUsize::new(0));
        let threads = (0..8).map(|_| {
            let (gate, most, inside) = (gate.clone(), most.clone(), inside.clone());
            std::thread::spawn(move || {
                run(async {
                    for _ in 0..2_000 {
                        if !gate.try_enter() {
                            gate.enter().await.expect("the line is long enough");
                        }
                        most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, SeqCst);
                        gate.leave();
                    }
                });
            })
        });
        let threads: Vec<_> = threads.collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert!(most.load(SeqCst) <= ROOM);
        assert_eq!(gate.inside.load(SeqCst), 0);
        assert_eq!(gate.waiting.load(SeqCst), 0);
    }
}
