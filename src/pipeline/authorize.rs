//! Stage 6: whether the route's rule holds. The only constructor of [`Permitted`].

use super::{
    admit::admit_again,
    live::Live,
    noted::Noted,
    observe::observe,
    rejection::Rejection,
    row::RowNeeded,
    stage::{Admitted, Identified, Permitted},
};
use crate::{
    certificate::Identity,
    http::client_address::{PeerAddress, TrustedProxies},
    member::Row,
    policy::{
        decide::{Decision, decide},
        requirement::{Blame, Client, Condition, Facts, Head, Silent, Term, Trace},
    },
};

/// What is known of whoever sends a request, besides the request: by the connection, and by the user's row, once that
/// was looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connected<'a> {
    /// The other end.
    pub(super) peer: PeerAddress,
    /// Which peers may speak for others.
    pub(super) proxies: &'a TrustedProxies,
    /// The certificate that was presented and verified.
    pub(super) certificate: Option<&'a Identity>,
    /// The row of the token's user.
    pub(super) row: Option<&'a Row>,
}

/// What a rule may know of the request.
pub(super) fn facts<'f, B>(
    identified: &'f Identified<'_, B>,
    connected: &Connected<'f>,
) -> Facts<'f> {
    let routed = &identified.routed;
    Facts {
        token: identified.proof.as_ref().map(|proof| &proof.verified),
        row: connected.row,
        certificate: connected.certificate,
        client: Client {
            peer: connected.peer,
            proxies: connected.proxies,
            headers: routed.received.request.headers(),
        },
        pattern: &routed.route.pattern,
        path: routed.received.path(),
        request: Head {
            method: routed.received.request.method(),
            host: routed.received.host.as_ref(),
        },
        now: identified.at,
    }
}

/// Where a decision has led, if nobody was refused.
#[derive(Debug)]
pub(super) enum Authorized<'a, B> {
    Permitted(Permitted<'a, B>),
    /// To be decided again, with the row.
    NeedsRow(RowNeeded<'a, B>),
}

/// Decides about a request on its way, of which it is written down why it was refused.
pub(super) fn authorize_or_note<'a, B>(
    admitted: Admitted<'a, B>,
    connected: &Connected<'_>,
    live: &Live,
    noted: &mut Noted,
) -> Result<Authorized<'a, B>, Rejection> {
    let Admitted { identified } = admitted;
    // Enforced, it would not have come here: nothing is asked of a token that proves nothing.
    if identified.observed.is_some() {
        return Ok(Ruling::Permitted.of(identified));
    }
    let facts = facts(&identified, connected);
    let decision = decide(identified.routed.route, &facts, &mut Silent);
    match verdict(decision, &facts) {
        Ok(ruling) => Ok(ruling.of(identified)),
        Err(rejection) => {
            noted.refused_by_rule(&identified, connected, live);
            observed(identified, rejection)
        }
    }
}

impl<B> Permitted<'_, B> {
    /// Asks the denylist again after a wait. The rule is decided at one moment, and would be decided alike.
    pub(super) fn admitted_again(self, live: &Live, noted: &mut Noted) -> Result<Self, Rejection> {
        let Admitted { identified } = admit_again(self.identified, live, noted)?;
        Ok(Self { identified })
    }
}

/// Decides, and tells `trace` how.
pub(super) fn authorize<'a, B, T: Trace<'a>>(
    admitted: Admitted<'a, B>,
    connected: &Connected<'_>,
    trace: &mut T,
) -> Result<Authorized<'a, B>, Rejection> {
    let Admitted { identified } = admitted;
    if identified.observed.is_some() {
        return Ok(Ruling::Permitted.of(identified));
    }
    let facts = facts(&identified, connected);
    let decision = decide(identified.routed.route, &facts, trace);
    match verdict(decision, &facts) {
        Ok(ruling) => Ok(ruling.of(identified)),
        Err(rejection) => observed(identified, rejection),
    }
}

fn observed<B>(
    mut identified: Identified<'_, B>,
    rejection: Rejection,
) -> Result<Authorized<'_, B>, Rejection> {
    identified.observed = Some(observe(rejection, identified.routed.route.mode)?);
    Ok(Ruling::Permitted.of(identified))
}

/// What is left of a decision that refuses nobody.
#[derive(Debug, Clone, Copy)]
enum Ruling {
    Permitted,
    NeedsRow,
}

impl Ruling {
    fn of<B>(self, identified: Identified<'_, B>) -> Authorized<'_, B> {
        match self {
            Self::Permitted => Authorized::Permitted(Permitted { identified }),
            Self::NeedsRow => Authorized::NeedsRow(RowNeeded { identified }),
        }
    }
}

fn verdict(decision: Decision<'_>, facts: &Facts<'_>) -> Result<Ruling, Rejection> {
    match decision {
        Decision::Permit => Ok(Ruling::Permitted),
        Decision::RefuseAnonymous => Err(Rejection::MissingToken),
        Decision::Refuse(blame) => Err(refusal(&blame, facts)),
        Decision::NeedsRow => Ok(Ruling::NeedsRow),
    }
}

/// What a client is told of a rule that does not hold.
fn refusal(blame: &Blame<'_>, facts: &Facts<'_>) -> Rejection {
    let Blame {
        requirement,
        name: _,
        scopes,
    } = blame;
    match &requirement.term {
        Term::One(Condition::Certificate(_)) => return Rejection::ClientCertificate,
        Term::One(Condition::SubjectIs(parameter)) => {
            return Rejection::NotTheSubject {
                parameter: parameter.to_string(),
            };
        }
        Term::One(
            Condition::Claim(_)
            | Condition::Column(_)
            | Condition::Scope(_)
            | Condition::AnyScope(_)
            | Condition::Role { .. }
            | Condition::Issuer(_)
            | Condition::Audience(_)
            | Condition::Network(_)
            | Condition::When(_),
        )
        | Term::All(_)
        | Term::Any(_)
        | Term::Not(_)
        | Term::Named { .. } => {}
    }
    let term = match &requirement.term {
        Term::One(Condition::When(expression)) => match expression.holds(facts) {
            Some(Err(error)) => format!("{blame}: {error}"),
            Some(Ok(_)) | None => blame.to_string(),
        },
        Term::One(_) | Term::All(_) | Term::Any(_) | Term::Not(_) | Term::Named { .. } => {
            blame.to_string()
        }
    };
    match scopes {
        Some(scopes) => Rejection::Scope {
            term,
            scopes: scopes.join(" "),
        },
        None if requirement.reads_token() => Rejection::Forbidden { term },
        None => Rejection::Unwelcome { term },
    }
}
