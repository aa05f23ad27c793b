//! The keys that issuers publish: followed while the gateway serves, and told to operators.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    fetch::KeyFeed,
    pipeline::{Live, Snapshots},
    telemetry::counters::{Kind, Sample},
};

/// How long keys are still fetched that only requests of the snapshot before may wait for. They wait less.
const GRACE: Duration = Duration::from_secs(5);

/// Which issuers' keys are fetched: those of the snapshot that is in effect.
#[derive(Debug)]
pub(super) struct Feeding {
    tasks: TaskTracker,
    stop: CancellationToken,
    fed: Mutex<Vec<(Arc<KeyFeed>, CancellationToken)>>,
}

impl Feeding {
    /// Nothing is fetched yet; everything ends at `stop`.
    pub(super) fn new(tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            tasks,
            stop,
            fed: Mutex::default(),
        }
    }

    /// Fetches the keys of this snapshot and no others. Those that were fetched before go on undisturbed. Has to be
    /// called inside the control runtime.
    pub(super) fn follow(&self, live: &Live) {
        let feeds = || live.key_feeds.iter().map(|(_, feed)| feed);
        let mut fed = self.fed.lock().unwrap_or_else(PoisonError::into_inner);
        fed.retain(|(feed, left)| {
            let stays = feeds().any(|it| Arc::ptr_eq(it, feed));
            if !stays {
                left.cancel();
            }
            stays
        });
        for feed in feeds() {
            if !fed.iter().any(|(it, _)| Arc::ptr_eq(it, feed)) {
                fed.push((Arc::clone(feed), self.start(feed)));
            }
        }
    }

    /// What is returned ends it a little later.
    fn start(&self, feed: &Arc<KeyFeed>) -> CancellationToken {
        let left = CancellationToken::new();
        let ending = left.clone();
        let fetching = Arc::clone(feed).run(Clock);
        let until_left = async move {
            tokio::select! {
                () = fetching => {}
                () = async {
                    ending.cancelled().await;
                    tokio::time::sleep(GRACE).await;
                } => {}
            }
        };
        let stop = self.stop.clone();
        self.tasks.spawn(stop.run_until_cancelled_owned(until_left));
        left
    }
}

/// Why tokens of some issuer cannot be judged.
pub(super) fn reasons(live: &Live) -> impl Iterator<Item = String> {
    let feeds = live.key_feeds.iter();
    feeds
        .filter(|(_, feed)| feed.keys().is_empty())
        .map(|(_, feed)| {
            let error = feed.error();
            let why = error.as_deref().unwrap_or("they have not come yet");
            format!(
                "the keys of the issuer {} are not known: {why}",
                feed.issuer()
            )
        })
}

/// Adds what is counted to the counters of the snapshot, which all that follow share.
pub(super) fn count(live: &Live, snapshots: &Arc<Snapshots>) {
    let add = |name, help, kind, read: fn(&KeyFeed) -> Vec<Sample>| {
        // Weakly: the counters are a part of each snapshot.
        let snapshots = Arc::downgrade(snapshots);
        live.counters.read(name, help, kind, move || {
            let current = snapshots.upgrade().map(|snapshots| snapshots.current());
            let feeds = current.iter().flat_map(|live| &live.key_feeds);
            feeds.flat_map(|(_, feed)| read(feed)).collect()
        });
    };
    let help = "Looks at the keys that an issuer publishes, by issuer and outcome";
    add("key_set_fetches", help, Kind::Counter, attempts);
    let help = "Keys of an issuer that are known now";
    add("key_set_keys", help, Kind::Gauge, known);
    let help = "How long ago the keys of an issuer were last seen";
    add("key_set_age_seconds", help, Kind::Gauge, age);
}

fn known(feed: &KeyFeed) -> Vec<Sample> {
    vec![sample(feed, feed.keys().len() as u64)]
}

fn age(feed: &KeyFeed) -> Vec<Sample> {
    let age = feed.age(Clock.instant());
    let age = age.map(|age| sample(feed, age.as_secs()));
    age.into_iter().collect()
}

fn sample(feed: &KeyFeed, value: u64) -> Sample {
    Sample {
        labels: vec![("issuer", feed.issuer().to_string())],
        value,
    }
}

fn attempts(feed: &KeyFeed) -> Vec<Sample> {
    let (succeeded, failed) = feed.attempts();
    let outcomes = [("good", succeeded), ("failed", failed)];
    let counted = outcomes.map(|(outcome, value)| {
        let mut sample = sample(feed, value);
        sample.labels.push(("outcome", outcome.to_owned()));
        sample
    });
    counted.into()
}
