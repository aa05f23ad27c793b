//! Secrets that gateways write themselves: announced in our own tables before they are written, so that no gateway takes
//! one for a change by somebody else and ends sessions for it.
//!
//! What is announced is what is written and what it is written over, once for each write: two gateways may be about to write
//! at the same time, and nobody knows which of them will have been first. It excuses a change from that to this and no other:
//! where the monolith has changed the secret just before, sessions end although the row by now holds what a gateway wrote.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fingerprint::Fingerprinting;
use super::settings::Settings;
use crate::entropy::hex_pair;
use crate::member::MemberId;
use crate::secret::Secret;
use crate::state::{Error, Fingerprint, State};
use crate::store::watched_text;

/// How many digits stand for what is written.
const PRINT: usize = 32;

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
            let print = |text| table.of_secret(&member, watched_text(text).expose());
            let (over, written) = (print(over), print(password));
            let name = table.announced();
            let is_past = |key: &str, of: Fingerprint| of != over && key != key_of(&member, over);
            forget(&self.state, &name, &member, is_past).await?;
            let announced = vec![(key_of(&member, written), over)];
            self.state.put_fingerprints(&name, announced).await?;
        }
        Ok(())
    }
}

/// What a write is kept under: whose secret it is, and what is written.
fn key_of(member: &str, Fingerprint(written): Fingerprint) -> String {
    let hex = written.iter().take(PRINT / 2);
    let hex = hex.flat_map(|byte| hex_pair(*byte)).map(char::from);
    member.chars().chain([' ']).chain(hex).collect()
}

/// Forgets what was announced of a member, as far as it is past. Whoever writes is not yet seen to have written.
pub(super) async fn forget(
    state: &State,
    name: &str,
    member: &str,
    is_past: impl Fn(&str, Fingerprint) -> bool,
) -> Result<(), Error> {
    let own = format!("{member} ");
    let behind = state.fingerprints(name, &own).await?;
    let of_member = behind
        .into_iter()
        .take_while(|(key, _)| key.starts_with(&own))
        // An id may begin with another one.
        .filter(|(key, _)| key.len() == own.len() + PRINT);
    let past = of_member.filter(|(key, over)| is_past(key, *over));
    let past: Vec<String> = past.map(|(key, _)| key).collect();
    state.forget_fingerprints(name, &past).await
}

/// Those of these members whose secrets, as they were seen now, a gateway has written over what was known before.
pub(super) async fn own(
    state: &State,
    fingerprinting: &Fingerprinting,
    seen: &[(String, Fingerprint)],
) -> Result<HashSet<String>, Error> {
    let keys = seen.iter().map(|(member, print)| key_of(member, *print));
    let keys: Vec<String> = keys.collect();
    let over = of(state, &fingerprinting.announced(), &keys).await?;
    let ours = seen.iter().zip(&keys);
    let ours = ours.filter_map(|((member, print), key)| Some((member, (print, over.get(key)?))));
    let ours: HashMap<&String, _> = ours.collect();
    let members: Vec<String> = ours.keys().map(ToString::to_string).collect();
    let known = of(state, fingerprinting.source(), &members).await?;
    // Another gateway may have seen it first: then it is what is known, and what else it meant is in the log of changes.
    let is_own = |(member, (seen, over)): &(&&String, &(&Fingerprint, &Fingerprint))| {
        let known = known.get(**member);
        known == Some(*seen) || known == Some(*over)
    };
    let own = ours.iter().filter(is_own);
    Ok(own.map(|(member, _)| (*member).clone()).collect())
}

async fn of(
    state: &State,
    source: &str,
    members: &[String],
) -> Result<HashMap<String, Fingerprint>, Error> {
    let found = state.fingerprints_of(source, members).await?;
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::clock::UnixSeconds;
    use crate::state::{self, Keep, Migrate, Task};
    use crate::store::{DatabaseUrl, PoolSettings};

    const NOW: UnixSeconds = UnixSeconds(1_700_000_000);

    async fn state(folder: &TempDir) -> Arc<State> {
        let path = folder.path().join("state.db");
        let url = format!("sqlite:{}", path.display());
        let long = Duration::from_secs(100);
        let settings = state::Settings {
            database: DatabaseUrl::parse(&url).expect("a URL"),
            migrate: Migrate::ByHand,
            pool: PoolSettings { min: 1, max: 1 },
            connect_timeout: long,
            deadline: long,
            tls: None,
            keep: Keep {
                addresses: long,
                ended_sessions: long,
                stamps: long,
                member_acts: long,
            },
        };
        let state = State::open(&settings).expect("good settings");
        let up = Task::Up { resume: false };
        state.migrate(up, NOW).await.expect("to migrate");
        Arc::new(state)
    }

    fn fingerprinting() -> Fingerprinting {
        Fingerprinting::named(
            b"a key of the tests that nobody uses",
            "user",
            &["password"],
        )
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    async fn is_own(state: &State, text: &str) -> bool {
        let of = fingerprinting();
        let print = of.of_secret("7", watched_text(&secret(text)).expose());
        let own = own(state, &of, &[("7".to_owned(), print)]).await;
        own.expect("an answer").contains("7")
    }

    /// What a look has seen.
    async fn known(state: &State, text: &str) {
        let of = fingerprinting();
        let print = of.of_secret("7", watched_text(&secret(text)).expose());
        let known = vec![("7".to_owned(), print)];
        let put = state.put_fingerprints(of.source(), known).await;
        put.expect("to be kept");
    }

    #[tokio::test]
    async fn two_gateways_that_upgrade_one_hash_at_once_end_no_sessions() {
        let folder = TempDir::new().expect("a folder");
        let state = state(&folder).await;
        let gateway = || Announcements {
            state: Arc::clone(&state),
            of: vec![fingerprinting()],
        };
        let announce = async |over: &str, written: &str| {
            let (id, over, written) = (MemberId::Integer(7), secret(over), secret(written));
            let announced = gateway().expect(&id, &over, &written).await;
            announced.expect("to be announced");
        };
        known(&state, "old").await;
        announce("old", "one").await;
        announce("old", "other").await;
        // Whichever was first is in the row now.
        assert!(is_own(&state, "one").await);
        assert!(is_own(&state, "other").await);
        assert!(!is_own(&state, "monolith").await);
        // The next write forgets what cannot come any more, and not what may not have been seen yet.
        announce("one", "next").await;
        assert!(is_own(&state, "one").await);
        assert!(!is_own(&state, "other").await);
        assert!(
            !is_own(&state, "next").await,
            "it is not written over what is known"
        );
        known(&state, "one").await;
        assert!(is_own(&state, "next").await);
    }
}
