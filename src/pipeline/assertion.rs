//! Assertions to upstreams: minted once for each proof and upstream, kept until half of their lifetime has gone.
//!
//! A request without a proof gets none. A signature that takes long is made on the control runtime, few at a time, so
//! that no core stands still for it and what else they do goes on; the request waits for it.

use std::{fmt, sync::Arc, thread::available_parallelism};

use ::http::HeaderName;
use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;

use super::{
    Pipeline, identify::Proof, live::Live, rejection::Rejection, snapshot::View, stage::Prepared,
};
use crate::{
    clock::{Clock, UnixSeconds},
    entropy::DecisionId,
    policy::{
        assertion::{AssertionSettings, Occasion},
        route::UpstreamId,
    },
    token::{
        mint::{MintError, Signer},
        verify::InvalidToken,
    },
};

/// What assertions call themselves, so that nothing else that the gateway signs can pass for one (RFC 8725 section
/// 3.11).
const TYPE: &str = "assertion+jwt";

/// How many are kept with one proof: few users go to more upstreams at once.
const MOST_KEPT: usize = 4;

/// About how many bytes one takes without what it copies, by its signature.
const QUICK: usize = 512;
const SLOW: usize = 1024;

/// Mints assertions.
pub struct Assertions {
    settings: AssertionSettings,
    signer: Signer,
    /// Tells what this one has minted from what others have, and is no address that comes again.
    origin: Arc<()>,
    /// How many slow signatures are made at once.
    turns: Arc<Semaphore>,
}

/// One assertion, ready to be sent.
pub(super) struct Minted {
    header: HeaderName,
    token: Box<str>,
    upstream: UpstreamId,
    origin: Arc<()>,
    from: UnixSeconds,
    /// The first moment in which another takes its place.
    until: UnixSeconds,
}

/// The assertions that were minted for one proof. Readers never wait.
#[derive(Default)]
pub(super) struct KeptAssertions(ArcSwapOption<Vec<Arc<Minted>>>);

/// An assertion that has to be minted.
pub(super) struct Job {
    live: Arc<Live>,
    proof: Arc<Proof>,
    upstream: UpstreamId,
    decision: DecisionId,
}

/// There is no assertion, and so no request to the upstream, which would take it for a forged one.
#[derive(Debug, thiserror::Error)]
pub enum Unasserted {
    /// Nothing signs it.
    #[error("there is no assertion for the upstream")]
    Mint(#[from] MintError),
    /// The gateway is stopping.
    #[error("the assertion for the upstream was not made in time")]
    Abandoned,
}

impl Assertions {
    /// Nothing is minted yet.
    pub fn new(settings: AssertionSettings) -> Self {
        // As many cores go on with what does not wait.
        let turns = available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self {
            signer: Signer::new(settings.keys.clone(), TYPE),
            settings,
            origin: Arc::default(),
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// What it is made of.
    pub fn settings(&self) -> &AssertionSettings {
        &self.settings
    }

    /// The name of the header that a request gets now.
    pub(super) fn announce(&self, now: UnixSeconds) -> Result<&HeaderName, Unasserted> {
        self.signer.signing(now)?;
        Ok(&self.settings.header)
    }

    /// About how many bytes its assertions take for a token of this length, at most.
    pub fn weight(&self, token: usize) -> usize {
        let signed = if self.signer.is_slow() { SLOW } else { QUICK };
        let copied = if self.settings.claims.copy() {
            token
        } else {
            0
        };
        self.settings.audiences.len().min(MOST_KEPT) * (signed + copied)
    }

    fn find(&self, proof: &Proof, upstream: UpstreamId, now: UnixSeconds) -> Option<Arc<Minted>> {
        let kept = proof.assertions.0.load();
        let mut kept = kept.iter().flat_map(|kept| kept.iter());
        let is_it = |minted: &&Arc<Minted>| minted.upstream == upstream && self.stands(minted, now);
        kept.find(is_it).cloned()
    }

    /// Whether this one has minted it, and it is still sent.
    fn stands(&self, minted: &Minted, now: UnixSeconds) -> bool {
        // A clock that was set back would keep an assertion from the future.
        Arc::ptr_eq(&minted.origin, &self.origin) && minted.from <= now && now < minted.until
    }

    /// Keeps it with its proof, unless another core was faster: then that one's is sent everywhere.
    fn keep(&self, proof: &Proof, minted: Arc<Minted>, now: UnixSeconds) -> Arc<Minted> {
        let upstream = minted.upstream;
        proof.assertions.0.rcu(|kept| {
            let others = || kept.iter().flat_map(|kept| kept.iter());
            let good = |other: &&Arc<Minted>| self.stands(other, now);
            if others()
                .filter(good)
                .any(|other| other.upstream == upstream)
            {
                return kept.clone();
            }
            let others = others().filter(good).take(MOST_KEPT - 1).cloned();
            let all = std::iter::once(Arc::clone(&minted)).chain(others);
            Some(Arc::new(all.collect::<Vec<_>>()))
        });
        self.find(proof, upstream, now).unwrap_or(minted)
    }
}

impl Minted {
    /// Sends the header.
    pub(super) fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        send(&self.header, self.token.as_bytes());
    }
}

impl Job {
    /// Signs, and keeps what comes of it. One that has been kept meanwhile is as good.
    fn mint(&self, now: UnixSeconds) -> Result<Option<Arc<Minted>>, Rejection> {
        let Some(assertions) = &self.live.assertions else {
            return Ok(None);
        };
        if let Some(minted) = assertions.find(&self.proof, self.upstream, now) {
            return Ok(Some(minted));
        }
        let AssertionSettings {
            header,
            audiences,
            claims,
            ..
        } = assertions.settings();
        let audience = audiences.get(self.upstream.0).ok_or(Rejection::Misrouted)?;
        let occasion = Occasion {
            audience,
            decision: self.decision.as_str(),
            now,
        };
        let about = claims.about(&self.proof.verified, occasion);
        let token = assertions.signer.sign(&about, now);
        let token = token.map_err(Unasserted::from)?;
        if token.len() > self.live.identity.limits().one {
            return Err(InvalidToken::LargeHeader.into());
        }
        self.live.counters.assertion_minted();
        let minted = Minted {
            header: header.clone(),
            token: token.into(),
            upstream: self.upstream,
            origin: Arc::clone(&assertions.origin),
            from: now,
            until: now.plus(claims.lifetime / 2),
        };
        Ok(Some(assertions.keep(&self.proof, Arc::new(minted), now)))
    }
}

impl Pipeline {
    /// Adds the assertion to a request whose caller is known. A slow one that is not kept is left to be signed
    /// elsewhere.
    pub(super) fn assert<B>(
        &self,
        prepared: &mut Prepared<'_, B>,
        upstream: UpstreamId,
        view: &View,
        decision: DecisionId,
    ) -> Result<Option<Box<Job>>, Rejection> {
        let added = &mut prepared.added;
        let (Some(assertions), Some(proof)) = (&view.live.assertions, added.proof()) else {
            return Ok(None);
        };
        let now = self.clock.unix_seconds();
        if let Some(minted) = assertions.find(proof, upstream, now) {
            added.assert(minted);
            return Ok(None);
        }
        let job = Job {
            live: Arc::clone(&view.live),
            proof: Arc::clone(proof),
            upstream,
            decision,
        };
        if assertions.signer.is_slow() {
            return Ok(Some(Box::new(job)));
        }
        if let Some(minted) = job.mint(now)? {
            added.assert(minted);
        }
        Ok(None)
    }

    /// Adds the assertion once it is signed. A client that goes away leaves it to those that come after.
    pub(super) async fn assert_later<B>(
        &self,
        prepared: &mut Prepared<'_, B>,
        job: Box<Job>,
    ) -> Result<(), Rejection> {
        let Some(assertions) = &job.live.assertions else {
            return Ok(());
        };
        let turns = Arc::clone(&assertions.turns);
        let turn = turns.acquire_owned().await;
        let turn = turn.map_err(|_| Unasserted::Abandoned)?;
        let sign = move || {
            let minted = job.mint(Clock.unix_seconds());
            drop(turn);
            minted
        };
        let runtime = &self.control.runtime;
        let signed = self.control.tasks.spawn_blocking_on(sign, runtime).await;
        if let Some(minted) = signed.map_err(|_| Unasserted::Abandoned)?? {
            prepared.added.assert(minted);
        }
        Ok(())
    }
}

impl fmt::Debug for Assertions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut assertions = formatter.debug_struct("Assertions");
        assertions
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Minted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut minted = formatter.debug_struct("Minted");
        minted
            .field("header", &self.header)
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeptAssertions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeptAssertions")
    }
}
