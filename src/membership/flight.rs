//! One look-up of a row, for all who want it meanwhile.

use std::{pin::Pin, sync::Arc};

use tokio::{sync::watch, time::timeout};

use super::{Kept, Key, Looked, Membership, RowError};
use crate::store;

/// The work of a look-up.
pub type LookUp = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A look-up that others can join until it ends, in whatever way.
pub(super) struct Flight {
    membership: Arc<Membership>,
    id: Arc<str>,
    answer: watch::Sender<Option<Looked>>,
}

impl Flight {
    pub(super) fn new(
        membership: Arc<Membership>,
        id: &str,
    ) -> (Self, watch::Receiver<Option<Looked>>) {
        let (answer, answered) = watch::channel(None);
        let flight = Self {
            membership,
            id: id.into(),
            answer,
        };
        (flight, answered)
    }

    pub(super) fn id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    pub(super) fn look_up(self) -> LookUp {
        Box::pin(async move {
            // What is read now counts from now, however long the answer takes.
            let begun = self.membership.clock.instant();
            let looked = self.read().await;
            if let Ok(row) = &looked {
                let until = begun + self.membership.settings.lifetime;
                let row = row.clone();
                self.land(Some(Kept { row, until }));
            }
            self.answer.send_replace(Some(looked));
        })
    }

    async fn read(&self) -> Looked {
        let Membership {
            settings,
            store,
            places,
            ..
        } = &*self.membership;
        let work = async {
            let place = places.acquire().await;
            let _place = place.map_err(|_| RowError::Abandoned)?;
            let row = match settings.key {
                Key::Id => store.row_by_id(&self.id).await?,
                Key::Login => store.row_by_login(&self.id).await?,
            };
            Ok(row.map(Arc::new))
        };
        let limit = settings.deadline;
        let late = |_| Err(store::Error::Deadline { limit }.into());
        timeout(limit, work).await.unwrap_or_else(late)
    }

    /// Nobody can join any more. What was found is kept, unless the row was forgotten meanwhile: then another look-up
    /// may have taken this one's place.
    fn land(&self, kept: Option<Kept>) {
        let mut flights = self.membership.flights();
        let mine = flights
            .get(&self.id)
            .is_some_and(|answer| self.answer.subscribe().same_channel(answer));
        if !mine {
            return;
        }
        if let Some(kept) = kept {
            self.membership.kept.insert(self.id(), kept);
        }
        flights.remove(&self.id);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.land(None);
    }
}
