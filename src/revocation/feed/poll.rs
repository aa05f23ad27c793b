//! Looking at the tables again and again, where nobody tells what changes in them.

use std::time::Duration;

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
        let begun = instant();
        // What is committed from now on is not missed when the stream begins: it reads everything then.
        self.lose_position();
        let limit = feed
            .settings
            .stale_after
            .max(feed.settings.poll.saturating_mul(3));
        feed.parts.denylist.freshness().watch(limit);
        let mut succeeded = false;
        loop {
            self.scan = Some(Scan::new(true));
            while self.scan.is_some() {
                match self.step().await {
                    Ok(None) => {}
                    Ok(Some(scan)) => {
                        succeeded = true;
                        feed.parts.denylist.freshness().heard(scan.begun);
                        match until {
                            // What is in the way of the stream stays in the way.
                            Some(_) => feed.parts.tally.enter(Phase::Polling),
                            None => feed.is_well(Phase::Polling),
                        }
                    }
                    Err(error) => {
                        self.scan = None;
                        return (succeeded, error);
                    }
                }
            }
            if until.is_some_and(|until| begun.elapsed() >= until) {
                feed.parts
                    .denylist
                    .freshness()
                    .watch(feed.settings.stale_after);
                return (succeeded, Fault::Ended.into());
            }
            tokio::time::sleep(feed.settings.poll).await;
        }
    }
}
