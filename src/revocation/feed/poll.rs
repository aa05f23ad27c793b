//! Looking at the tables again and again, where nobody tells what changes in them.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::scan::Scan;
use super::tally::Phase;
use super::watcher::Watcher;
use super::{Interruption, instant};
use crate::revocation::binlog::Fault;

impl Watcher<'_> {
    /// Looks until something is in the way, or until it is time to ask for the stream again. Whether a look has ended, and
    /// why this did.
    pub(super) async fn poll(&mut self, until: Option<Duration>) -> (bool, Interruption) {
        let feed = self.feed;
        let limit = feed
            .settings
            .stale_after
            .max(feed.settings.poll.saturating_mul(3));
        feed.parts.denylist.freshness().watch(limit);
        let until = until.map(|until| instant() + until);
        let (succeeded, why) = if self.knows_changes() {
            feed.parts.denylist.note_use(true);
            let ended = self.poll_changes(until).await;
            feed.parts.denylist.note_use(false);
            ended
        } else {
            self.poll_everything(until).await
        };
        if matches!(why, Interruption::Stream(_)) {
            feed.parts
                .denylist
                .freshness()
                .watch(feed.settings.stale_after);
        }
        (succeeded, why)
    }

    /// Every row, each time.
    async fn poll_everything(&mut self, until: Option<Instant>) -> (bool, Interruption) {
        // What is committed from now on is not missed when the stream begins: it reads everything then.
        self.lose_position();
        let mut succeeded = false;
        loop {
            self.scan = Some(Scan::new(true));
            while self.scan.is_some() {
                match self.step().await {
                    Ok(None) => {}
                    Ok(Some(scan)) => {
                        succeeded = true;
                        self.polled(scan.begun, until);
                    }
                    Err(error) => {
                        self.scan = None;
                        return (succeeded, error);
                    }
                }
            }
            if is_over(until) {
                return (succeeded, Fault::Ended.into());
            }
            tokio::time::sleep(self.feed.settings.poll).await;
        }
    }

    /// What was changed and who is there, each time; everything in turns with it, as seldom as beside a stream.
    async fn poll_changes(&mut self, until: Option<Instant>) -> (bool, Interruption) {
        self.position = None;
        let mut succeeded = false;
        let mut round = instant();
        loop {
            let step = self.next_step();
            sleep_until(round.min(step).into()).await;
            let done = if round <= step {
                let done = self.round().await;
                round = instant() + self.feed.settings.poll;
                done.map(|begun| {
                    if self.is_whole() {
                        succeeded = true;
                        self.polled(begun, until);
                    }
                })
            } else {
                self.look_around().await
            };
            if let Err(error) = done {
                return (succeeded, error);
            }
            if is_over(until) {
                return (succeeded, Fault::Ended.into());
            }
        }
    }

    /// When the look at everything goes on, or the next one begins.
    fn next_step(&self) -> Instant {
        let begins = self
            .looked
            .map(|ended| ended + self.feed.settings.reconcile);
        let goes_on = self.scan.as_ref().map(|scan| scan.due);
        goes_on.or(begins).unwrap_or_else(instant)
    }

    async fn look_around(&mut self) -> Result<(), Interruption> {
        if self.scan.is_none() {
            self.scan = Some(Scan::new(!self.is_complete));
        }
        self.step().await.map(drop)
    }

    /// Everything that the tables had to say at this moment is known.
    fn polled(&self, at: Instant, until: Option<Instant>) {
        let feed = self.feed;
        feed.parts.denylist.freshness().heard(at);
        match until {
            // What is in the way of the stream stays in the way.
            Some(_) => feed.parts.tally.enter(Phase::Polling),
            None => feed.is_well(Phase::Polling),
        }
    }
}

fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| instant() >= until)
}
