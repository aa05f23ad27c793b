//! What a token is to the denylist.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{clock::UnixSeconds, member::spelling::Spelling};

/// What the subjects of tokens are to the user table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// Ids of its rows.
    Ids,
    /// What users log in with; these spellings are one.
    Logins(Spelling),
    /// Nothing that a row is known by.
    Others,
}

/// Whose a token is, since when, and which one. Made once for each token and kept with its proof, so that what was found
/// out about it counts until the denylist changes.
pub struct Grant {
    pub(super) member: Box<str>,
    /// What its row is looked up by, where that is no id.
    login: Option<Box<str>>,
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
            login: None,
            issued,
            session: session.map(Box::from),
            cleared: AtomicU64::new(0),
        }
    }

    /// The same of a token that says what its user logs in with.
    pub fn of_login(
        (login, spelling): (&str, Spelling),
        issued: UnixSeconds,
        session: Option<&str>,
    ) -> Self {
        let member = spelling.key(login).as_member();
        Self {
            login: Some(login.into()),
            ..Self::new(&member, issued, session)
        }
    }

    /// What is told of it is told of this: the id of the member's row, or what stands for its login.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// What the member's row is looked up by: its id, or the login that the token says.
    pub fn looked_up_by(&self) -> &str {
        self.login.as_deref().unwrap_or(&self.member)
    }

    /// When the token was issued.
    pub fn issued(&self) -> UnixSeconds {
        self.issued
    }

    /// About how many bytes it takes besides itself.
    pub fn weight(&self) -> usize {
        let session = self.session.as_deref();
        let login = self.login.as_deref();
        let texts = [
            Some(self.member.len()),
            login.map(str::len),
            session.map(str::len),
        ];
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
