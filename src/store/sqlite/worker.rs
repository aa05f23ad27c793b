//! The thread behind a SQLite store, and how its work is given up.
//!
//! Whoever asks holds a `Ticket`. Dropping it marks the job as abandoned and interrupts the
//! connection if, and only if, that very job is running.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::InterruptHandle;
use tokio::sync::oneshot;

use super::reader::Reader;
use crate::store::cell::Cell;
use crate::store::error::Error;

type Answer = Result<Vec<Vec<Cell>>, Error>;

/// What is asked of the thread.
pub(super) enum Question {
    Rows { sql: String, wanted: Vec<String> },
    Inspect,
}

/// A question on its way.
pub(super) struct Job {
    number: u64,
    abandoned: Arc<AtomicBool>,
    question: Question,
    answer: oneshot::Sender<Answer>,
}

impl Job {
    pub(super) fn new(
        question: Question,
        answer: oneshot::Sender<Answer>,
        desk: &Arc<Desk>,
    ) -> (Self, Ticket) {
        let number = desk.next.fetch_add(1, Ordering::Relaxed);
        let abandoned = Arc::new(AtomicBool::new(false));
        let ticket = Ticket {
            number,
            abandoned: Arc::clone(&abandoned),
            desk: Arc::clone(desk),
        };
        (
            Self {
                number,
                abandoned,
                question,
                answer,
            },
            ticket,
        )
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

/// Answers jobs until the last sender is gone.
pub(super) fn serve(mut reader: Reader, jobs: &Receiver<Job>, desk: &Desk) {
    for job in jobs {
        if job.abandoned.load(Ordering::Acquire) {
            continue;
        }
        let answer = attend(&mut reader, &job, desk);
        // The asker is gone when the deadline passed meanwhile.
        let _ = job.answer.send(answer);
    }
}

fn attend(reader: &mut Reader, job: &Job, desk: &Desk) -> Answer {
    let handle = reader.connect()?;
    *desk.running() = Some((job.number, handle));
    // An interrupt that comes before the first step is lost, so the mark is looked at again.
    let answer = if job.abandoned.load(Ordering::Acquire) {
        Ok(Vec::new())
    } else {
        match &job.question {
            Question::Rows { sql, wanted } => reader.rows(sql, wanted),
            Question::Inspect => reader.inspect().map(|()| Vec::new()),
        }
    };
    *desk.running() = None;
    answer
}
