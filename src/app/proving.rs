//! What proves tokens, for one snapshot.

use std::sync::Arc;

use crate::{
    config::compiled::{TokenSettings, Tokens},
    fetch::{self, KeyFeed},
    pipeline::{Live, Proof},
    token::{
        cache::{ForgeryCache, ProofCache},
        issuer::{Issuer, IssuerId},
        keyring::PublishedKeys,
        verify::Verifier,
    },
};

/// What proves tokens, and what it has found out.
pub(super) struct Proving {
    pub(super) verifier: Arc<Verifier>,
    pub(super) proofs: Arc<ProofCache<Proof>>,
    pub(super) forgeries: Arc<ForgeryCache>,
    pub(super) key_feeds: Vec<(IssuerId, Arc<KeyFeed>)>,
}

impl Proving {
    /// The same as before.
    pub(super) fn of(live: &Live) -> Self {
        Self {
            verifier: Arc::clone(&live.verifier),
            proofs: Arc::clone(&live.proofs),
            forgeries: Arc::clone(&live.forgeries),
            key_feeds: live.key_feeds.clone(),
        }
    }

    /// `feed` is where the keys come from that an issuer publishes.
    pub(super) fn new(tokens: &Tokens, feed: impl Fn(fetch::Settings) -> Arc<KeyFeed>) -> Self {
        let (verifier, key_feeds) = verifier(tokens, feed);
        Self {
            verifier: Arc::new(verifier),
            proofs: Arc::new(ProofCache::new(tokens.cache_size)),
            forgeries: Arc::new(ForgeryCache::new(tokens.forged_size)),
            key_feeds,
        }
    }
}

/// What guarded routes accept, and where the keys come from that are published.
fn verifier(
    tokens: &Tokens,
    feed: impl Fn(fetch::Settings) -> Arc<KeyFeed>,
) -> (Verifier, Vec<(IssuerId, Arc<KeyFeed>)>) {
    let mut feeds = Vec::new();
    let mut issuers = vec![own(&tokens.access)];
    for settings in &tokens.issuers {
        let feed = settings.published.clone().map(&feed);
        let published = feed.as_ref().map(|feed| Arc::clone(feed.keys()));
        feeds.extend(feed.map(|feed| (IssuerId(issuers.len()), feed)));
        let (checks, keys) = (settings.checks.clone(), settings.keys.clone());
        issuers.push(Issuer::new(checks, keys, published));
    }
    (Verifier::with_issuers(issuers, tokens.max_size), feeds)
}

/// The tokens of one kind that the gateway mints itself.
pub(super) fn own(settings: &TokenSettings) -> Issuer {
    let published: Option<Arc<PublishedKeys>> = None;
    Issuer::new(settings.checks.clone(), settings.keys.clone(), published)
}
