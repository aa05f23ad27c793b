//! What a snapshot takes over from the one before it: whatever is made of the same settings.

use std::sync::Arc;

use aws_lc_rs::hmac;

use super::{assemble::Assembled, proving::Proving, ready};
use crate::{
    accounts::{
        Accounts, hashing,
        social::{Social, SocialSettings},
    },
    clock::Clock,
    config::{compiled::Tokens, fingerprint::Fingerprint},
    entropy::Entropy,
    fetch::{self, KeyFeed},
    http::stripped::Stripped,
    mailer::{self, Outbox},
    membership::{self, Membership},
    pipeline::{Assertions, Live, Revocation},
    policy::assertion::AssertionSettings,
    revocation::{Denylist, Subjects},
    store::{self, Store},
    telemetry::counters::Counters,
    upstream,
};

/// How long a token usually is, in bytes.
const USUAL: usize = 256;

/// What there was before, to be taken over where it is made of the same.
#[derive(Clone, Copy)]
pub(super) struct Follows<'a>(pub(super) Option<&'a Assembled>);

impl<'a> Follows<'a> {
    pub(super) fn live(self) -> Option<&'a Live> {
        self.0.map(|before| &*before.live)
    }

    pub(super) fn accounts(self) -> Option<(&'a Assembled, &'a Accounts)> {
        let before = self.0?;
        Some((before, before.live.accounts.as_deref()?))
    }

    /// Whatever is known of the providers stays known.
    pub(super) fn social(self, settings: SocialSettings) -> Social {
        let before = self
            .accounts()
            .and_then(|(_, accounts)| accounts.social.as_ref());
        Social::after(before, settings, Clock)
    }

    /// The queue that there is, so that nothing that is in it is sent in two ways.
    pub(super) fn outbox(self, settings: &mailer::Settings) -> Arc<Outbox> {
        let before = self.accounts();
        let before = before.and_then(|(_, accounts)| accounts.codes.as_ref());
        let same = before
            .map(|codes| codes.outbox())
            .filter(|it| it.settings() == settings);
        let new = || Arc::new(Outbox::open(settings.clone(), Clock, Entropy::from_os()));
        same.map_or_else(new, Arc::clone)
    }

    pub(super) fn store(self, settings: &store::Settings) -> Result<Arc<Store>, store::Error> {
        let same = |before: &&Assembled| before.users.as_ref() == Some(settings);
        let known = self.0.filter(same);
        match known.and_then(|before| ready::store(&before.live)) {
            Some(store) => Ok(Arc::clone(store)),
            None => Store::open(settings).map(Arc::new),
        }
    }

    /// The rows that are known, where they are still those that rules ask for.
    pub(super) fn membership(
        self,
        settings: membership::Settings,
        store: Arc<Store>,
    ) -> Arc<Membership> {
        let before = self.live().and_then(|live| live.membership.as_ref());
        membership_after(before, settings, store)
    }

    /// The one that there is.
    pub(super) fn denylist(self) -> Arc<Denylist> {
        let new = || Arc::new(Denylist::new(Clock));
        self.0
            .map_or_else(new, |before| Arc::clone(&before.denylist))
    }

    /// What is under way is waited for, and what was counted is kept.
    pub(super) fn ask(self, settings: membership::Settings, store: Arc<Store>) -> Arc<Membership> {
        let before = self
            .live()
            .and_then(|live| live.revocation.as_ref()?.ask.as_ref());
        membership_after(before, settings, store)
    }

    pub(super) fn hashing(
        self,
        settings: hashing::Settings,
    ) -> std::io::Result<Arc<hashing::HashingPool>> {
        match self.accounts() {
            Some((before, accounts)) if before.hashing == settings => {
                Ok(Arc::clone(&accounts.hashing))
            }
            Some(_) | None => hashing::HashingPool::start(settings).map(Arc::new),
        }
    }

    pub(super) fn subject_key(self) -> hmac::Key {
        let new = || {
            let secret: [u8; 32] = Entropy::from_os().bytes();
            hmac::Key::new(hmac::HMAC_SHA256, &secret)
        };
        self.0.map_or_else(new, |before| before.subject_key.clone())
    }

    pub(super) fn counters(self) -> Arc<Counters> {
        self.live()
            .map_or_else(Arc::default, |before| Arc::clone(&before.counters))
    }

    /// What has proven the same of every token, or something new with the keys that were already fetched.
    pub(super) fn proving(
        self,
        fingerprint: &Fingerprint,
        tokens: &Tokens,
        (assertions, subjects): (Option<&Assertions>, Option<Subjects>),
    ) -> Proving {
        // A proof is weighed with what is asserted about it when it comes, and knows then what revokes it.
        let weight = |assertions: Option<&Assertions>| assertions.map(|it| it.weight(USUAL));
        let same = |before: &&Assembled| {
            let same_weight = weight(before.live.assertions.as_deref()) == weight(assertions);
            let known = self::subjects(before.live.revocation.as_ref());
            let same_weight = same_weight && known == subjects;
            same_weight && before.fingerprint.same_tokens(fingerprint)
        };
        self.0.filter(same).map_or_else(
            || Proving::new(tokens, |settings| self.key_feed(settings)),
            |before| Proving::of(&before.live),
        )
    }

    /// The same ones know what they have minted; others sign anew.
    pub(super) fn assertions(self, settings: AssertionSettings) -> Arc<Assertions> {
        let same = self.live().and_then(|live| live.assertions.as_ref());
        let same = same.filter(|before| *before.settings() == settings);
        same.map_or_else(|| Arc::new(Assertions::new(settings)), Arc::clone)
    }

    /// The keys that an issuer publishes, as they are known: no token has to wait for them again.
    pub(super) fn key_feed(self, settings: fetch::Settings) -> Arc<KeyFeed> {
        let mut feeds = self.live().into_iter().flat_map(|live| &live.key_feeds);
        match feeds.find(|(_, feed)| feed.settings().is_same_set(&settings)) {
            Some((_, feed)) if *feed.settings() == settings => Arc::clone(feed),
            Some((_, feed)) => Arc::new(KeyFeed::in_place_of(settings, feed)),
            None => Arc::new(KeyFeed::new(settings)),
        }
    }

    pub(super) fn stripped(self, stripped: Stripped) -> Arc<Stripped> {
        let same = self.live().filter(|before| *before.stripped == stripped);
        same.map_or_else(|| Arc::new(stripped), |before| Arc::clone(&before.stripped))
    }

    pub(super) fn all<S, T>(self, settings: Vec<S>, one: impl Fn(Self, S) -> T) -> Vec<T> {
        settings.into_iter().map(|it| one(self, it)).collect()
    }

    pub(super) fn group(self, settings: upstream::Settings) -> Arc<upstream::Group> {
        let mut groups = self.live().into_iter().flat_map(|live| &live.upstreams);
        let same = groups.find(|group| *group.settings() == settings);
        same.map_or_else(
            || Arc::new(upstream::Group::new(settings, Clock.instant())),
            Arc::clone,
        )
    }
}

fn membership_after(
    before: Option<&Arc<Membership>>,
    settings: membership::Settings,
    store: Arc<Store>,
) -> Arc<Membership> {
    let same =
        |it: &&Arc<Membership>| *it.settings() == settings && Arc::ptr_eq(it.store(), &store);
    if let Some(same) = before.filter(same) {
        return Arc::clone(same);
    }
    let tally = before.map_or_else(Arc::default, |before| Arc::clone(before.tally()));
    Arc::new(Membership::new(settings, store, Clock, tally))
}

pub(super) fn subjects(revocation: Option<&Revocation>) -> Option<Subjects> {
    revocation.map(|revocation| revocation.subjects)
}
