//! Sessions that are kept: opened by a login, continued by refreshes, ended by their user, by operators, or by a refresh
//! token that comes twice.
//!
//! What ends is refused by this gateway at once, before it is written down, and by every other as soon as it learns of it.
//! The outcome of a refresh is decided by the database alone, so that a restart forgets nothing and no two
//! gateways spend one token.

mod end;
mod event;
mod logout;
mod oauth;
mod operator;
pub(super) mod presented;
mod rotate;

use std::sync::Arc;

use crate::{
    member::family::Lifetimes,
    state::{Opening, Seen, State},
};

pub use logout::Own;
pub use oauth::{Client, Clients};
pub use operator::OperatorError;

use super::{AccountError, AccountRequest, Accounts, session::Minted};

/// Where sessions are kept, and how long they last.
#[derive(Debug)]
pub struct Sessions {
    /// The gateway's own tables.
    pub state: Arc<State>,
    /// How long a session lasts whose refresh tokens are spent; `None` where the same one comes back.
    pub rotation: Option<Lifetimes>,
}

/// A session whose first refresh token is about to be kept.
pub(super) struct Beginning<'a> {
    pub(super) session: &'a str,
    pub(super) member: &'a str,
    pub(super) token: &'a Minted,
}

impl Accounts {
    /// Keeps the session that a login has opened, where sessions are kept.
    pub(super) async fn keep(
        &self,
        beginning: &Beginning<'_>,
        request: &AccountRequest,
    ) -> Result<(), AccountError> {
        let Some(sessions) = &self.sessions else {
            return Ok(());
        };
        let opening = Opening {
            session: beginning.session.to_owned(),
            member: beginning.member.to_owned(),
            at: self.now(),
            token: beginning.token.kept(),
            adopted: false,
            seen: request.seen(),
        };
        sessions.state.open_session(opening).await?;
        Ok(())
    }
}

impl AccountRequest {
    /// From where it comes, as its user is shown it.
    pub(super) fn seen(&self) -> Seen {
        let address = self.sender.address.to_str().ok();
        Seen {
            address: address.filter(|text| !text.is_empty()).map(str::to_owned),
            agent: self.agent.clone(),
        }
    }
}
