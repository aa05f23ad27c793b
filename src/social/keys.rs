//! The keys that a provider publishes, looked at when a login needs them.
//!
//! Logins at providers are few, so that nobody asks in advance. A crowd waits for one look.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{Method, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::Mutex;

use super::error::{Fault, Outcome};
use crate::{
    clock::Clock,
    fetch::{FetchError, Site, Wanted, call},
    token::{
        key::Algorithm,
        key_set::{self, LARGEST},
        keyring::{ListedKey, PublishedKeys},
    },
};

/// How long keys count as what is published.
const FRESH: Duration = Duration::from_secs(600);

/// How long they are used while the provider cannot be asked.
const STALE: Duration = Duration::from_secs(86_400);

/// After how long a key that is not known is worth another look.
const PAUSE: Duration = Duration::from_secs(10);

const KEY_SET: Wanted = Wanted {
    accept: "application/jwk-set+json, application/json",
    largest: LARGEST,
    patience: Duration::from_secs(5),
};

/// The keys of one provider.
#[derive(Debug, Default)]
pub(super) struct Keys {
    published: Arc<PublishedKeys>,
    looks: Mutex<Looks>,
}

#[derive(Debug, Default)]
struct Looks {
    /// When anybody looked, whatever came of it.
    last: Option<Instant>,
    /// When the keys were seen.
    seen: Option<Instant>,
    /// When somebody looked in vain.
    failed: Option<Instant>,
}

/// How new keys have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// As usual.
    Usual,
    /// There is one that nobody knows.
    Unknown,
}

impl Keys {
    pub(super) fn published(&self) -> Arc<PublishedKeys> {
        Arc::clone(&self.published)
    }

    /// Sees to it that the keys are known, if they can be.
    pub(super) async fn freshen(
        &self,
        site: &Site,
        (algorithms, wish): (&[Algorithm], Wish),
        clock: Clock,
    ) -> Result<(), Outcome> {
        let came = clock.instant();
        let mut looks = self.looks.lock().await;
        let now = clock.instant();
        if looks.failed.is_some_and(|at| at >= came) {
            // Somebody has waited in vain meanwhile; a queue of those who do so one after another has no end.
            return Err(FetchError::Late(KEY_SET.patience).into());
        }
        let within = |at: Option<Instant>, time| {
            at.is_some_and(|at| now.saturating_duration_since(at) < time)
        };
        let good_for = match wish {
            Wish::Usual => FRESH,
            Wish::Unknown => PAUSE,
        };
        let tried = within(looks.last, PAUSE) && within(looks.seen, STALE);
        if within(looks.seen, good_for) || tried {
            return Ok(());
        }
        looks.last = Some(now);
        match look(site, algorithms, clock).await {
            Ok(keys) => {
                self.published.replace(keys);
                looks.seen = Some(clock.instant());
                Ok(())
            }
            Err(_) if wish == Wish::Usual && within(looks.seen, STALE) => Ok(()),
            Err(error) => {
                looks.failed = Some(clock.instant());
                Err(error)
            }
        }
    }
}

async fn look(
    site: &Site,
    algorithms: &[Algorithm],
    clock: Clock,
) -> Result<Vec<ListedKey>, Outcome> {
    let request = site.request(Method::GET);
    let request = request.header(header::ACCEPT, KEY_SET.accept);
    let request = request.body(Full::new(Bytes::new()));
    let request = request.map_err(FetchError::from)?;
    let reply = call(site, request, KEY_SET, clock).await?;
    if reply.status != StatusCode::OK {
        return Err(Fault::Status(reply.status).into());
    }
    let set = key_set::read(&reply.body, algorithms).map_err(FetchError::from)?;
    Ok(set.keys)
}
