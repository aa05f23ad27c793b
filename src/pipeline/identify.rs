//! Stage 4: whether the token holds, and what it says about its subject.
//!
//! A proof comes from the cache or from a verification; either way the times are compared here, on every request.

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue};
use bytes::Bytes;

use super::{
    live::Live,
    rejection::Rejection,
    stage::{Identified, Presented},
};
use crate::{
    clock::UnixSeconds,
    policy::headers::{Facts, HeaderLimits, HeaderTemplate, Written},
    token::verify::{InvalidToken, Verified},
};

/// What a verified token is worth to the gateway, rendered once.
#[derive(Debug)]
pub struct Proof {
    /// The claims and times.
    pub verified: Verified,
    /// The identity headers, ready to be added.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The subject as the log may show it.
    pub log_subject: Box<str>,
}

/// The headers that tell the upstream who the user is, made of what the token says.
#[derive(Debug)]
pub struct IdentityHeaders {
    headers: Vec<(HeaderName, HeaderTemplate)>,
    limits: HeaderLimits,
}

/// What the log shows of a subject.
#[derive(Clone)]
pub enum SubjectLog {
    /// It is the id of a row: shown as it is.
    RowId,
    /// It may be an e-mail or a login name: a keyed hash, stable while the process runs.
    Hashed(Box<aws_lc_rs::hmac::Key>),
}

impl std::fmt::Debug for SubjectLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::RowId => "RowId",
            Self::Hashed(_) => "Hashed",
        })
    }
}

/// Proves the token, or takes its proof from the cache.
pub(super) fn identify<'a, B>(
    presented: Presented<'a, B>,
    live: &Live,
    now: UnixSeconds,
) -> Result<Identified<'a, B>, Rejection> {
    let proof = match presented.credential.token() {
        Some(token) => Some(prove(token, live, now)?),
        None => None,
    };
    Ok(Identified {
        sent_by: presented.credential.sent_by(),
        routed: presented.routed,
        proof,
    })
}

fn prove(token: &[u8], live: &Live, now: UnixSeconds) -> Result<Arc<Proof>, Rejection> {
    if let Some(proof) = live.proofs.find(token) {
        if let Err(reason) = proof.verified.check_times(now) {
            live.proofs.forget(token);
            return Err(Rejection::InvalidToken(reason));
        }
        return Ok(proof);
    }
    live.counters.token_verified();
    let proof = Arc::new(verify(token, live, now)?);
    let key = Bytes::copy_from_slice(token);
    live.proofs.keep(key, Arc::clone(&proof));
    Ok(proof)
}

fn verify(token: &[u8], live: &Live, now: UnixSeconds) -> Result<Proof, InvalidToken> {
    let verified = live.verifier.verify_at(token, now)?;
    Ok(Proof {
        headers: live.identity.render(&verified)?,
        log_subject: live.subject_log.show(&verified.subject.to_string()),
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
    fn show(&self, subject: &str) -> Box<str> {
        match self {
            Self::RowId => subject.into(),
            Self::Hashed(key) => {
                let tag = aws_lc_rs::hmac::sign(key, subject.as_bytes());
                let digits = tag.as_ref().iter().take(8);
                let digits = digits.flat_map(|&byte| crate::entropy::hex_pair(byte));
                std::iter::once('#').chain(digits.map(char::from)).collect()
            }
        }
    }
}
