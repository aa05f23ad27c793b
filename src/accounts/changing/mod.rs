//! What users change that is theirs: the password, and what the row says of them.
//!
//! Whose row it is says the access token alone, never the request. Whatever speaks with users asks the same functions, with
//! values.

mod audit;
mod change_password;
mod change_profile;
mod password;
mod profile;

use std::sync::Arc;

use super::{AccountError, AccountRequest, Accounts};
use crate::{
    member::Member,
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
}

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
        })
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
