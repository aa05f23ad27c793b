//! The threads that check passwords: few, of low priority, with a short queue.
//!
//! A login storm must cost proxied traffic nothing but its share of the processor. Past the queue a login is refused
//! at once; a queue that grows would only make every login late.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use tokio::sync::oneshot;
use tracing::debug;

use super::error::AccountError;
use crate::{
    password::{self, Cost, Verdict},
    secret::Secret,
};

/// How much the threads yield to the data plane: their weight is about a ninth of an ordinary thread's.
const NICENESS: i32 = 10;

/// Bounds of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many passwords are checked at once.
    pub threads: usize,
    /// How many further ones may wait.
    pub queue: usize,
}

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub struct HashingPool {
    jobs: SyncSender<Job>,
    /// How often each cost was met, so that the check for a user who does not exist costs what most cost.
    costs: [AtomicU32; COSTS],
}

/// bcrypt's costs are below 32.
const COSTS: usize = 32;

struct Job {
    typed: Secret<String>,
    against: Against,
    verdict: oneshot::Sender<Verdict>,
}

enum Against {
    Stored(Secret<String>),
    Nobody(Cost),
}

impl HashingPool {
    /// Starts the threads.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(settings.queue);
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..settings.threads {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new().name(format!("password-{index}"));
            thread.spawn(move || work(&queue))?;
        }
        Ok(Self::new(jobs))
    }

    fn new(jobs: SyncSender<Job>) -> Self {
        Self {
            jobs,
            costs: [const { AtomicU32::new(0) }; COSTS],
        }
    }

    fn met(&self, Cost::Bcrypt(cost): Cost) {
        if let Some(count) = self.costs.get(usize::from(cost)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What most stored passwords cost so far.
    fn usual_cost(&self) -> Cost {
        let counts = self.costs.iter().map(|count| count.load(Ordering::Relaxed));
        let most = counts.zip(0..).filter(|(count, _)| *count > 0).max();
        most.map_or_else(Cost::default, |(_, cost)| Cost::Bcrypt(cost))
    }

    /// Checks a password; with nothing stored, takes as long as if there were something and differs.
    pub async fn verify(
        &self,
        typed: Secret<String>,
        stored: Option<Secret<String>>,
    ) -> Result<Verdict, AccountError> {
        let cost = stored.as_ref().and_then(password::cost);
        // What cannot be checked takes as long as what can, so that the time tells nothing of the row.
        let (against, otherwise) = match (stored, cost) {
            (Some(stored), Some(cost)) => {
                self.met(cost);
                (Against::Stored(stored), None)
            }
            (Some(_), None) => (
                Against::Nobody(self.usual_cost()),
                Some(Verdict::Unreadable),
            ),
            (None, _) => (Against::Nobody(self.usual_cost()), None),
        };
        let (verdict, answer) = oneshot::channel();
        let job = Job {
            typed,
            against,
            verdict,
        };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => AccountError::Busy,
            TrySendError::Disconnected(_) => AccountError::HashingEnded,
        })?;
        let verdict = answer.await.map_err(|_| AccountError::HashingEnded)?;
        Ok(otherwise.unwrap_or(verdict))
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        debug!(%error, "password threads keep the ordinary priority");
    }
    loop {
        // A thread that panicked while it held the lock had only received: the queue is intact.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if job.verdict.is_closed() {
            // The client has gone; the work would be for nobody.
            continue;
        }
        // A panic in one check must not take a thread from all later ones.
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&job)));
        let verdict = checked.unwrap_or(Verdict::Unreadable);
        // Whoever asked may be gone by now; nobody else needs the verdict.
        let _ = job.verdict.send(verdict);
    }
}

fn check(job: &Job) -> Verdict {
    match &job.against {
        Against::Stored(stored) => password::verify(&job.typed, stored),
        Against::Nobody(cost) => {
            password::verify_nothing(&job.typed, *cost);
            Verdict::Differs
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn past_the_queue_a_check_is_refused_at_once() {
        let (jobs, queue) = sync_channel(1);
        let pool = HashingPool::new(jobs);
        let waiting = pool.verify(secret("a"), None);
        let mut waiting = std::pin::pin!(waiting);
        let pending = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
        });
        assert!(pending.await);
        let refused = pool.verify(secret("b"), None).await;
        assert!(matches!(refused, Err(AccountError::Busy)));
        drop(queue);
        assert!(matches!(waiting.await, Err(AccountError::HashingEnded)));
    }

    #[tokio::test]
    async fn an_unknown_user_differs_and_an_odd_hash_is_unreadable() {
        let settings = Settings {
            threads: 1,
            queue: 4,
        };
        let pool = HashingPool::start(settings).expect("threads");
        pool.met(Cost::Bcrypt(4));
        let unknown = pool.verify(secret("a"), None).await;
        assert_eq!(unknown.expect("a verdict"), Verdict::Differs);
        let odd = pool.verify(secret("a"), Some(secret("md5"))).await;
        assert_eq!(odd.expect("a verdict"), Verdict::Unreadable);
    }

    #[test]
    fn an_unknown_user_costs_what_most_users_cost() {
        let (jobs, _queue) = sync_channel(1);
        let pool = HashingPool::new(jobs);
        assert_eq!(pool.usual_cost(), Cost::default());
        for cost in [10, 10, 12, 10, 4, 4] {
            pool.met(Cost::Bcrypt(cost));
        }
        assert_eq!(pool.usual_cost(), Cost::Bcrypt(10));
    }
}
