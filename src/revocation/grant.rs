//! What a token is to the denylist.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::clock::UnixSeconds;

/// Whose a token is, since when, and which one. Made once for each token and kept with its proof, so that what was found
/// out about it counts until the denylist changes.
pub struct Grant {
    pub(super) member: Box<str>,
    pub(super) issued: UnixSeconds,
    pub(super) session: Option<Box<str>>,
    /// The generation of the denylist at which nothing was said against it; 0 where it was not judged yet.
    cleared: AtomicU64,
}

impl Grant {
    /// `member` is the id of a row as text, `issued` when the token was, as far as that can be known (see
    /// [`LifetimeHistory::issued`](super::LifetimeHistory::issued)), and `session` the
    /// session that it is of.
    pub fn new(member: &str, issued: UnixSeconds, session: Option<&str>) -> Self {
        Self {
            member: member.into(),
            issued,
            session: session.map(Box::from),
            cleared: AtomicU64::new(0),
        }
    }

    /// The id of the member's row.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// When the token was issued.
    pub fn issued(&self) -> UnixSeconds {
        self.issued
    }

    /// About how many bytes it takes besides itself.
    pub fn weight(&self) -> usize {
        let session = self.session.as_deref();
        let texts = [Some(self.member.len()), session.map(str::len)];
        texts.iter().flatten().map(|bytes| bytes + 16).sum()
    }

    pub(super) fn is_cleared_at(&self, generation: u64) -> bool {
        self.cleared.load(Ordering::Relaxed) == generation
    }

    pub(super) fn clear_at(&self, generation: u64) {
        self.cleared.store(generation, Ordering::Relaxed);
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The member may be an e-mail elsewhere, and a session's id ends it.
        let mut grant = formatter.debug_struct("Grant");
        grant.field("issued", &self.issued).finish_non_exhaustive()
    }
}
