//! What users change that is theirs: the password, and what the row says of them.
//!
//! Whose row it is says the access token alone, never the request. Whatever speaks with users asks the same functions, with
//! values.

mod audit;
mod change_password;
mod change_profile;
mod password;
mod profile;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use tokio::sync::{Mutex, MutexGuard};

use super::{AccountError, AccountRequest, Accounts};
use crate::{
    member::{Member, MemberId},
    revocation::feed::Announcements,
    store::{self, Reading, Store},
};

pub use password::{After, NewPassword, PasswordChanged};
pub use profile::{Profile, ProfileChange, ProfileChanged};

/// What it takes.
#[derive(Debug)]
pub struct Changing {
    /// How the login of a user is read, which a password may have to differ from.
    login: Reading,
    /// Where a password is announced before it is written, so that a watch ends nothing for it, where there is one.
    announcements: Option<Arc<Announcements>>,
    /// Whoever changes a password waits here for whom else changes that of the same user, or of another by chance.
    turns: [Mutex<()>; TURNS],
}

/// How many passwords are changed at once at most.
const TURNS: usize = 64;

/// Who is signed in.
#[derive(Debug)]
pub struct Oneself {
    /// The user.
    pub member: Member,
    /// The session of the token, where sessions are kept and it says which.
    pub session: Option<String>,
}

impl Changing {
    /// Where nothing is watched there is nothing to announce.
    pub fn new(
        store: &Store,
        announcements: Option<Arc<Announcements>>,
    ) -> Result<Self, store::Error> {
        Ok(Self {
            login: store.reading_of_login()?,
            announcements,
            turns: std::array::from_fn(|_| Mutex::default()),
        })
    }

    /// The turn of this user, once nobody else has it.
    async fn turn(&self, id: &MemberId) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let place = hasher.finish() % (TURNS as u64);
        let turn = self.turns.get(usize::try_from(place).ok()?)?;
        Some(turn.lock().await)
    }
}

impl Accounts {
    /// Who shows the access token, of a bearer or of the endpoint's cookie.
    pub async fn oneself(&self, request: &AccountRequest) -> Result<Oneself, AccountError> {
        let token = request.own_token().ok_or(AccountError::MissingToken)?;
        let held = self.holder(&self.access, token.expose()).await?;
        let held = held.ok_or(AccountError::InvalidToken)?;
        let named = held.proof.claims.session().map(str::to_owned);
        Ok(Oneself {
            session: named.filter(|_| self.sessions.is_some()),
            member: held.member,
        })
    }
}
