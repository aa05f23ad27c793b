//! Access tokens that are renewed on the way of a request, without a refresh of the client's own.
//!
//! A browser that comes back with an expired access token sends many requests at once, each with the same refresh token. One of
//! them renews it, and the others have what that one gets; so have those that were under way when it was there.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ::http::HeaderMap;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{AccountError, AccountRequest, Accounts, Granted, Sender};

/// How long what a renewal has granted is given to those who ask with the same refresh token.
const KEPT: Duration = Duration::from_secs(2);

/// How many there may be at once, those that are kept included.
const MOST: usize = 4096;

/// What a refresh token is known by: the token itself is not kept.
type Print = [u8; SHA256_OUTPUT_LEN];

/// What a renewal comes to; nothing where the refresh token is good for nothing.
pub type Renewed = Result<Option<Arc<Granted>>, Arc<AccountError>>;

/// The work of a renewal.
pub type Renewing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The renewals that are under way, and those of the last moments.
#[derive(Default)]
pub struct Renewals {
    flights: Mutex<HashMap<Print, Flight>>,
}

struct Flight {
    answer: watch::Receiver<Option<Renewed>>,
    /// Until when it is kept; `None` while it is under way.
    until: Option<Instant>,
}

/// Takes a renewal out of the list, however it ends.
struct Landing {
    accounts: Arc<Accounts>,
    print: Print,
    kept: Option<Instant>,
}

impl Accounts {
    /// Waits for the tokens in return for a refresh token. Who asks first gives the work to `spawn`, to be done whether or
    /// not anybody still waits for it.
    pub async fn renew_once(
        self: &Arc<Self>,
        token: &str,
        sender: Sender,
        spawn: impl FnOnce(Renewing),
    ) -> Renewed {
        let mut answer = self.board(token, sender, spawn)?;
        match answer.wait_for(Option::is_some).await {
            Ok(renewed) => renewed.clone().unwrap_or(Ok(None)),
            Err(_) => Err(Arc::new(AccountError::Abandoned)),
        }
    }

    fn board(
        self: &Arc<Self>,
        token: &str,
        sender: Sender,
        spawn: impl FnOnce(Renewing),
    ) -> Result<watch::Receiver<Option<Renewed>>, Arc<AccountError>> {
        let print = print(token);
        let now = self.clock.instant();
        let mut flights = self.renewals.flights();
        flights.retain(|_, flight| flight.until.is_none_or(|until| now < until));
        if let Some(flight) = flights.get(&print) {
            return Ok(flight.answer.clone());
        }
        if flights.len() >= MOST {
            return Err(Arc::new(AccountError::ManyRenewals));
        }
        let (tell, answer) = watch::channel(None);
        let flight = Flight {
            answer: answer.clone(),
            until: None,
        };
        flights.insert(print, flight);
        drop(flights);
        let landing = Landing {
            accounts: Arc::clone(self),
            print,
            kept: None,
        };
        spawn(Box::pin(landing.renew(token.to_owned(), sender, tell)));
        Ok(answer)
    }
}

impl Landing {
    async fn renew(mut self, token: String, sender: Sender, tell: watch::Sender<Option<Renewed>>) {
        let request = AccountRequest {
            parameters: Vec::new(),
            query: String::new(),
            content_type: None,
            body: Bytes::new(),
            cookie_token: None,
            cookies: HeaderMap::new(),
            attempts: Vec::new(),
            device: None,
            authorization: None,
            agent: None,
            languages: None,
            page: None,
            tasks: TaskTracker::new(),
            sender,
        };
        let renewed = self.accounts.renew(&token, &request).await;
        if let Ok(Some(_)) = &renewed {
            self.kept = Some(self.accounts.clock.instant() + KEPT);
        }
        drop(self);
        let renewed = renewed.map(|granted| granted.map(Arc::new));
        tell.send_replace(Some(renewed.map_err(Arc::new)));
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut flights = self.accounts.renewals.flights();
        match self.kept {
            None => {
                flights.remove(&self.print);
            }
            Some(until) => {
                if let Some(flight) = flights.get_mut(&self.print) {
                    flight.until = Some(until);
                }
            }
        }
    }
}

impl Renewals {
    fn flights(&self) -> MutexGuard<'_, HashMap<Print, Flight>> {
        // Entries are put in and taken out whole.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Renewals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Renewals").finish_non_exhaustive()
    }
}

fn print(token: &str) -> Print {
    let mut print = Print::default();
    let hash = digest(&SHA256, token.as_bytes());
    for (byte, hashed) in print.iter_mut().zip(hash.as_ref()) {
        *byte = *hashed;
    }
    print
}
