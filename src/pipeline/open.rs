//! Answers that are still under way when their token stops counting.
//!
//! Every stream ends when its token is revoked. A WebSocket and a stream of events end when it expires, too, unless their
//! route says otherwise; a download never does. An answer that arrives whole is judged once, by its request: it costs
//! nothing here but two counts of who holds its proof, and a timer, an allocation or a place among those who are woken
//! only where the answer has to be waited for.

use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use ::http::{HeaderMap, header};
use tracing::info;

use super::{identify::Proof, live::Live};
use crate::{
    clock::{Clock, UnixSeconds},
    deadline::Deadline,
    entropy::DecisionId,
    policy::route::{Mode, OnExpiry, Route},
    revocation::{Denylist, Revoked},
    telemetry::counters::{StreamEnd, stream_ended},
};

/// A clock that is set is looked at this often.
const LOOK: Duration = Duration::from_secs(3_600);

/// Why an open stream was ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Its token was revoked.
    #[error("the token of the open stream was revoked: {0}")]
    Revoked(#[from] Revoked),
    /// Its token has expired.
    #[error("the token of the open stream has expired")]
    Expired,
}

impl Ended {
    /// Counts it, once for each stream.
    pub(super) fn count(&self) {
        stream_ended(match self {
            Self::Revoked(Revoked::Blocked(_)) => StreamEnd::Blocked,
            Self::Revoked(Revoked::Deleted) => StreamEnd::Deleted,
            Self::Revoked(Revoked::EndedBefore(_)) => StreamEnd::SessionsEnded,
            Self::Revoked(Revoked::SessionEnded) => StreamEnd::SessionEnded,
            Self::Expired => StreamEnd::Expired,
        });
    }
}

/// Something that is ready when a stream has to end.
pub(super) type Ending = Pin<Box<dyn Future<Output = Ended>>>;

/// What an answer's body is watched by.
pub(super) enum Guard {
    /// Nothing can end it.
    Off,
    /// It has not been waited for yet: each piece but the first asks.
    Asked {
        denylist: Arc<Denylist>,
        proof: Arc<Proof>,
        begun: Begun,
    },
    /// It is waited for, by something that is woken.
    Waits(Ending),
}

/// Whether anything of a body has gone on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    NotYet,
    Yes,
}

/// How a connection ends that is no longer HTTP.
pub(super) fn of_tunnel(
    proof: Option<&Arc<Proof>>,
    (live, route): (&Live, &Route),
    expiry: Option<Deadline>,
    decision: DecisionId,
) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
    let proof = proof.filter(|_| route.mode == Mode::Enforce)?;
    let expiry = expiry.filter(|_| route.on_expiry == OnExpiry::End);
    let ending = ending(proof, denylist(live, proof), expiry)?;
    Some(Box::pin(async move {
        let why = ending.await;
        why.count();
        let decision = decision.to_string();
        info!(decision, reason = %why, "an open connection was ended");
    }))
}

/// What the body of an answer is watched by, unless it is whole already.
pub(super) fn of_body(
    proof: Option<&Arc<Proof>>,
    (live, route): (&Live, &Route),
    (headers, length): (&HeaderMap, Option<u64>),
    deadline: impl FnOnce() -> Deadline,
) -> Guard {
    let Some(proof) = proof.filter(|_| route.mode == Mode::Enforce) else {
        return Guard::Off;
    };
    // What has a length is no stream of events.
    let expires = length.is_none() && route.on_expiry == OnExpiry::End && are_events(headers);
    let denylist = denylist(live, proof);
    if expires {
        let ending = ending(proof, denylist, Some(deadline()));
        return ending.map_or(Guard::Off, Guard::Waits);
    }
    denylist.map_or(Guard::Off, |denylist| Guard::Asked {
        denylist: Arc::clone(denylist),
        proof: Arc::clone(proof),
        begun: Begun::NotYet,
    })
}

fn are_events(headers: &HeaderMap) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let content_type = headers.get(header::CONTENT_TYPE);
    let start = content_type.and_then(|value| value.as_bytes().get(..EVENTS.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(EVENTS))
}

/// Who can revoke the token, if anybody can.
fn denylist<'l>(live: &'l Live, proof: &Proof) -> Option<&'l Arc<Denylist>> {
    let revocation = live.revocation.as_ref();
    let denylist = revocation.map(|revocation| &revocation.denylist);
    denylist.filter(|_| proof.grant.is_some())
}

fn ending(
    proof: &Arc<Proof>,
    denylist: Option<&Arc<Denylist>>,
    expiry: Option<Deadline>,
) -> Option<Ending> {
    let cut = denylist
        .zip(proof.grant.as_ref())
        .map(|(denylist, grant)| denylist.subscribe(Arc::clone(grant)));
    let expiry = expiry.map(|deadline| (deadline, proof.verified.until()));
    if cut.is_none() && expiry.is_none() {
        return None;
    }
    Some(Box::pin(async move {
        let revoked = async {
            match &cut {
                Some(cut) => cut.revoked().await,
                None => pending().await,
            }
        };
        let expired = async {
            match &expiry {
                Some((deadline, until)) => expired(deadline, *until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            revoked = revoked => revoked.into(),
            () = expired => Ended::Expired,
        }
    }))
}

async fn expired(deadline: &Deadline, until: UnixSeconds) {
    loop {
        let left = until.0.saturating_sub(Clock.unix_seconds().0);
        if left == 0 {
            return;
        }
        deadline.set_from_now(Duration::from_secs(left).min(LOOK));
        poll_fn(|context| deadline.poll_elapsed(context)).await;
    }
}

impl Guard {
    /// Whether the next piece may go on.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Result<(), Ended> {
        match self {
            Self::Off => Ok(()),
            Self::Asked { begun, .. } if *begun == Begun::NotYet => {
                *begun = Begun::Yes;
                Ok(())
            }
            Self::Asked {
                denylist, proof, ..
            } => {
                let grant = proof.grant.as_ref();
                Ok(grant.map_or(Ok(()), |grant| denylist.judge(grant))?)
            }
            Self::Waits(ending) => match ending.as_mut().poll(context) {
                Poll::Ready(ended) => Err(ended),
                Poll::Pending => Ok(()),
            },
        }
    }

    /// Waits beside a piece that is waited for.
    pub(super) fn poll_wait(&mut self, context: &mut Context<'_>) -> Result<(), Ended> {
        if let Self::Asked {
            denylist, proof, ..
        } = self
        {
            let ending = ending(proof, Some(denylist), None);
            *self = ending.map_or(Self::Off, Self::Waits);
        }
        match self {
            Self::Off | Self::Asked { .. } => Ok(()),
            Self::Waits(_) => self.poll_piece(context),
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Off => "Off",
            Self::Asked { .. } => "Asked",
            Self::Waits(_) => "Waits",
        })
    }
}
