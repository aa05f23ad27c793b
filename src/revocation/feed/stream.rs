//! Following the binlog: from a connection to its end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;
use tracing::info;

use super::scan::Scan;
use super::settings::Settings;
use super::tally::{Phase, add};
use super::watcher::Watcher;
use super::{Interruption, instant, replica_number};
use crate::clock::{Clock, UnixSeconds};
use crate::revocation::binlog::{Change, Commit, Fault, News, Replica};

/// A transaction this much older than our clock says was written long ago, and others may have been written since. Whole
/// seconds are compared.
const RECENT: i64 = 2;

/// Where the server cannot be asked what is visible, rows are read again this long after they were written.
const SECOND_LOOKS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(3)];

/// A look at everything waits while there is news from long ago, and this long for more of it.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Rows to be read once more.
struct Later {
    due: Instant,
    changes: Vec<Change>,
    at: UnixSeconds,
}

/// What is to be done next.
enum Turn {
    News(Instant, News),
    Step,
    SecondLook,
    Reconcile,
}

impl Watcher<'_> {
    /// Follows the stream to its end; whether there was one, and why it ended.
    pub(super) async fn follow(&mut self) -> (bool, Interruption) {
        let feed = self.feed;
        let Some(settings) = feed.settings.replica() else {
            return (false, Fault::Ended.into());
        };
        feed.parts.tally.enter(Phase::Connecting);
        let replica = Replica::connect(&settings, self.position.as_ref(), replica_number()).await;
        let mut replica = match replica {
            Ok(replica) => replica,
            Err(fault) => return (false, fault.into()),
        };
        self.connections += 1;
        self.received = Some(instant());
        if self.connections > 1 {
            add(&feed.parts.tally.reconnects, 1);
        }
        let goes_on = !replica.start().gtids.is_empty() && self.position.is_some();
        self.is_live = !goes_on;
        if !goes_on {
            self.reached(replica.start().clone());
        }
        if !goes_on || !self.is_complete {
            self.everything(None);
            feed.parts.tally.enter(Phase::Loading);
        } else {
            feed.is_well(Phase::Streaming);
        }
        info!(from = %replica.start(), goes_on, "the binlog is followed");
        let ended = self.listen(&mut replica).await;
        (true, ended)
    }

    async fn listen(&mut self, replica: &mut Replica) -> Interruption {
        let mut later: VecDeque<Later> = VecDeque::new();
        let mut reconcile = instant() + self.feed.settings.reconcile;
        loop {
            let step = match &self.scan {
                Some(scan) if self.is_live => scan.due,
                // The stream knows when something was written, and a look at everything only that it was.
                Some(_) => instant() + CATCH_UP,
                None => reconcile,
            };
            let second = later.front().map(|later| later.due);
            let turn = tokio::select! {
                biased;
                news = replica.next() => match news {
                    Ok((received, news)) => Turn::News(received, news),
                    Err(fault) => return fault.into(),
                },
                () = sleep_until(second.unwrap_or(step).into()), if second.is_some() => Turn::SecondLook,
                () = sleep_until(step.into()) => if self.scan.is_some() { Turn::Step } else { Turn::Reconcile },
            };
            let done = match turn {
                Turn::News(received, news) => {
                    self.news((received, news), replica, &mut later).await
                }
                Turn::SecondLook => self.second_look(&mut later).await,
                Turn::Reconcile => {
                    self.scan = Some(Scan::new(false));
                    Ok(())
                }
                Turn::Step => {
                    let ended = self.look_on().await;
                    if ended {
                        reconcile = instant() + self.feed.settings.reconcile;
                    }
                    Ok(())
                }
            };
            if let Err(interruption) = done {
                return interruption;
            }
        }
    }

    /// A step of the look at everything; whether that has ended. An error is told and the step repeated.
    async fn look_on(&mut self) -> bool {
        let feed = self.feed;
        match self.step().await {
            Ok(None) => false,
            Ok(Some(scan)) => {
                if scan.is_urgent {
                    feed.is_well(Phase::Streaming);
                    feed.parts.denylist.freshness().heard(scan.begun);
                }
                true
            }
            Err(error) => {
                feed.in_trouble(&error.to_string());
                false
            }
        }
    }

    async fn news(
        &mut self,
        (received, news): (Instant, News),
        replica: &mut Replica,
        later: &mut VecDeque<Later>,
    ) -> Result<(), Interruption> {
        let freshness = self.feed.parts.denylist.freshness();
        let silence = self.silence(received);
        if silence >= self.feed.settings.stale_after {
            // What comes now was held up on the way, and nobody knows how much of it there is.
            self.is_live = false;
            replica.aim().await?;
        }
        match news {
            News::Heartbeat(at) => {
                let has_caught_up = replica.has_caught_up(&at);
                if has_caught_up && is_usual(silence, &self.feed.settings) {
                    self.is_live = true;
                    if self.is_whole() {
                        freshness.heard(received);
                    }
                }
            }
            News::Commit(commit) => {
                let written = written(&commit, replica.ahead());
                let at = commit.position.log.clone();
                self.commit(commit, (replica, later)).await?;
                self.feed
                    .parts
                    .tally
                    .took(instant().saturating_duration_since(received));
                let now = i64::try_from(Clock.unix_seconds().0).unwrap_or(i64::MAX);
                if replica.has_caught_up(&at) && written + RECENT >= now {
                    self.is_live = true;
                    if self.is_whole() {
                        freshness.heard(received);
                    }
                }
            }
        }
        Ok(())
    }

    /// How long nothing had come when this did.
    fn silence(&mut self, received: Instant) -> Duration {
        let last = self.received.replace(received);
        last.map_or(Duration::ZERO, |last| {
            received.saturating_duration_since(last)
        })
    }

    async fn commit(
        &mut self,
        commit: Commit,
        (replica, later): (&mut Replica, &mut VecDeque<Later>),
    ) -> Result<(), Interruption> {
        let visible = if commit.changes.is_empty() && commit.unknown.is_none() {
            true
        } else {
            replica.visible(&commit.position.log).await?
        };
        if let Some(why) = commit.unknown {
            self.feed.parts.denylist.freshness().lost();
            self.everything(Some(why));
        }
        if !commit.changes.is_empty() {
            let at = self.moment(written(&commit, replica.ahead()));
            self.look(&commit.changes, at).await?;
            if !visible {
                later.extend(SECOND_LOOKS.iter().map(|pause| Later {
                    due: instant() + *pause,
                    changes: commit.changes.clone(),
                    at,
                }));
                later.make_contiguous().sort_by_key(|later| later.due);
            }
        }
        self.reached(commit.position);
        Ok(())
    }

    /// The moment from which on tokens count. The server writes down when a statement began, and a session may lie about
    /// it: what comes while we keep up was written just now. What was written while nobody listened counts from that
    /// second and the next, since sessions that have begun since are nobody's business.
    fn moment(&self, written: i64) -> UnixSeconds {
        let now = Clock.unix_seconds();
        let written = UnixSeconds(u64::try_from(written.saturating_add(1)).unwrap_or(0));
        if self.is_live {
            written.max(now)
        } else {
            written
        }
    }

    async fn second_look(&mut self, later: &mut VecDeque<Later>) -> Result<(), Interruption> {
        if let Some(Later { changes, at, .. }) = later.pop_front() {
            // What was changed was told at the first look.
            let changes: Vec<Change> = changes
                .into_iter()
                .map(|change| Change {
                    secret: false,
                    ..change
                })
                .collect();
            self.look(&changes, at).await?;
        }
        Ok(())
    }
}

/// When a transaction was written, in seconds by our clock.
fn written(commit: &Commit, ahead: i64) -> i64 {
    i64::try_from(commit.at.0)
        .unwrap_or(i64::MAX)
        .saturating_add(ahead)
}

/// Whether what comes after this silence has not been held up on the way: what was comes after a long one, and behind it what
/// was sent since, all at once. A server that is quiet is heard once in a period, and what it says does not say when.
fn is_usual(silence: Duration, settings: &Settings) -> bool {
    settings.heartbeat / 2 <= silence && silence < settings.stale_after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::feed::Source;

    fn settings() -> Settings {
        Settings {
            source: Source::Binlog,
            tables: Vec::new(),
            secret: None,
            heartbeat: Duration::from_millis(300),
            stale_after: Duration::from_secs(1),
            reconcile: Duration::from_secs(60),
            rate: 1,
            poll: Duration::from_secs(1),
            announced: false,
            overlap: Duration::from_secs(1),
            logins: None,
        }
    }

    /// Which of the heartbeats count that come so many milliseconds one after the other.
    fn counted(silences: &[u64]) -> Vec<bool> {
        let settings = settings();
        let silences = silences.iter().map(|it| Duration::from_millis(*it));
        silences.map(|it| is_usual(it, &settings)).collect()
    }

    #[test]
    fn heartbeats_that_were_held_up_on_the_way_do_not_say_that_all_is_known() {
        // A second of silence, what was sent during it at once, and then as usual.
        let held_up = counted(&[300, 1_200, 0, 1, 0, 299, 301]);
        assert_eq!(held_up, [true, false, false, false, false, true, true]);
    }

    #[test]
    fn a_server_that_is_only_busy_is_believed() {
        assert_eq!(
            counted(&[150, 310, 600, 999, 1_000]),
            [true, true, true, true, false]
        );
    }
}
