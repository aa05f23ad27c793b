//! What has to be in our own tables, written there one after the other until it is: a verdict does not wait for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::announced;
use super::fingerprint::announced_under;
use super::tally::Tally;
use crate::clock::{Clock, UnixSeconds};
use crate::revocation::Denylist;
use crate::state::{Change, Error, Fingerprint, Noted, State};

/// How much may wait. What does not find a place is found again by the next look at everything.
const QUEUE: usize = 65_536;

/// How often a checkpoint is written at most.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// How long our database is left alone when it does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Something to be kept.
#[derive(Debug, Clone)]
pub(super) enum Record {
    /// A secret was seen; `changed` where it is known to be another one.
    Secret {
        source: String,
        member: String,
        /// What stands for its login, where that is what tokens say.
        name: Option<String>,
        fingerprint: Fingerprint,
        at: UnixSeconds,
        changed: bool,
    },
    /// A secret that we have written ourselves.
    Own {
        source: String,
        member: String,
        fingerprint: Fingerprint,
    },
    /// A login has no row any more.
    Vacant { name: String },
    /// A row is gone; `told` where every gateway has to know.
    Gone {
        source: String,
        /// What logins are kept under.
        logins: String,
        member: String,
        told: bool,
    },
    /// A row is there again; who it belongs to now had no token before.
    Restored { member: String, at: UnixSeconds },
    /// Everything up to a position was seen and recorded before this.
    Checkpoint { source: String, position: String },
}

/// The task that writes, and its queue.
pub(super) struct Recorder {
    state: Arc<State>,
    denylist: Arc<Denylist>,
    tally: Arc<Tally>,
    records: mpsc::Receiver<Record>,
    checkpoint: Option<(String, String)>,
}

impl Recorder {
    pub(super) fn new(
        state: Arc<State>,
        denylist: Arc<Denylist>,
        tally: Arc<Tally>,
    ) -> (mpsc::Sender<Record>, Self) {
        let (sender, records) = mpsc::channel(QUEUE);
        let recorder = Self {
            state,
            denylist,
            tally,
            records,
            checkpoint: None,
        };
        (sender, recorder)
    }

    pub(super) async fn run(mut self) {
        let mut written = Instant::now();
        loop {
            match timeout(CHECKPOINT, self.records.recv()).await {
                Ok(Some(Record::Checkpoint { source, position })) => {
                    self.checkpoint = Some((source, position));
                }
                Ok(Some(record)) => self.insist(record).await,
                Ok(None) => return,
                Err(_) => {}
            }
            let waiting = u64::try_from(self.records.len()).unwrap_or(u64::MAX);
            self.tally.unrecorded.store(waiting, Ordering::Relaxed);
            if written.elapsed() >= CHECKPOINT
                && let Some((source, position)) = self.checkpoint.take()
            {
                written = Instant::now();
                let now = Clock.unix_seconds();
                let put = self.state.put_checkpoint(&source, &position, now).await;
                if put.is_err() {
                    // The next one will do as well.
                    self.checkpoint = Some((source, position));
                }
            }
        }
    }

    async fn insist(&self, record: Record) {
        let mut complained = false;
        while let Err(error) = self.write(record.clone()).await {
            if !complained {
                warn!(%error, "what the watch has seen cannot be recorded yet");
                complained = true;
            }
            // An id that no table of ours can hold is in no token either.
            if matches!(error, Error::TooLong { .. }) {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn write(&self, record: Record) -> Result<(), Error> {
        let now = Clock.unix_seconds();
        match record {
            Record::Secret {
                source,
                member,
                name,
                fingerprint,
                at,
                changed,
            } => {
                let shown = (member.as_str(), name.as_deref(), fingerprint);
                let noted = self.state.note_secret(&source, shown, at, now).await?;
                let mut told = vec![member];
                told.extend(name);
                match noted {
                    Noted::Changed => told.iter().for_each(|it| self.denylist.not_before(it, at)),
                    Noted::First if changed => {
                        let told = told.into_iter();
                        let told = told.map(|member| Change::NotBefore { member, at });
                        self.state.record(told.collect(), now).await?;
                    }
                    Noted::First | Noted::Same => {}
                }
            }
            Record::Vacant { name } => {
                let deleted = Change::Deleted { member: name };
                self.state.stamp(deleted, now).await?;
            }
            Record::Own {
                source,
                member,
                fingerprint,
            } => {
                let own = vec![(member, fingerprint)];
                self.state.put_fingerprints(&source, own).await?;
            }
            Record::Gone {
                source,
                logins,
                member,
                told,
            } => {
                if told {
                    let member = member.clone();
                    self.state.stamp(Change::Deleted { member }, now).await?;
                }
                let member = [member];
                self.state.forget_fingerprints(&source, &member).await?;
                self.state.forget_fingerprints(&logins, &member).await?;
                let announced = announced_under(&source);
                for member in &member {
                    announced::forget(&self.state, &announced, member, |_, _| true).await?;
                }
            }
            Record::Restored { member, at } => {
                let (again, same) = (member.clone(), member);
                let changes = vec![
                    Change::NotBefore { member: again, at },
                    Change::Restored { member: same },
                ];
                self.state.record(changes, now).await?;
            }
            Record::Checkpoint { .. } => {}
        }
        Ok(())
    }
}
