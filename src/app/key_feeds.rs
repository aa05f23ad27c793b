//! The keys that issuers publish: followed while the gateway serves, and told to operators.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    fetch::KeyFeed,
    pipeline::Live,
    telemetry::counters::{Kind, Sample},
};

/// Follows the issuers of a snapshot until `stop`. Has to be called inside the control runtime.
pub(super) fn follow(live: &Live, tasks: &TaskTracker, stop: &CancellationToken) {
    let feeds: Vec<Arc<KeyFeed>> = live
        .key_feeds
        .iter()
        .map(|(_, feed)| Arc::clone(feed))
        .collect();
    for feed in &feeds {
        let following = Arc::clone(feed).run(Clock);
        tasks.spawn(stop.clone().run_until_cancelled_owned(following));
    }
    count(live, &feeds);
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

fn count(live: &Live, feeds: &[Arc<KeyFeed>]) {
    let read = feeds.to_vec();
    let help = "Looks at the keys that an issuer publishes, by issuer and outcome";
    live.counters
        .read("key_set_fetches", help, Kind::Counter, move || {
            read.iter().flat_map(|feed| attempts(feed)).collect()
        });
    let read = feeds.to_vec();
    let help = "Keys of an issuer that are known now";
    live.counters
        .read("key_set_keys", help, Kind::Gauge, move || {
            let keys = read.iter();
            keys.map(|feed| sample(feed, feed.keys().len() as u64))
                .collect()
        });
    let read = feeds.to_vec();
    let help = "How long ago the keys of an issuer were last seen";
    live.counters
        .read("key_set_age_seconds", help, Kind::Gauge, move || {
            let now = Clock.instant();
            let ages = read.iter().filter_map(|feed| Some((feed, feed.age(now)?)));
            ages.map(|(feed, age): (_, Duration)| sample(feed, age.as_secs()))
                .collect()
        });
}

fn sample(feed: &KeyFeed, value: u64) -> Sample {
    Sample {
        labels: vec![("issuer", feed.issuer().to_string())],
        value,
    }
}

fn attempts(feed: &KeyFeed) -> [Sample; 2] {
    let (succeeded, failed) = feed.attempts();
    [("good", succeeded), ("failed", failed)].map(|(outcome, value)| {
        let mut sample = sample(feed, value);
        sample.labels.push(("outcome", outcome.to_owned()));
        sample
    })
}
