//! What waits to be delivered, and the work on it.
//!
//! Whoever posts does not wait: the queue is bounded, and past its bound a message is refused. A message is tried again, each
//! time later, until it is delivered, refused for good, or too old. Work that must not show in the time of an answer
//! is done here too. Nothing is logged of addresses and texts, unless the operator has messages written to the log.

use std::{
    fmt,
    future::Future,
    path::Path,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::{
    error::DeliveryError,
    hook,
    mail::{self, Server},
    message::{Channel, Message},
    settings::{MailTo, Patience, PhoneTo, Settings},
    text::{Texts, Written},
};
use crate::{clock::Clock, entropy::Entropy};

/// How many messages are handed over at once.
const AT_ONCE: usize = 4;
/// How much other work may wait or go on at once.
const ERRANDS: usize = 1024;
/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// There is no place for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many messages wait to be delivered")]
pub struct Full;

/// The channel is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// There is no place.
    #[error(transparent)]
    Full(#[from] Full),
    /// Messages of this kind go nowhere.
    #[error("there is nothing that would deliver it")]
    Undeliverable,
}

type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The queue. What is in it is worked on by the [`Postman`].
pub struct Outbox {
    settings: Settings,
    server: Option<Server>,
    mail_places: Arc<Semaphore>,
    phone_places: Arc<Semaphore>,
    errand_places: Arc<Semaphore>,
    hands: Semaphore,
    queue: mpsc::UnboundedSender<Errand>,
    /// Until somebody works on it.
    waiting: Mutex<Option<Postman>>,
    entropy: Mutex<Entropy>,
    clock: Clock,
    counts: [AtomicU64; 4],
}

/// Whoever works on a queue.
#[derive(Debug)]
pub struct Postman(mpsc::UnboundedReceiver<Errand>);

/// What became of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    TriedAgain,
    GivenUp,
    Refused,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl Outbox {
    /// An empty queue. Connects to nothing.
    pub fn open(settings: Settings, clock: Clock, entropy: Entropy) -> Self {
        let server = settings.mail.as_ref().and_then(|mail| match &mail.to {
            // What cannot be used was said when the configuration was read.
            MailTo::Smtp(smtp) => mail::server(smtp, mail.patience.attempt).ok(),
            MailTo::Log | MailTo::Folder(_) => None,
        });
        let places = |patience: Option<Patience>| {
            Arc::new(Semaphore::new(patience.map_or(0, |it| it.queue)))
        };
        let (queue, waiting) = mpsc::unbounded_channel();
        Self {
            server,
            mail_places: places(settings.mail.as_ref().map(|it| it.patience)),
            phone_places: places(settings.phone.as_ref().map(|it| it.patience)),
            errand_places: Arc::new(Semaphore::new(ERRANDS)),
            hands: Semaphore::new(AT_ONCE),
            queue,
            waiting: Mutex::new(Some(Postman(waiting))),
            entropy: Mutex::new(entropy),
            clock,
            counts: Default::default(),
            settings,
        }
    }

    /// Who has to work on it, once.
    pub fn postman(&self) -> Option<Postman> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Waits until nothing waits any more.
    pub async fn emptied(&self) {
        // Other work first: it may post messages.
        all(&self.errand_places, ERRANDS).await;
        let patience = self.settings.mail.as_ref().map(|it| it.patience);
        all(&self.mail_places, patience.map_or(0, |it| it.queue)).await;
        let patience = self.settings.phone.as_ref().map(|it| it.patience);
        all(&self.phone_places, patience.map_or(0, |it| it.queue)).await;
    }

    /// How messages are delivered.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many messages were delivered, tried again, given up and refused for want of a place.
    pub fn counts(&self) -> [(&'static str, u64); 4] {
        let words = ["delivered", "tried_again", "given_up", "refused"];
        let mut counts = self.counts.iter().map(|it| it.load(Ordering::Relaxed));
        words.map(|word| (word, counts.next().unwrap_or_default()))
    }

    /// Does something in its own time: whoever asks is not kept waiting by it.
    pub fn run(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), Full> {
        let place = Arc::clone(&self.errand_places).try_acquire_owned();
        let place = place.map_err(|_| Full)?;
        self.begin(async move {
            work.await;
            drop(place);
        })
    }

    /// Sends a message as soon as it can be.
    pub fn post(self: &Arc<Self>, message: Message) -> Result<(), PostError> {
        let (places, patience) = match message.channel {
            Channel::Mail => (
                &self.mail_places,
                self.settings.mail.as_ref().map(|it| it.patience),
            ),
            Channel::Phone => (
                &self.phone_places,
                self.settings.phone.as_ref().map(|it| it.patience),
            ),
        };
        let patience = patience.ok_or(PostError::Undeliverable)?;
        let place = Arc::clone(places).try_acquire_owned().map_err(|_| {
            self.count(Fate::Refused);
            Full
        })?;
        let outbox = Arc::clone(self);
        Ok(self.begin(async move { outbox.deliver(message, patience, place).await })?)
    }

    fn begin(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), Full> {
        self.queue.send(Box::pin(work)).map_err(|_| Full)
    }

    async fn deliver(&self, message: Message, patience: Patience, _place: OwnedSemaphorePermit) {
        let until = self.clock.instant() + patience.keep_trying;
        let mut pause = PAUSE;
        loop {
            match self.attempt(&message, patience.attempt).await {
                Ok(()) => return self.delivered(&message),
                Err(error) if error.passes() && self.waits(pause, until) => {
                    self.count(Fate::TriedAgain);
                    warn!(kind = message.kind.word(), account = message.account, %error, "a message is tried again");
                }
                Err(error) => {
                    self.count(Fate::GivenUp);
                    warn!(kind = message.kind.word(), account = message.account, %error, "a message was not delivered");
                    return;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn waits(&self, pause: Duration, until: Instant) -> bool {
        self.clock.instant() + pause < until
    }

    fn delivered(&self, message: &Message) {
        self.count(Fate::Delivered);
        info!(
            kind = message.kind.word(),
            channel = message.channel.word(),
            account = message.account,
            "a message was handed over"
        );
    }

    async fn attempt(&self, message: &Message, limit: Duration) -> Result<(), DeliveryError> {
        // Closed never.
        let _hand = self.hands.acquire().await;
        let handed = match message.channel {
            Channel::Mail => timeout(limit, self.mail(message)).await,
            Channel::Phone => timeout(limit, self.phone(message, limit)).await,
        };
        handed.unwrap_or(Err(DeliveryError::Late(limit)))
    }

    async fn mail(&self, message: &Message) -> Result<(), DeliveryError> {
        let settings = self.settings.mail.as_ref().ok_or(DeliveryError::NoText)?;
        let written = written(&settings.texts, message)?;
        let to = mail::address(message.to.expose())?;
        if settings.to == MailTo::Log {
            log(message, &written);
            return Ok(());
        }
        let id = {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            entropy.decision_id()
        };
        let now = self.clock.unix_seconds();
        let letter = mail::letter(settings, to, written, (now, id))?;
        match (&settings.to, &self.server) {
            (MailTo::Folder(folder), _) => {
                let name = format!("{}-{id}.eml", now.0);
                file(folder, &name, &letter.formatted()).await
            }
            (MailTo::Smtp(_), Some(server)) => mail::send(server, letter).await,
            (MailTo::Smtp(_) | MailTo::Log, _) => Err(DeliveryError::Tls),
        }
    }

    async fn phone(&self, message: &Message, limit: Duration) -> Result<(), DeliveryError> {
        let settings = self.settings.phone.as_ref().ok_or(DeliveryError::NoText)?;
        let written = written(&settings.texts, message)?;
        let number = hook::number(message.to.expose())?;
        match &settings.to {
            PhoneTo::Log => {
                log(message, &written);
                Ok(())
            }
            PhoneTo::Folder(folder) => {
                let id = {
                    let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
                    entropy.decision_id()
                };
                let name = format!("{}-{id}.txt", self.clock.unix_seconds().0);
                let text = format!("To: {number}\n\n{}\n", written.body);
                file(folder, &name, text.as_bytes()).await
            }
            PhoneTo::Hook(hook) => hook::send(hook, (&number, &written), limit, self.clock).await,
        }
    }

    fn count(&self, fate: Fate) {
        let number = match fate {
            Fate::Delivered => 0,
            Fate::TriedAgain => 1,
            Fate::GivenUp => 2,
            Fate::Refused => 3,
        };
        if let Some(count) = self.counts.get(number) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Postman {
    /// Works until the queue is gone and everything in it was done.
    pub async fn work(mut self) {
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                errand = self.0.recv() => match errand {
                    Some(errand) => { under_way.spawn(errand); }
                    None => break,
                },
                Some(_) = under_way.join_next() => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }
}

/// Every place, so that nobody has one.
async fn all(places: &Semaphore, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    // Closed never.
    drop(places.acquire_many(count).await);
}

fn written(texts: &Texts, message: &Message) -> Result<Written, DeliveryError> {
    texts.write(message).ok_or(DeliveryError::NoText)
}

/// Only where the operator has said so: what is sent stands in the log then.
fn log(message: &Message, written: &Written) {
    info!(
        kind = message.kind.word(),
        to = message.to.expose(),
        code = message.value("code"),
        link = message.value("link"),
        subject = written.subject,
        "a message is written here in place of being sent, as the configuration says"
    );
}

/// Under another name first, so that nobody reads the half of it.
async fn file(folder: &Path, name: &str, text: &[u8]) -> Result<(), DeliveryError> {
    let (whole, part) = (folder.join(name), folder.join(format!(".{name}.part")));
    let text = text.to_vec();
    let written = tokio::task::spawn_blocking(move || {
        std::fs::write(&part, text)?;
        std::fs::rename(part, whole)
    });
    Ok(written.await.map_err(std::io::Error::other)??)
}
