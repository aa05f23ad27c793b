//! Stage 4: whether the token holds, and what it says about its subject.
//!
//! A proof comes from the cache or from a verification; either way the times are compared here, on every request.
//!
//! One thing may have to be waited for: a key that the token names and that its issuer may have published since its
//! keys were last fetched. That has a branch and a name of its own, [`KeysNeeded`], and an end.

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue};
use bytes::Bytes;

use super::{
    assertion::KeptAssertions,
    live::Live,
    noted::{Known, Noted},
    observe::observe,
    rejection::Rejection,
    renewal::{self, RenewalNeeded},
    stage::{Identified, Presented, SentBy},
};
use crate::{
    clock::{Clock, UnixSeconds},
    fetch::Asked,
    policy::headers::{Facts, HeaderLimits, HeaderTemplate, Written},
    revocation::Grant,
    token::{
        cache::Kept,
        issuer::IssuerId,
        recent::RecentProofs,
        verify::{InvalidToken, Unproven, Verified},
    },
};

/// What a verified token is worth to the gateway, rendered once.
pub struct Proof {
    token: Bytes,
    /// The claims and times.
    pub verified: Verified,
    /// The identity headers, ready to be added.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The subject as the log may show it.
    pub log_subject: Box<str>,
    /// What it is to whatever can revoke it, if anything can.
    pub(super) grant: Option<Arc<Grant>>,
    /// What was asserted about it.
    pub(super) assertions: KeptAssertions,
    /// How many bytes that may take.
    reserved: usize,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut proof = formatter.debug_struct("Proof");
        proof
            .field("log_subject", &self.log_subject)
            .finish_non_exhaustive()
    }
}

/// Where a token is looked up and judged, and when.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) live: &'a Live,
    /// What this core has seen last, where it is a core that asks.
    pub(super) recent: Option<&'a RecentProofs<Proof>>,
    pub(super) now: UnixSeconds,
}

impl Kept for Proof {
    fn token(&self) -> &Bytes {
        &self.token
    }

    fn weight(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| 32 + name.as_str().len() + value.len());
        let claims = self.verified.claims.weight();
        let grant = self.grant.as_deref();
        let grant = grant.map_or(0, |grant| size_of::<Grant>() + grant.weight());
        let reserved = self.reserved + grant;
        size_of::<Self>() + headers.sum::<usize>() + self.log_subject.len() + claims + reserved
    }
}

/// The headers that tell the upstream who the user is, made of what the token says.
#[derive(Debug)]
pub struct IdentityHeaders {
    headers: Vec<(HeaderName, HeaderTemplate)>,
    limits: HeaderLimits,
}

/// What the log shows of a subject. It may be an e-mail or a login name: then it is a keyed hash, stable while the
/// process runs.
pub struct SubjectLog {
    /// The key of the hash.
    pub key: Box<aws_lc_rs::hmac::Key>,
    /// Whether the default issuer's subjects are ids of rows, which are shown as they are.
    pub row_ids: bool,
}

impl std::fmt::Debug for SubjectLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut log = formatter.debug_struct("SubjectLog");
        log.field("row_ids", &self.row_ids).finish_non_exhaustive()
    }
}

/// What looking at a token led to.
pub(super) enum Looked<'a, B> {
    Identified(Identified<'a, B>),
    Waits(Box<KeysNeeded<'a, B>>),
    Renews(Box<RenewalNeeded<'a, B>>),
}

/// A request whose token can be judged when the keys of its issuer have been looked at again.
pub(super) struct KeysNeeded<'a, B> {
    presented: Presented<'a, B>,
    issuer: IssuerId,
}

/// Proves the token, or takes its proof from the cache, without waiting for anything.
pub(super) fn look<'a, B>(
    presented: Presented<'a, B>,
    judging: Judging<'_>,
    noted: &mut Noted,
) -> Result<Looked<'a, B>, Rejection> {
    let Some(token) = presented.credential.token() else {
        return Ok(match renewal::refresh_token(&presented)? {
            Some(token) => renewing(presented, token),
            None => Looked::Identified(anonymous(presented, judging.now)),
        });
    };
    match find_or_prove(token, judging, &mut noted.known) {
        Ok(proof) => {
            let mut identified = anonymous(presented, judging.now);
            identified.proof = Some(proof);
            Ok(Looked::Identified(identified))
        }
        Err(Unproven::KeysNeeded(issuer)) => {
            let needed = KeysNeeded { presented, issuer };
            Ok(Looked::Waits(Box::new(needed)))
        }
        Err(Unproven::Invalid(reason)) => {
            let is_cookie = presented.credential.sent_by() == SentBy::Browser;
            if reason == InvalidToken::Expired
                && is_cookie
                && let Some(token) = renewal::refresh_token(&presented)?
            {
                return Ok(renewing(presented, token));
            }
            noted.refused(&presented.routed, judging.live);
            let nobody = unproven(presented, judging.now, reason.into())?;
            Ok(Looked::Identified(nobody))
        }
    }
}

fn renewing<B>(presented: Presented<'_, B>, refresh_token: String) -> Looked<'_, B> {
    Looked::Renews(Box::new(RenewalNeeded {
        presented,
        refresh_token,
    }))
}

/// A request of which nothing is known but that it goes on.
pub(super) fn anonymous<B>(presented: Presented<'_, B>, at: UnixSeconds) -> Identified<'_, B> {
    Identified {
        sent_by: presented.credential.sent_by(),
        at,
        routed: presented.routed,
        proof: None,
        observed: None,
    }
}

/// A token that proves nothing: a refusal, unless its route only observes it.
pub(super) fn unproven<B>(
    presented: Presented<'_, B>,
    at: UnixSeconds,
    rejection: Rejection,
) -> Result<Identified<'_, B>, Rejection> {
    let observed = observe(rejection, presented.routed.route.mode)?;
    Ok(Identified {
        sent_by: presented.credential.sent_by(),
        at,
        routed: presented.routed,
        proof: None,
        observed: Some(observed),
    })
}

/// The same where nobody waits: a key that is not there exists only if its issuer has not been looked at lately.
pub(super) fn identify<'a, B>(
    presented: Presented<'a, B>,
    live: &Live,
    now: UnixSeconds,
    noted: &mut Noted,
) -> Result<Identified<'a, B>, Rejection> {
    let judging = Judging {
        live,
        recent: None,
        now,
    };
    match look(presented, judging, noted)? {
        Looked::Identified(identified) => Ok(identified),
        Looked::Renews(needed) => needed.without(judging),
        Looked::Waits(needed) => {
            let issuer = needed.issuer;
            let feed = live.key_feed(issuer);
            let is_fresh = feed.is_none_or(|feed| feed.is_fresh(Clock.instant()));
            let rejection = if is_fresh {
                InvalidToken::UnknownKey.into()
            } else {
                Rejection::KeysUnavailable(issuer)
            };
            unproven(needed.presented, now, rejection)
        }
    }
}

impl<'a, B> KeysNeeded<'a, B> {
    /// Waits until the issuer's keys have been looked at again, for a short time at most, and decides. A key that is not
    /// there although they could be read does not exist; while they cannot be read nobody knows.
    pub(super) async fn wait(
        self,
        live: &Live,
        clock: Clock,
        noted: &mut Noted,
    ) -> Result<Identified<'a, B>, Rejection> {
        let asked = match live.key_feed(self.issuer) {
            Some(feed) => feed.ask(clock).await,
            None => Asked::Fresh,
        };
        let now = clock.unix_seconds();
        let judging = Judging {
            live,
            recent: None,
            now,
        };
        let needed = match look(self.presented, judging, noted)? {
            Looked::Identified(identified) => return Ok(identified),
            Looked::Renews(needed) => return needed.without(judging),
            Looked::Waits(needed) => needed,
        };
        noted.refused(&needed.presented.routed, live);
        let rejection = match asked {
            Asked::Fresh => InvalidToken::UnknownKey.into(),
            Asked::Unavailable => Rejection::KeysUnavailable(needed.issuer),
        };
        unproven(needed.presented, now, rejection)
    }
}

fn find_or_prove(
    token: &[u8],
    judging: Judging<'_>,
    known: &mut Known,
) -> Result<Arc<Proof>, Unproven> {
    let Judging { live, recent, now } = judging;
    let Some(recent) = recent else {
        return prove(token, live, now, known);
    };
    if let Some(proof) = recent.find(token) {
        if proof.verified.holds_at(now) {
            *known = Known::Proof;
            return Ok(proof);
        }
        recent.forget(token);
    }
    let proof = prove(token, live, now, known)?;
    recent.keep(&proof);
    Ok(proof)
}

fn prove(
    token: &[u8],
    live: &Live,
    now: UnixSeconds,
    known: &mut Known,
) -> Result<Arc<Proof>, Unproven> {
    if let Some(proof) = live.proofs.find(token) {
        *known = Known::Proof;
        if proof.verified.holds_at(now) {
            return Ok(proof);
        }
        live.proofs.forget(token);
        proof.verified.check_times(now)?;
        // Its key has been withdrawn: it is judged as if it had just come.
    }
    let generation = live.verifier.generation();
    if live.forgeries.holds(token, generation, now) {
        *known = Known::Forgery;
        return Err(InvalidToken::Signature.into());
    }
    *known = Known::Nothing;
    live.counters.token_verified();
    match verify(token, live, now) {
        Ok(proof) => Ok(live.proofs.keep(Arc::new(proof))),
        Err(error) => {
            if error == Unproven::Invalid(InvalidToken::Signature) {
                let token = Bytes::copy_from_slice(token);
                live.forgeries.keep(token, generation, now);
            }
            Err(error)
        }
    }
}

fn verify(token: &[u8], live: &Live, now: UnixSeconds) -> Result<Proof, Unproven> {
    let verified = live.verifier.verify_at(token, now)?;
    let assertions = live.assertions.as_ref();
    let revocation = live.revocation.as_ref();
    Ok(Proof {
        token: Bytes::copy_from_slice(token),
        headers: live.identity.render(&verified)?,
        log_subject: live.subject_log.show(&verified),
        grant: revocation.and_then(|revocation| revocation.grant(&verified)),
        assertions: KeptAssertions::default(),
        reserved: assertions.map_or(0, |assertions| assertions.weight(token.len())),
        verified,
    })
}

impl IdentityHeaders {
    /// The headers in the order in which they are added.
    pub fn new(headers: Vec<(HeaderName, HeaderTemplate)>, limits: HeaderLimits) -> Self {
        Self { headers, limits }
    }

    /// How large headers of the gateway may become.
    pub(super) fn limits(&self) -> HeaderLimits {
        self.limits
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    /// A header whose claim is missing is left out; one that a header cannot carry makes the token unusable.
    fn render(&self, verified: &Verified) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidToken> {
        let facts = Facts::of_token(verified);
        let mut rendered = Vec::with_capacity(self.headers.len());
        let mut size = 0;
        for (name, template) in &self.headers {
            let mut text = String::new();
            match template.render(&facts, self.limits.one, &mut text)? {
                Written::Absent => continue,
                Written::Present => size += text.len(),
            }
            let value = HeaderValue::try_from(text).map_err(|_| InvalidToken::NotAHeader)?;
            rendered.push((name.clone(), value));
        }
        if size > self.limits.all {
            return Err(InvalidToken::LargeHeader);
        }
        Ok(rendered)
    }
}

impl SubjectLog {
    /// `row_ids` says whether the default issuer's subjects are ids of rows.
    pub fn new(key: &aws_lc_rs::hmac::Key, row_ids: bool) -> Self {
        Self {
            key: Box::new(key.clone()),
            row_ids,
        }
    }

    fn show(&self, verified: &Verified) -> Box<str> {
        let subject = verified.subject.to_string();
        if self.row_ids && verified.issuer == IssuerId::DEFAULT {
            return subject.into();
        }
        let tag = aws_lc_rs::hmac::sign(&self.key, subject.as_bytes());
        let digits = tag.as_ref().iter().take(8);
        let digits = digits.flat_map(|&byte| crate::entropy::hex_pair(byte));
        std::iter::once('#').chain(digits.map(char::from)).collect()
    }
}
