//! The thread behind the own tables in SQLite, and how its work is given up.
//!
//! Whoever asks holds a `Ticket`. Dropping it marks the job as abandoned and interrupts the
//! connection if, and only if, that very job is running; a transaction that is interrupted is undone.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::Receiver,
};

use rusqlite::InterruptHandle;

use super::connection::Held;
use crate::state::Error;

/// What is done with the connection, or with the reason why there is none.
pub(super) type Work = Box<dyn FnOnce(Result<&mut Held, Error>) + Send>;

/// Something that was asked.
pub(super) struct Job {
    number: u64,
    abandoned: Arc<AtomicBool>,
    work: Work,
}

impl Job {
    pub(super) fn new(work: Work, desk: &Arc<Desk>) -> (Self, Ticket) {
        let number = desk.next.fetch_add(1, Ordering::Relaxed);
        let abandoned = Arc::new(AtomicBool::new(false));
        let ticket = Ticket {
            number,
            abandoned: Arc::clone(&abandoned),
            desk: Arc::clone(desk),
        };
        let job = Self {
            number,
            abandoned,
            work,
        };
        (job, ticket)
    }
}

/// The asker's half of a job.
pub(super) struct Ticket {
    number: u64,
    abandoned: Arc<AtomicBool>,
    desk: Arc<Desk>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Release);
        let running = self.desk.running();
        if let Some((number, handle)) = running.as_ref()
            && *number == self.number
        {
            handle.interrupt();
        }
    }
}

/// Which job the thread is at, and how to interrupt it.
#[derive(Default)]
pub(super) struct Desk {
    next: AtomicU64,
    running: Mutex<Option<(u64, InterruptHandle)>>,
}

impl Desk {
    fn running(&self) -> MutexGuard<'_, Option<(u64, InterruptHandle)>> {
        // The guarded value is whole after any panic: it is only ever replaced.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until the last sender is gone.
pub(super) fn serve(mut held: Held, jobs: &Receiver<Job>, desk: &Desk) {
    for job in jobs {
        if job.abandoned.load(Ordering::Acquire) {
            continue;
        }
        match held.connect() {
            Ok(handle) => {
                *desk.running() = Some((job.number, handle));
                // An interrupt that comes before the first step is lost, so the mark is looked at again.
                if !job.abandoned.load(Ordering::Acquire) {
                    (job.work)(Ok(&mut held));
                }
                *desk.running() = None;
            }
            Err(error) => (job.work)(Err(error)),
        }
    }
}
