//! Stage 5: whether the token may still be used. The only constructor of [`Admitted`].
//!
//! The denylist is asked about every token, whether its proof was kept or is new, and again after every wait, so that
//! nobody gets on who was blocked meanwhile. It says what it was told. Where what tells it is behind, nobody knows what
//! it should say, and the route decides: that has a branch and a name of its own, [`AskNeeded`], and an end, the
//! look-up's deadline. An outage never makes a good token a bad one.

use std::{borrow::Cow, sync::Arc, time::Instant};

use tokio::time::timeout;

use super::{
    Control,
    live::Live,
    noted::Noted,
    observe::observe,
    rejection::Rejection,
    row,
    stage::{Admitted, Identified},
};
use crate::{
    clock::{Clock, UnixSeconds},
    membership::{Looked, Membership},
    policy::route::OnStale,
    revocation::{Denylist, Grant, Heard, LifetimeHistory, Revoked, Subjects, feed::SecretSeen},
    token::{claims::Subject, issuer::IssuerId, verify::Verified},
};

/// How many seconds the clock of whoever issues tokens may be apart from ours.
const DOUBT: u64 = 10;

/// How it is known who may no longer use a token.
#[derive(Debug)]
pub struct Revocation {
    /// What is known.
    pub denylist: Arc<Denylist>,
    /// How long access tokens hold, and held: some do not say when they were issued.
    pub lifetimes: LifetimeHistory,
    /// What the default issuer's subjects are to the user table. It is rows and logins of which anything is known.
    pub subjects: Subjects,
    /// Where rows are looked up while it is not known; `None` where that is impossible.
    pub ask: Option<Arc<Membership>>,
}

impl Revocation {
    /// What a token is to the denylist, if it is about a row.
    pub(super) fn grant(&self, verified: &Verified) -> Option<Arc<Grant>> {
        if verified.issuer != IssuerId::DEFAULT {
            return None;
        }
        let issued = self.lifetimes.issued(verified.issued_at, verified.expires);
        let session = verified.claims.session();
        let subject = match &verified.subject {
            Subject::Text(text) => Cow::Borrowed(&**text),
            Subject::Integer(number) => Cow::Owned(number.to_string()),
        };
        let grant = match self.subjects {
            Subjects::Ids => Grant::new(&subject, issued, session),
            Subjects::Logins(spelling) => Grant::of_login((&subject, spelling), issued, session),
            // Of such a token its session alone is known.
            Subjects::Others => Grant::new(NO_ROW, issued, Some(session?)),
        };
        Some(Arc::new(grant))
    }
}

/// The member of a token of which nothing can be told but whether its session was ended.
const NO_ROW: &str = "";

/// Where the question has led, if nobody was refused.
pub(super) enum Standing<'a, B> {
    Admitted(Admitted<'a, B>),
    /// To be decided by the row.
    Unknown(AskNeeded<'a, B>),
}

/// A request that can go on when the row of its user was looked up.
#[derive(Debug)]
pub(super) struct AskNeeded<'a, B> {
    identified: Identified<'a, B>,
}

/// Asks the denylist, and how far that can be trusted at this moment.
pub(super) fn admit<'a, B>(
    identified: Identified<'a, B>,
    live: &Live,
    now: Instant,
    noted: &mut Noted,
) -> Result<Standing<'a, B>, Rejection> {
    let Some((revocation, grant)) = asked(&identified, live) else {
        return Ok(Standing::Admitted(Admitted { identified }));
    };
    if let Err(revoked) = revocation.denylist.judge(grant) {
        let admitted = refused(identified, revoked.into(), live, noted)?;
        return Ok(Standing::Admitted(admitted));
    }
    match revocation.denylist.freshness().at(now) {
        Heard::Unwatched | Heard::Fresh(_) => Ok(Standing::Admitted(Admitted { identified })),
        Heard::Stale(_) if grant.member() == NO_ROW => {
            Ok(Standing::Admitted(Admitted { identified }))
        }
        Heard::Stale(_) => unheard(identified, live, noted),
    }
}

/// Asks the denylist again about a request that has waited since.
pub(super) fn admit_again<'a, B>(
    identified: Identified<'a, B>,
    live: &Live,
    noted: &mut Noted,
) -> Result<Admitted<'a, B>, Rejection> {
    let asked = asked(&identified, live);
    match asked.map(|(revocation, grant)| revocation.denylist.judge(grant)) {
        None | Some(Ok(())) => Ok(Admitted { identified }),
        Some(Err(revoked)) => refused(identified, revoked.into(), live, noted),
    }
}

fn asked<'r, B>(
    identified: &'r Identified<'_, B>,
    live: &'r Live,
) -> Option<(&'r Revocation, &'r Arc<Grant>)> {
    let revocation = live.revocation.as_ref()?;
    let grant = identified.proof.as_ref()?.grant.as_ref()?;
    Some((revocation, grant))
}

#[cold]
fn unheard<'a, B>(
    identified: Identified<'a, B>,
    live: &Live,
    noted: &mut Noted,
) -> Result<Standing<'a, B>, Rejection> {
    match identified.routed.route.on_stale {
        OnStale::Serve => Ok(Standing::Admitted(Admitted { identified })),
        OnStale::Ask => Ok(Standing::Unknown(AskNeeded { identified })),
        OnStale::Refuse => {
            let admitted = refused(identified, Rejection::Unheard, live, noted)?;
            Ok(Standing::Admitted(admitted))
        }
    }
}

/// A refusal, unless the route only observes it.
#[cold]
fn refused<'a, B>(
    mut identified: Identified<'a, B>,
    rejection: Rejection,
    live: &Live,
    noted: &mut Noted,
) -> Result<Admitted<'a, B>, Rejection> {
    noted.refused(&identified.routed, live);
    identified.observed = Some(observe(rejection, identified.routed.route.mode)?);
    Ok(Admitted { identified })
}

impl<'a, B> AskNeeded<'a, B> {
    /// Waits for the row, as it is now: whatever is kept of it was kept before. The look-up is the control runtime's and
    /// serves all who ask for the same row.
    pub(super) async fn wait(
        self,
        live: &Live,
        control: &Control,
        noted: &mut Noted,
    ) -> Result<Admitted<'a, B>, Rejection> {
        let identified = self.identified;
        let asked = asked(&identified, live);
        let asked = asked.and_then(|(revocation, grant)| Some((revocation.ask.as_ref()?, grant)));
        let Some((ask, grant)) = asked else {
            return refused(identified, Rejection::Unheard, live, noted);
        };
        let looked = ask.ask(grant.looked_up_by(), |look_up| {
            control.tasks.spawn_on(look_up, &control.runtime);
        });
        let looked = looked.await;
        ask.tally().waited(&looked);
        if row::judge(&looked).is_ok()
            && let Some((revocation, grant)) = self::asked(&identified, live)
            && let Err(rejection) = revocation.ask_secret(grant, control).await
        {
            return refused(identified, rejection, live, noted);
        }
        Self { identified }.judged(&looked, live, noted)
    }

    /// Decides by the row.
    fn judged(
        self,
        looked: &Looked,
        live: &Live,
        noted: &mut Noted,
    ) -> Result<Admitted<'a, B>, Rejection> {
        match row::judge(looked) {
            Ok(_) => admit_again(self.identified, live, noted),
            Err(rejection) => refused(self.identified, rejection, live, noted),
        }
    }

    /// Decides by the row and by what has become of the password.
    pub(super) fn judged_with(
        self,
        (looked, secret): (&Looked, Option<SecretSeen>),
        live: &Live,
        noted: &mut Noted,
    ) -> Result<Admitted<'a, B>, Rejection> {
        if row::judge(looked).is_ok()
            && let Some(secret) = secret
            && let Some((revocation, grant)) = asked(&self.identified, live)
            && let Err(rejection) = revocation.by_secret(grant, secret)
        {
            return refused(self.identified, rejection, live, noted);
        }
        self.judged(looked, live, noted)
    }

    /// What the row is looked up by.
    pub(super) fn looked_up_by(&self) -> Option<&str> {
        let grant = self.identified.proof.as_ref()?.grant.as_ref()?;
        Some(grant.looked_up_by())
    }
}

impl Revocation {
    /// Whether the member's password is the one that was seen last.
    async fn ask_secret(&self, grant: &Grant, control: &Control) -> Result<(), Rejection> {
        let Some(asking) = self.asking(grant.looked_up_by()) else {
            return Ok(());
        };
        let asked = control.tasks.spawn_on(asking, &control.runtime).await;
        self.by_secret(grant, asked.unwrap_or(SecretSeen::Unknown))
    }

    /// What has become of a member's password, where that can be asked at all. To be run on a runtime with timers.
    pub fn asking(
        &self,
        looked_up_by: &str,
    ) -> Option<impl Future<Output = SecretSeen> + Send + use<>> {
        let (secrets, ask) = self.denylist.secrets().zip(self.ask.as_ref())?;
        let limit = ask.settings().deadline;
        let member = looked_up_by.to_owned();
        Some(async move {
            let asked = timeout(limit, secrets.ask(member)).await;
            asked.unwrap_or(SecretSeen::Unknown)
        })
    }

    /// Where it is another one, it was changed after the table was last heard: what was issued before that has ended, and of
    /// what was issued since nobody knows.
    fn by_secret(&self, grant: &Grant, seen: SecretSeen) -> Result<(), Rejection> {
        match seen {
            SecretSeen::AsKnown => Ok(()),
            SecretSeen::Another => self.changed_since(grant),
            SecretSeen::Unknown => Err(Rejection::Unheard),
        }
    }

    fn changed_since(&self, grant: &Grant) -> Result<(), Rejection> {
        let heard = match self.denylist.freshness().at(Clock.instant()) {
            // It was heard again meanwhile, and the denylist knows.
            Heard::Unwatched | Heard::Fresh(_) => return Ok(()),
            Heard::Stale(None) => return Err(Rejection::Unheard),
            Heard::Stale(Some(age)) => Clock.unix_seconds().0.saturating_sub(age.as_secs()),
        };
        let before = UnixSeconds(heard.saturating_sub(DOUBT));
        // What is known to have begun after an earlier change has perhaps begun after this one.
        let earliest = self.denylist.earliest_issue(grant.member());
        let is_later = earliest.is_some_and(|earliest| earliest <= grant.issued());
        if grant.issued() <= before && !is_later {
            return Err(Revoked::EndedBefore(before).into());
        }
        Err(Rejection::Unheard)
    }

    /// What is said of a token at this moment, and how far that can be trusted.
    #[cold]
    pub(super) fn told(&self, grant: Option<&Grant>, now: Instant) -> String {
        let Some(grant) = grant else {
            return "nothing: it is not about a row of the user table".to_owned();
        };
        let verdict = match self.denylist.judge(grant) {
            Ok(()) => "nothing against it".to_owned(),
            Err(revoked) => revoked.to_string(),
        };
        let issued = grant.issued();
        let heard = match self.denylist.freshness().at(now) {
            Heard::Unwatched => "no table is watched".to_owned(),
            Heard::Fresh(age) => format!("the table was heard {} ms ago", age.as_millis()),
            Heard::Stale(Some(age)) => format!(
                "the watch is behind: the table was heard {} ms ago",
                age.as_millis()
            ),
            Heard::Stale(None) => "the watch is behind: the table has not been read".to_owned(),
        };
        format!("{verdict} (issued {issued}; {heard})")
    }
}
