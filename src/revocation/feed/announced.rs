//! Secrets that gateways write themselves: announced in our own tables before they are written, so that no gateway takes
//! one for a change by somebody else and ends sessions for it.
//!
//! What is announced is what is written and what it is written over. It excuses a change from that to this and no other: where
//! the monolith has changed the secret just before, sessions end although the row by now holds what a gateway wrote.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fingerprint::{Announced, Fingerprinting};
use super::settings::Settings;
use crate::member::MemberId;
use crate::secret::Secret;
use crate::state::{Error, Fingerprint, State};
use crate::store::watched_text;

/// Announces passwords that we are about to write.
#[derive(Debug)]
pub struct Announcements {
    state: Arc<State>,
    of: Vec<Fingerprinting>,
}

impl Announcements {
    /// For the tables of a watch whose one secret is this column; `None` where nothing is watched that a change of it would
    /// tell of.
    pub fn new(settings: &Settings, column: &str, state: &Arc<State>) -> Option<Self> {
        let key = settings.secret.as_ref()?;
        let of = settings.tables.iter();
        let of = of.filter(|table| table.store.ruled == [column]);
        let of: Vec<_> = of
            .map(|table| Fingerprinting::new(key.expose(), table))
            .collect();
        let state = Arc::clone(state);
        (!of.is_empty()).then_some(Self { state, of })
    }

    /// The password of this member is about to become another one: nobody's sessions end for it, at no gateway.
    pub async fn expect(
        &self,
        member: &MemberId,
        over: &Secret<String>,
        password: &Secret<String>,
    ) -> Result<(), Error> {
        let member = member.to_string();
        for table in &self.of {
            for (what, text) in [(Announced::Over, over), (Announced::Written, password)] {
                let fingerprint = table.of_secret(&member, watched_text(text).expose());
                let announced = vec![(member.clone(), fingerprint)];
                let name = table.announced(what);
                self.state.put_fingerprints(&name, announced).await?;
            }
        }
        Ok(())
    }
}

/// Those of these members whose secrets, as they were seen now, a gateway has written over what was known before.
pub(super) async fn own(
    state: &State,
    fingerprinting: &Fingerprinting,
    seen: &[(String, Fingerprint)],
) -> Result<HashSet<String>, Error> {
    let members: Vec<String> = seen.iter().map(|(member, _)| member.clone()).collect();
    let written = of(
        state,
        &fingerprinting.announced(Announced::Written),
        &members,
    )
    .await?;
    let ours = seen
        .iter()
        .filter(|(member, it)| written.get(member) == Some(it));
    let ours: HashMap<String, Fingerprint> = ours.cloned().collect();
    let members: Vec<String> = ours.keys().cloned().collect();
    let over = of(state, &fingerprinting.announced(Announced::Over), &members).await?;
    let known = of(state, fingerprinting.source(), &members).await?;
    // Another gateway may have seen it first: then it is what is known, and what else it meant is in the log of changes.
    let is_own = |(member, seen): &(&String, &Fingerprint)| {
        let known = known.get(*member);
        known == Some(*seen) || known == over.get(*member)
    };
    let own = ours.iter().filter(is_own);
    Ok(own.map(|(member, _)| member.clone()).collect())
}

async fn of(
    state: &State,
    source: &str,
    members: &[String],
) -> Result<HashMap<String, Fingerprint>, Error> {
    let found = state.fingerprints_of(source, members).await?;
    Ok(found.into_iter().collect())
}
