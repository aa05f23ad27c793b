//! What a signature proved.

use std::sync::Arc;

use super::InvalidToken;
use crate::{
    clock::UnixSeconds,
    token::{
        claims::{Claims, Subject},
        issuer::{IssuerId, Leeway, Times},
        keyring::TrustedKey,
    },
};
#[cfg(test)]
use crate::{
    secret::Secret,
    token::{
        key::{Algorithm, Key},
        keyring::ListedKey,
    },
};

/// What a signature proved. Times still have to hold at the moment of use, and the key has to be in use.
///
/// A rule asks about one of these, and [`Verifier::verify`](super::Verifier::verify) alone makes one, so that no rule can
/// be asked about claims that nobody has verified:
///
/// ```
/// use sidegate::{policy::requirement::Facts, token::verify::Verified};
/// fn told<'a>(facts: &Facts<'a>) -> Option<&'a Verified> {
///     facts.token
/// }
/// ```
///
/// ```compile_fail,E0308
/// use sidegate::{policy::requirement::Facts, token::claims::Claims};
/// fn told<'a>(facts: &mut Facts<'a>, unverified: &'a Claims) {
///     facts.token = Some(unverified);
/// }
/// ```
///
/// ```compile_fail,E0624
/// use sidegate::token::{claims::{Claims, Subject}, verify::Verified};
/// fn forged(claims: Claims) -> Verified {
///     Verified::new(Subject::Integer(1), claims, todo!(), todo!())
/// }
/// ```
///
/// ```compile_fail,E0451
/// use sidegate::token::{claims::Claims, verify::Verified};
/// fn forged(proof: Verified, claims: Claims) -> Verified {
///     Verified { claims, ..proof }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who the token is about.
    pub subject: Subject,
    /// `exp`.
    pub expires: UnixSeconds,
    /// `nbf`, when there is one.
    pub not_before: Option<UnixSeconds>,
    /// `iat`, when there is one.
    pub issued_at: Option<UnixSeconds>,
    /// All claims.
    pub claims: Claims,
    /// Whose token it is.
    pub issuer: IssuerId,
    key: Arc<TrustedKey>,
    /// When it holds, by all of its times and its key's, leeway included.
    from: UnixSeconds,
    until: UnixSeconds,
    leeway: Leeway,
}

impl Verified {
    pub(super) fn new(
        subject: Subject,
        claims: Claims,
        (issuer, key): (IssuerId, Arc<TrustedKey>),
        (times, leeway): (Times, &Leeway),
    ) -> Self {
        let Times {
            expires,
            not_before,
            issued_at,
        } = times;
        let earlier = |time: Option<UnixSeconds>, leeway: std::time::Duration| {
            UnixSeconds(time.map_or(0, |time| time.0.saturating_sub(leeway.as_secs())))
        };
        let from = earlier(not_before, leeway.nbf)
            .max(earlier(issued_at, leeway.iat))
            .max(key.believed_from());
        let until = expires.plus(leeway.exp).min(key.believed_until());
        Self {
            subject,
            expires,
            not_before,
            issued_at,
            claims,
            issuer,
            key,
            from,
            until,
            leeway: *leeway,
        }
    }

    /// What no signature has proved, for tests of what follows from a proof.
    #[cfg(test)]
    pub(crate) fn unsigned(claims: Claims) -> Self {
        let key = Key::new(Secret::new(Vec::new()), Algorithm::Hs256);
        let key = Arc::new(TrustedKey::new(ListedKey::lasting(key, None)));
        let times = Times {
            expires: UnixSeconds(u64::MAX),
            not_before: None,
            issued_at: None,
        };
        let subject = claims.subject("sub").unwrap_or(Subject::Integer(0));
        let proved_by = (IssuerId::DEFAULT, key);
        Self::new(subject, claims, proved_by, (times, &Leeway::default()))
    }

    /// The key that has signed it.
    pub fn key(&self) -> &TrustedKey {
        &self.key
    }

    /// Whether all holds that may change after the signature was proved: one comparison for each end, and the key.
    pub fn holds_at(&self, now: UnixSeconds) -> bool {
        self.from <= now && now < self.until && !self.key.is_withdrawn()
    }

    /// The first second in which it no longer holds, leeway included.
    pub fn until(&self) -> UnixSeconds {
        self.until
    }

    /// Compares the times: `exp` is the first second in which the token no longer holds (RFC 7519 section 4.1.4),
    /// unless there is leeway.
    pub fn check_times(&self, now: UnixSeconds) -> Result<(), InvalidToken> {
        if self.from <= now && now < self.until {
            return Ok(());
        }
        Err(self.untimely(now))
    }

    #[cold]
    fn untimely(&self, now: UnixSeconds) -> InvalidToken {
        let early = |time: UnixSeconds, leeway: std::time::Duration| now.plus(leeway) < time;
        if now >= self.expires.plus(self.leeway.exp) {
            InvalidToken::Expired
        } else if now >= self.until {
            InvalidToken::KeyRetired
        } else if self
            .not_before
            .is_some_and(|start| early(start, self.leeway.nbf))
        {
            InvalidToken::NotYetValid
        } else if self
            .issued_at
            .is_some_and(|issued| early(issued, self.leeway.iat))
        {
            InvalidToken::IssuedInFuture
        } else {
            InvalidToken::KeyNotYet
        }
    }
}
