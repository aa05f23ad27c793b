//! A wait of its own: for a new access token, where the browser's has expired and its refresh token has not.
//!
//! Only on routes that say so, and never for a page that may not use the cookie. The request goes on in the name that the new
//! token says, and its answer sets the cookie, whatever the upstream makes of it. A refresh token that is good for nothing
//! leaves things as they were; an outage is one.

use std::sync::Arc;

use ::http::{HeaderValue, header};

use super::{
    Control, csrf,
    dispatch::sender,
    identify::{Judging, Looked, anonymous, look, unproven},
    live::Live,
    observe::observe,
    record::Record,
    rejection::Rejection,
    stage::{Credential, Identified, Presented, SentBy},
    upgrade,
};
use crate::{
    accounts::{AccountError, Accounts, Granted, TokenName},
    clock::Clock,
    http::cookie,
    listener::Peer,
    policy::route::Authorization,
    token::verify::InvalidToken,
};

/// A request that can go on when its token was renewed.
pub(super) struct RenewalNeeded<'a, B> {
    pub(super) presented: Presented<'a, B>,
    pub(super) refresh_token: String,
}

/// The refresh token of a request, where its route lets access tokens be renewed by one.
pub(super) fn refresh_token<B>(presented: &Presented<'_, B>) -> Result<Option<String>, Rejection> {
    let routed = &presented.routed;
    let Some(name) = routed.route.renewed_by() else {
        return Ok(None);
    };
    let mut values = cookie::values(routed.received.request.headers(), name);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other.bytes() != first.bytes()) {
        return Err(Rejection::ConflictingTokens);
    }
    let text = String::from_utf8(first.bytes().to_vec());
    Ok(text.ok().filter(|token| !token.is_empty()))
}

impl<'a, B> RenewalNeeded<'a, B> {
    /// What the request comes to without a new token.
    pub(super) fn without(self, judging: Judging<'_>) -> Result<Identified<'a, B>, Rejection> {
        match self.presented.credential {
            Credential::Absent => Ok(anonymous(self.presented, judging.now)),
            Credential::Bearer { .. } => {
                let expired = InvalidToken::Expired.into();
                unproven(self.presented, judging.now, expired)
            }
        }
    }

    /// Waits for the new token, for as long as the user's row may take.
    pub(super) async fn wait(
        self,
        (live, peer): (&'a Live, &'a Peer),
        control: &Control,
        clock: Clock,
        record: &mut Record<'a>,
    ) -> Result<Identified<'a, B>, Rejection> {
        let accounts = live.accounts.as_ref().ok_or(Rejection::Misrouted)?;
        if let Err(rejection) = self.check_page(peer) {
            return self.refused(rejection, clock, record);
        }
        let renewed = accounts.renew_once(&self.refresh_token, sender(record), |renewing| {
            control.tasks.spawn_on(renewing, &control.runtime);
        });
        let renewed = renewed.await;
        let outcome = match &renewed {
            Ok(Some(_)) => "granted",
            Ok(None) => "refused",
            Err(error) => error.outcome().code,
        };
        live.counters.account_answered("renewal", outcome);
        match renewed {
            Ok(Some(granted)) => self.renewed(&granted, (live, accounts), clock, record),
            Ok(None) => {
                record.noted().refused(&self.presented.routed, live);
                self.without(judging(live, clock))
            }
            Err(error) => self.refused(Rejection::NotRenewed(error), clock, record),
        }
    }

    fn check_page(&self, peer: &Peer) -> Result<(), Rejection> {
        let routed = &self.presented.routed;
        csrf::judge(routed, &peer.scheme)?;
        let headers = routed.received.request.headers();
        if headers.contains_key(header::UPGRADE) {
            upgrade::check_origin(headers, routed.route, SentBy::Browser)?;
        }
        Ok(())
    }

    fn refused(
        self,
        rejection: Rejection,
        clock: Clock,
        record: &mut Record<'a>,
    ) -> Result<Identified<'a, B>, Rejection> {
        let mode = self.presented.routed.route.mode;
        let observed = observe(rejection, mode)?;
        let mut identified = anonymous(self.presented, clock.unix_seconds());
        identified.observed = Some(observed);
        record.presented(&Credential::Absent);
        Ok(identified)
    }

    fn renewed(
        mut self,
        granted: &Granted,
        (live, accounts): (&'a Live, &Arc<Accounts>),
        clock: Clock,
        record: &mut Record<'a>,
    ) -> Result<Identified<'a, B>, Rejection> {
        let judging = judging(live, clock);
        let mut tokens = vec![TokenName::Access];
        if granted.refresh_token != self.refresh_token {
            tokens.push(TokenName::Refresh);
        }
        let cookies = accounts.cookies.set(&tokens, granted, judging.now)?;
        record.set_cookies(cookies);
        let token = &granted.access_token;
        let routed = &mut self.presented.routed;
        if let Some(place) = routed.route.token_cookie()
            && place.forwarding == Authorization::Forward
        {
            let headers = routed.received.request.headers_mut();
            cookie::replace(headers, &place.name, token);
        }
        let value = HeaderValue::try_from(token.as_str());
        let mut value = value.map_err(|_| AccountError::Abandoned)?;
        value.set_sensitive(true);
        self.presented.credential = Credential::Bearer {
            start: 0,
            end: value.len(),
            value,
            sent_by: SentBy::Browser,
        };
        record.presented(&self.presented.credential);
        match look(self.presented, judging, record.noted())? {
            Looked::Identified(identified) => Ok(identified),
            // It has expired again, or is not the gateway's own.
            Looked::Renews(needed) => needed.without(judging),
            Looked::Waits(_) => Err(Rejection::Misrouted),
        }
    }
}

fn judging(live: &Live, clock: Clock) -> Judging<'_> {
    Judging {
        live,
        recent: None,
        now: clock.unix_seconds(),
    }
}
