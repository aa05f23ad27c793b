//! Who manages members: whom the rule admits, asked anew at each request.

use ::http::{HeaderMap, Method};

use super::audit;
use crate::{
    accounts::{AccountError, Accounts, Sender},
    http::client_address::{PeerAddress, TrustedProxies},
    member::MemberId,
    policy::requirement::{Client, Facts, Head, Outcome, Silent, evaluate},
    token::verify::Verified,
};

/// Somebody who may manage members, for one request.
#[derive(Debug)]
pub struct Manager {
    pub(super) id: MemberId,
    pub(super) sender: Sender,
}

/// What is asked of whoever wants to manage.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The row's identity.
    pub id: &'a MemberId,
    /// What their token says, which holds.
    pub token: &'a Verified,
    /// The method of the request.
    pub method: &'a Method,
    /// Its canonical path.
    pub path: &'a str,
    /// From where it comes.
    pub sender: &'a Sender,
}

impl Accounts {
    /// Whether somebody who is logged in may manage members. Their row is read now: a role that was taken away is gone.
    pub async fn manager(&self, candidate: Candidate<'_>) -> Result<Option<Manager>, AccountError> {
        if self.members.is_none() {
            return Ok(None);
        }
        if !self.could_manage(candidate).await? {
            audit::not_a_manager(candidate.id, candidate.sender);
            return Ok(None);
        }
        Ok(Some(Manager {
            id: candidate.id.clone(),
            sender: candidate.sender.clone(),
        }))
    }

    /// The same for what is shown to somebody who has not asked for it, which no audit has to know.
    pub(in crate::accounts) async fn could_manage(
        &self,
        candidate: Candidate<'_>,
    ) -> Result<bool, AccountError> {
        let Some(members) = &self.members else {
            return Ok(false);
        };
        let row = self.store.row_by_id(&candidate.id.to_string()).await?;
        let Some(row) = row.filter(|row| row.state.is_none()) else {
            return Ok(false);
        };
        let settings = &members.settings;
        let proxies = TrustedProxies::default();
        let headers = HeaderMap::new();
        let facts = Facts {
            token: Some(candidate.token),
            row: Some(&row),
            certificate: None,
            client: Client {
                peer: peer(candidate.sender),
                proxies: &proxies,
                headers: &headers,
            },
            pattern: &settings.pattern,
            path: candidate.path,
            request: Head {
                method: candidate.method,
                host: None,
            },
            now: self.now(),
        };
        let outcome = evaluate(&settings.require, &facts, &mut Silent);
        Ok(matches!(outcome, Outcome::Holds))
    }
}

/// The client as it is known already: whoever spoke for it was believed, or was not.
fn peer(sender: &Sender) -> PeerAddress {
    let address = sender.address.to_str().ok();
    let address = address.and_then(|text| text.parse().ok());
    address.map_or(PeerAddress::Unix, |address| {
        PeerAddress::Ip(std::net::SocketAddr::new(address, 0))
    })
}
