//! What other gateways have ended is refused here too: the log of the own tables is read again and again, and told to the
//! denylist.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    clock::Clock,
    revocation::{Block, Denylist, Snapshot},
    state::{Change, Cursor, Error, News, State},
};

/// Between two looks. What one gateway has ended another one refuses this much later, and the time that a look takes.
const EVERY: Duration = Duration::from_millis(200);

/// How long it is left alone when it does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// For how long what was read counts where nothing but the log is followed: while the database is away nobody writes to it.
const LONG: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Somebody who reads the log.
pub(super) struct OtherGateways {
    pub(super) state: Arc<State>,
    pub(super) denylist: Arc<Denylist>,
    /// Whether this gateway sees the rows themselves. Then it knows better who has one, and how far it is behind.
    pub(super) watched: bool,
}

impl OtherGateways {
    /// From now on tokens are not judged by nothing: until the tables have been read routes decide, by `on_stale`.
    pub(super) fn expect(&self) {
        if !self.watched {
            self.denylist.freshness().watch(LONG);
        }
    }

    /// Reads until it is dropped. `read` is told when that was tried once.
    pub(super) async fn follow(self, read: CancellationToken) {
        let mut cursor = None;
        let mut complained = false;
        loop {
            let looked = self.look(cursor).await;
            read.cancel();
            match looked {
                Ok(reached) => {
                    cursor = reached;
                    complained = false;
                    sleep(EVERY).await;
                }
                Err(error) => {
                    if !complained {
                        warn!(%error, "what other gateways have ended is not known");
                    }
                    complained = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Learns everything, or what is new since.
    async fn look(&self, cursor: Option<Cursor>) -> Result<Option<Cursor>, Error> {
        let news = match cursor {
            Some(cursor) => self.state.changes_since(cursor).await?,
            None => News::Lost,
        };
        match news {
            News::Changes(changes, reached) => {
                self.tell_all(changes);
                Ok(Some(reached))
            }
            News::Lost => self.load().await,
        }
    }

    async fn load(&self) -> Result<Option<Cursor>, Error> {
        let loaded = match self.state.stamps_load().await {
            Ok((changes, cursor)) => Some((changes, cursor)),
            // Where there are no tables nobody has ended anything.
            Err(Error::NotMigrated) => None,
            Err(error) => return Err(error),
        };
        let (changes, cursor) = loaded.map_or_else(Default::default, |(changes, cursor)| {
            (changes, Some(cursor))
        });
        if self.watched {
            self.tell_all(changes);
        } else {
            self.denylist.replace(snapshot(&changes));
            self.denylist.freshness().heard(Clock.instant());
        }
        Ok(cursor)
    }

    fn tell_all(&self, changes: Vec<Change>) {
        for change in changes {
            self.tell(change);
        }
    }

    fn tell(&self, change: Change) {
        match change {
            Change::NotBefore { member, at } => self.denylist.not_before(&member, at),
            Change::SessionEnded { token_id, until } => self.denylist.end_session(&token_id, until),
            Change::Deleted { .. } | Change::Restored { .. } if self.watched => {}
            Change::Deleted { member } => self.denylist.block(&member, Block::Deleted),
            Change::Restored { member } => self.denylist.admit(&member),
        }
    }
}

fn snapshot(changes: &[Change]) -> Snapshot {
    let mut all = Snapshot::default();
    for change in changes {
        match change {
            Change::NotBefore { member, at } => all.not_before(member, *at),
            Change::SessionEnded { token_id, until } => all.end_session(token_id, *until),
            Change::Deleted { member } => all.block(member, Block::Deleted),
            Change::Restored { .. } => {}
        }
    }
    all
}
