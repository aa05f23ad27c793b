//! Codes and links that members are sent: to prove an address, or to choose a new password.
//!
//! Nobody learns here who has an account. What is sent is found out and sent in the background, so that an answer says and
//! takes the same whoever is asked about; a code that is wrong, of somebody else, for something else, spent or expired is the
//! same to whoever tries it. What is sent goes to the address in the member's row, never to what somebody has typed.

mod event;
mod print;
mod prove;
mod reset;
mod send;
mod verify;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex},
};

use aws_lc_rs::hmac;
use tokio::sync::oneshot;

use super::AccountError;
use crate::{
    clock::Clock,
    entropy::Entropy,
    mailer::{Channel, Outbox},
    member::{
        Member, StateName,
        code::{Form, Purpose, Rules},
    },
    secret::Secret,
    state::State,
    store::{Expected, Store},
    template::Template,
};

pub(in crate::accounts) use reset::{Chosen, Reset};
pub use send::{Asking, Sent};

/// How codes are made, sent and used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What hides them and addresses in the tables.
    pub secret: Secret<Vec<u8>>,
    /// Those that prove an address.
    pub verify: Option<PurposeSettings>,
    /// Those with which a new password is chosen.
    pub reset: Option<PurposeSettings>,
}

/// The same for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeSettings {
    /// What they look like and how long they count.
    pub rules: Rules,
    /// By what they are sent.
    pub channel: Channel,
    /// Which of the columns that are asked of a row has the address.
    pub column: usize,
    /// The link with `{code}` in it, where they stand in one.
    pub link: Option<Template>,
    /// The state of the members whom they are for; `None` is those who may log in.
    pub state: Option<StateName>,
    /// What is written when an address is proven.
    pub sets: Vec<(String, Expected)>,
}

/// Whom somebody asks about.
#[derive(Clone)]
pub enum Whom {
    /// Whoever logs in by this.
    Login(String),
    /// The member whose row has this id.
    Id(String),
}

/// Nothing that a client typed is printed.
impl fmt::Debug for Whom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Whom")
    }
}

/// What sends codes and tries them.
pub struct Codes {
    settings: Settings,
    store: Arc<Store>,
    state: Arc<State>,
    outbox: Arc<Outbox>,
    key: hmac::Key,
    entropy: Mutex<Entropy>,
    clock: Clock,
}

impl fmt::Debug for Codes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Codes").finish_non_exhaustive()
    }
}

impl Codes {
    /// With the tables, the user table and the queue of messages.
    pub fn new(
        settings: Settings,
        (store, state, outbox): (Arc<Store>, Arc<State>, Arc<Outbox>),
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        Self {
            key: print::key(&settings.secret),
            settings,
            store,
            state,
            outbox,
            entropy: Mutex::new(entropy),
            clock,
        }
    }

    /// The queue of messages.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// How codes of this purpose look, if any are sent.
    pub(in crate::accounts) fn form(&self, purpose: Purpose) -> Option<Form> {
        Some(self.purpose(purpose)?.rules.form)
    }

    fn purpose(&self, purpose: Purpose) -> Option<&PurposeSettings> {
        match purpose {
            Purpose::Verify => self.settings.verify.as_ref(),
            Purpose::Reset => self.settings.reset.as_ref(),
        }
    }

    /// Does something to its end, whatever becomes of the client that waits for it.
    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, AccountError> {
        let (tell, told) = oneshot::channel();
        let work = async move {
            // Nobody waits any more: it is done all the same.
            let _ = tell.send(work.await);
        };
        self.outbox.run(work)?;
        told.await.map_err(|_| AccountError::Abandoned)
    }
}

impl PurposeSettings {
    /// Whether codes of this purpose are for this member.
    fn is_for(&self, member: &Member) -> bool {
        member.state == self.state
    }
}
