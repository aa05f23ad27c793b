//! One thread that owns one SQLite connection and works in turn, and how its work is given up.
//!
//! SQLite waits in the thread that asks, so none of the runtimes' threads may. The queue in front of the thread is
//! bounded. Work is given up when its caller goes away, by a deadline too: it is taken out of the queue, or interrupted
//! if, and only if, it is that very work that is running; a transaction that is interrupted is undone. What a connection
//! is opened with, and what its failures mean, is its owner's.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use rusqlite::InterruptHandle;
use tokio::sync::oneshot;

/// What the thread owns: a connection that comes and goes.
pub trait Connecting: Send + 'static {
    /// Why there is no connection.
    type Error: Send + 'static;

    /// Makes sure that there is a connection.
    fn connect(&mut self) -> Result<InterruptHandle, Self::Error>;
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undone {
    /// As much is waiting as may wait.
    #[error("too much is waiting for the database's thread")]
    Full,
    /// The thread has ended.
    #[error("the database's thread has ended")]
    Ended,
}

/// The thread. It ends when this is dropped, after the work that it is at.
pub struct SqliteThread<C: Connecting> {
    queue: SyncSender<Job<C>>,
    desk: Arc<Desk>,
    finished: oneshot::Receiver<()>,
}

/// What is done with the connection, or with the reason why there is none.
type Work<C> = Box<dyn FnOnce(Result<&mut C, <C as Connecting>::Error>) + Send>;

/// Something that was asked.
struct Job<C: Connecting> {
    number: u64,
    abandoned: Arc<AtomicBool>,
    work: Work<C>,
}

/// The asker's half of a job.
struct Ticket<'a> {
    number: u64,
    abandoned: Arc<AtomicBool>,
    desk: &'a Desk,
}

/// Which job the thread is at, and how to interrupt it.
#[derive(Default)]
struct Desk {
    next: AtomicU64,
    running: Mutex<Option<(u64, InterruptHandle)>>,
}

impl<C: Connecting> SqliteThread<C> {
    /// Starts it. `waiting` is how much may wait.
    pub fn start(name: &str, connecting: C, waiting: usize) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let (queue, jobs) = sync_channel(waiting);
        let (leaving, finished) = oneshot::channel();
        let at_work = Arc::clone(&desk);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                serve(connecting, &jobs, &at_work);
                // The receiver is gone where nobody waited for the end.
                let _ = leaving.send(());
            })?;
        Ok(Self {
            queue,
            desk,
            finished,
        })
    }

    /// Does something, however long it takes; dropping the future gives it up.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(Result<&mut C, C::Error>) -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let (answer, answered) = oneshot::channel();
        let ticket = self.desk.ticket();
        let job = Job {
            number: ticket.number,
            abandoned: Arc::clone(&ticket.abandoned),
            work: Box::new(move |connecting| {
                // The asker may be gone meanwhile.
                let _ = answer.send(work(connecting));
            }),
        };
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Undone::Full,
            TrySendError::Disconnected(_) => Undone::Ended,
        })?;
        answered.await.map_err(|_| Undone::Ended)
    }

    /// Ends when the thread has, after the work that it is at.
    pub async fn close(self) {
        drop(self.queue);
        // A thread that is gone already has nothing to say.
        let _ = self.finished.await;
    }
}

impl<C: Connecting> fmt::Debug for SqliteThread<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SqliteThread")
    }
}

impl Desk {
    fn ticket(&self) -> Ticket<'_> {
        Ticket {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            abandoned: Arc::new(AtomicBool::new(false)),
            desk: self,
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<(u64, InterruptHandle)>> {
        // The guarded value is whole after any panic: it is only ever replaced.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket<'_> {
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

/// Works until the last sender is gone.
fn serve<C: Connecting>(mut connecting: C, jobs: &Receiver<Job<C>>, desk: &Desk) {
    for job in jobs {
        if job.abandoned.load(Ordering::Acquire) {
            continue;
        }
        match connecting.connect() {
            Ok(handle) => {
                *desk.running() = Some((job.number, handle));
                // An interrupt that comes before the first step is lost, so the mark is looked at again.
                if !job.abandoned.load(Ordering::Acquire) {
                    (job.work)(Ok(&mut connecting));
                }
                *desk.running() = None;
            }
            Err(error) => (job.work)(Err(error)),
        }
    }
}
