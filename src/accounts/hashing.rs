//! The threads that check passwords: few, of low priority, with a short queue.
//!
//! A login storm must cost proxied traffic nothing but its share of the processor. Past the queue a login is refused
//! at once; a queue that grows would only make every login late.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use tokio::sync::oneshot;
use tracing::debug;

use super::error::AccountError;
use crate::{
    entropy::Entropy,
    member::Kept,
    password::{Accepted, Format, Recipe, Rules, Stored, Verdict, Weakness, Work},
    secret::Secret,
};

/// How much the threads yield to the data plane: their weight is about a ninth of an ordinary thread's.
const NICENESS: i32 = 10;

/// How many kinds of work are counted: a table has two or three, and none can make us remember more.
const KINDS: usize = 32;

/// Bounds of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many passwords are checked at once.
    pub threads: usize,
    /// How many further ones may wait.
    pub queue: usize,
    /// How many bytes all checks together may take.
    pub memory: u64,
    /// What a check is expected to cost before any was made.
    pub expected: Work,
    /// Which stored passwords are believed.
    pub accepted: Accepted,
    /// How new passwords are stored.
    pub recipe: Recipe,
    /// What new passwords have to be like.
    pub rules: Rules,
    /// How those are stored anew that are outdated.
    pub upgrade: Option<Recipe>,
}

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub struct HashingPool {
    jobs: SyncSender<Job>,
    settings: Settings,
    /// How often each kind of work was met, so that the check for a user who does not exist costs what most cost.
    met: Mutex<Vec<(Work, u64)>>,
}

/// Something slow, and the memory that it takes.
struct Job {
    memory: u64,
    run: Box<dyn FnOnce() + Send>,
}

/// What is left of the memory.
#[derive(Debug)]
struct Memory {
    left: Mutex<u64>,
    given_back: Condvar,
}

impl HashingPool {
    /// Starts the threads.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(settings.queue);
        let queue = Arc::new(Mutex::new(queue));
        let memory = Arc::new(Memory::new(settings.memory));
        for index in 0..settings.threads {
            let (queue, memory) = (Arc::clone(&queue), Arc::clone(&memory));
            let thread = std::thread::Builder::new().name(format!("password-{index}"));
            thread.spawn(move || work(&queue, &memory))?;
        }
        Ok(Self::new(jobs, settings))
    }

    fn new(jobs: SyncSender<Job>, settings: Settings) -> Self {
        let met = Mutex::new(Vec::new());
        Self {
            jobs,
            settings,
            met,
        }
    }

    fn met(&self, work: Work) {
        let mut met = locked(&self.met);
        if let Some((_, count)) = met.iter_mut().find(|(known, _)| *known == work) {
            *count += 1;
        } else if met.len() < KINDS {
            met.push((work, 1));
        }
    }

    /// What most stored passwords cost so far.
    fn usual_work(&self) -> Work {
        let met = locked(&self.met);
        let most = met.iter().max_by_key(|(_, count)| *count);
        most.map_or(self.settings.expected, |(work, _)| *work)
    }

    /// Checks a password; with nothing stored, takes as long as if there were something and differs.
    pub async fn verify(
        &self,
        typed: Secret<String>,
        stored: Option<Kept>,
    ) -> Result<Verdict, AccountError> {
        let read = stored.as_ref().and_then(|it| self.read(it));
        let read = read.filter(|it| it.work().memory() <= self.settings.memory);
        if let Some(read) = read {
            self.met(read.work());
            let memory = read.work().memory();
            return self.run(memory, move || read.check(typed.expose())).await;
        }
        // What cannot be checked takes as long as what can, so that the time tells nothing of the row.
        let work = self.usual_work();
        let nothing = move || work.run_for_nobody(typed.expose().as_bytes());
        self.run(work.memory(), nothing).await?;
        Ok(if stored.is_some() {
            Verdict::Unreadable
        } else {
            Verdict::Differs
        })
    }

    fn read(&self, stored: &Kept) -> Option<Stored> {
        let Kept { password, salt } = stored;
        self.settings.accepted.read(password, salt.as_ref())
    }

    /// What new passwords have to be like.
    pub fn rules(&self) -> Rules {
        self.settings.rules
    }

    /// Whether a password may be set for the user who logs in with this.
    pub fn check_new(&self, password: &Secret<String>, login: &str) -> Result<(), Weakness> {
        let Settings { recipe, rules, .. } = &self.settings;
        rules.check(password, login, *recipe)
    }

    /// What is to be stored for a new password.
    pub async fn make(&self, password: Secret<String>) -> Result<Secret<String>, AccountError> {
        self.make_by(self.settings.recipe, password).await
    }

    /// What is to be stored in place of this, which has just let in whoever typed that; `None` where it is good enough, or
    /// the new one would not be of all that was typed.
    pub(super) fn better(&self, typed: &Secret<String>, stored: &Kept) -> Option<Recipe> {
        let recipe = self.settings.upgrade?;
        let (format, read) = (Format::of(stored.password.expose())?, self.read(stored)?);
        let whole = typed.expose().len() <= recipe.longest() && !typed.expose().contains('\0');
        (whole && !recipe.is_met_by(format, &read)).then_some(recipe)
    }

    /// The same as [`Self::make`], by another recipe than that of new passwords.
    pub(super) async fn make_by(
        &self,
        recipe: Recipe,
        password: Secret<String>,
    ) -> Result<Secret<String>, AccountError> {
        let salt = Entropy::from_os().bytes();
        let made = self.run(recipe.work().memory(), move || recipe.make(&password, salt));
        made.await?.ok_or(AccountError::HashingEnded)
    }

    /// Does something slow on one of the threads, unless as much waits as may wait.
    async fn run<T: Send + 'static>(
        &self,
        memory: u64,
        slow: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let (done, answer) = oneshot::channel();
        let run = Box::new(move || {
            // Once the client has gone the work would be for nobody.
            if !done.is_closed() {
                // Whoever asked may be gone by now; nobody else needs the result.
                let _ = done.send(slow());
            }
        });
        let job = Job { memory, run };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => AccountError::Busy,
            TrySendError::Disconnected(_) => AccountError::HashingEnded,
        })?;
        answer.await.map_err(|_| AccountError::HashingEnded)
    }
}

impl Memory {
    fn new(all: u64) -> Self {
        Self {
            left: Mutex::new(all),
            given_back: Condvar::new(),
        }
    }

    /// Takes memory, as soon as others have given back enough. Nobody asks for more than there is.
    fn take(&self, wanted: u64) {
        let left = locked(&self.left);
        let enough = self.given_back.wait_while(left, |left| *left < wanted);
        let mut left = enough.unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(wanted);
    }

    fn give_back(&self, taken: u64) {
        *locked(&self.left) += taken;
        self.given_back.notify_all();
    }
}

/// A thread that panicked while it held a lock had done what it took the lock for, or nothing.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(queue: &Mutex<Receiver<Job>>, memory: &Memory) {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        debug!(%error, "password threads keep the ordinary priority");
    }
    loop {
        let job = locked(queue).recv();
        let Ok(job) = job else { return };
        memory.take(job.memory);
        // A panic in one check must not take the thread away from the next; whoever asked learns that there is no result.
        let run = std::panic::AssertUnwindSafe(job.run);
        let _ = std::panic::catch_unwind(run);
        memory.give_back(job.memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn kept(password: Secret<String>) -> Kept {
        let salt = None;
        Kept { password, salt }
    }

    fn settings(threads: usize) -> Settings {
        Settings {
            threads,
            queue: 4,
            memory: 1 << 20,
            expected: Work::default(),
            accepted: Accepted::default(),
            recipe: Recipe::default(),
            rules: Rules::default(),
            upgrade: None,
        }
    }

    #[tokio::test]
    async fn past_the_queue_a_check_is_refused_at_once() {
        let (jobs, queue) = sync_channel(1);
        let pool = HashingPool::new(jobs, settings(1));
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
        let pool = HashingPool::start(settings(1)).expect("threads");
        pool.met(Work::Bcrypt { cost: 4 });
        let unknown = pool.verify(secret("a"), None).await;
        assert_eq!(unknown.expect("a verdict"), Verdict::Differs);
        let odd = pool.verify(secret("a"), Some(kept(secret("md5")))).await;
        assert_eq!(odd.expect("a verdict"), Verdict::Unreadable);
    }

    #[test]
    fn an_unknown_user_costs_what_most_users_cost() {
        let (jobs, _queue) = sync_channel(1);
        let pool = HashingPool::new(jobs, settings(1));
        assert_eq!(pool.usual_work(), Work::default());
        for cost in [10, 10, 12, 10, 4, 4] {
            pool.met(Work::Bcrypt { cost });
        }
        assert_eq!(pool.usual_work(), Work::Bcrypt { cost: 10 });
    }

    #[test]
    fn a_table_of_a_thousand_kinds_of_work_is_not_remembered() {
        let (jobs, _queue) = sync_channel(1);
        let pool = HashingPool::new(jobs, settings(1));
        for memory in 1..1000 {
            pool.met(Work::Scrypt {
                log_n: 1,
                r: memory,
                p: 1,
            });
        }
        assert_eq!(locked(&pool.met).len(), KINDS);
    }

    #[test]
    fn two_that_do_not_fit_go_one_after_the_other() {
        let memory = Arc::new(Memory::new(10));
        memory.take(6);
        let second = Arc::clone(&memory);
        let waiting = std::thread::spawn(move || second.take(6));
        assert_eq!(*locked(&memory.left), 4);
        memory.give_back(6);
        waiting.join().expect("it goes on");
        assert_eq!(*locked(&memory.left), 4);
    }

    #[tokio::test]
    async fn what_is_made_of_a_new_password_lets_it_in() {
        let recipe = Recipe::default().with(Work::Bcrypt { cost: 4 });
        let settings = Settings {
            recipe: recipe.expect("it is bounded"),
            ..settings(1)
        };
        let pool = HashingPool::start(settings).expect("threads");
        assert_eq!(pool.check_new(&secret("abcd-1234"), "ann"), Ok(()));
        let made = pool.make(secret("abcd-1234")).await.expect("it is made");
        let again = pool.make(secret("abcd-1234")).await.expect("it is made");
        assert_ne!(made, again);
        let verdict = pool.verify(secret("abcd-1234"), Some(kept(made))).await;
        assert_eq!(verdict.expect("a verdict"), Verdict::Matches);
    }

    #[tokio::test]
    async fn what_takes_more_memory_than_there_is_is_unreadable() {
        let settings = Settings {
            memory: 63 * 1024,
            accepted: Accepted {
                formats: vec![crate::password::Format::Argon2],
                digest: None,
            },
            expected: Work::Bcrypt { cost: 4 },
            ..settings(1)
        };
        let pool = HashingPool::start(settings).expect("threads");
        let stored = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
        let verdict = pool.verify(secret("a"), Some(kept(secret(stored)))).await;
        assert_eq!(verdict.expect("a verdict"), Verdict::Unreadable);
    }
}
