//! A better hash in place of an outdated one, once its user has logged in with the right password.
//!
//! It happens after the answer is decided and nobody waits for it. One is made at a time: where many log in at once, the others
//! have theirs made at their next login. It is written only over the hash that was checked, and announced before, so that no
//! gateway ends the user's sessions for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::{AccountError, AccountRequest, Accounts, hashing::HashingPool};
use crate::{
    member::{Member, MemberId},
    password::Recipe,
    revocation::feed::Announcements,
    secret::Secret,
    store::Store,
};

/// Where outdated hashes are replaced.
#[derive(Debug, Clone)]
pub struct Upgrades {
    store: Arc<Store>,
    hashing: Arc<HashingPool>,
    announcements: Option<Arc<Announcements>>,
    turn: Arc<Semaphore>,
}

/// A hash to be replaced.
struct Outdated {
    id: MemberId,
    stored: Secret<String>,
    typed: Secret<String>,
    recipe: Recipe,
}

impl Upgrades {
    /// Where nothing is watched there is nothing to announce.
    pub fn new(
        store: &Arc<Store>,
        hashing: &Arc<HashingPool>,
        announcements: Option<Arc<Announcements>>,
    ) -> Self {
        Self {
            store: Arc::clone(store),
            hashing: Arc::clone(hashing),
            announcements,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    async fn replace(&self, outdated: Outdated) -> Result<bool, AccountError> {
        let Outdated {
            id,
            stored,
            typed,
            recipe,
        } = outdated;
        let Some(writer) = self.store.writer() else {
            return Ok(false);
        };
        let better = self.hashing.make_by(recipe, typed).await?;
        if let Some(announcements) = &self.announcements {
            announcements.expect(&id, &stored, &better).await?;
        }
        Ok(writer.replace_password(&id, &stored, &better).await?)
    }
}

impl Accounts {
    /// Has what is stored for this member replaced where it is outdated; `typed` has just matched it.
    pub(super) fn upgrade_later(
        &self,
        request: &AccountRequest,
        member: &Member,
        typed: Secret<String>,
    ) {
        let (Some(upgrades), Some(stored)) = (&self.upgrades, member.kept()) else {
            return;
        };
        let Some(recipe) = self.hashing.better(&typed, &stored) else {
            return;
        };
        let Ok(turn) = Arc::clone(&upgrades.turn).try_acquire_owned() else {
            return;
        };
        let outdated = Outdated {
            id: member.id.clone(),
            stored: stored.password,
            typed,
            recipe,
        };
        let upgrades = upgrades.clone();
        request.tasks.spawn(async move {
            let id = outdated.id.clone();
            match upgrades.replace(outdated).await {
                Ok(true) => info!(member.id = %id, "a better hash of the password is stored"),
                // Somebody was faster, and wrote what is newer.
                Ok(false) => {}
                Err(error) => {
                    warn!(member.id = %id, %error, "a better hash of the password cannot be stored");
                }
            }
            drop(turn);
        });
    }
}
