//! Asking whether a member's secrets are those that were seen last, while what watches them is behind.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::announced::own;
use super::fingerprint::Fingerprinting;
use super::settings::{Settings, Table};
use crate::state::{Fingerprint, State};
use crate::store::{self, Store};

/// The most members of whom it is asked at once.
const MOST: usize = 1024;

/// What has become of a member's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSeen {
    /// They are those that were seen last, or none was ever seen.
    AsKnown,
    /// One of them is another one.
    Another,
    /// It could not be found out.
    Unknown,
}

/// The tables with secrets, and the fingerprints that are kept of them.
pub struct Secrets {
    tables: Vec<(Store, Fingerprinting)>,
    /// Where the rows of logins are, where tokens say those.
    logins: Option<Store>,
    state: Arc<State>,
    announced: bool,
    /// One look for all who ask about the same member meanwhile.
    looks: Mutex<HashMap<String, Arc<OnceCell<SecretSeen>>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets")
    }
}

impl Secrets {
    /// Nothing where there are none. The user table is read where logins read it: the watch's own server may be the one
    /// that is away.
    pub(super) fn new(
        settings: &Settings,
        state: &Arc<State>,
        users: &store::Settings,
    ) -> Result<Option<Self>, store::Error> {
        let Some(key) = &settings.secret else {
            return Ok(None);
        };
        let logins = settings.table_of_logins();
        let logins = logins.and_then(|table| settings.tables.get(table));
        let logins = logins.map(|table| Store::open(&read_from(table, users)));
        let logins = logins.transpose()?;
        let tables = settings.tables.iter();
        let tables = tables.filter(|table| !table.store.ruled.is_empty());
        let tables = tables.map(|table| {
            let fingerprinting = Fingerprinting::new(key.expose(), table);
            Ok((Store::open(&read_from(table, users))?, fingerprinting))
        });
        let tables: Vec<_> = tables.collect::<Result<_, store::Error>>()?;
        Ok((!tables.is_empty()).then(|| Self {
            tables,
            logins,
            state: Arc::clone(state),
            announced: settings.announced,
            looks: Mutex::default(),
        }))
    }

    /// `member` is the id of a row, or the login that tokens say. Looks now, or waits for whoever does. To be asked on a runtime with timers, and until it ends.
    pub async fn ask(self: Arc<Self>, member: String) -> SecretSeen {
        let Some(look) = self.look_of(&member) else {
            return SecretSeen::Unknown;
        };
        let found = look.get_or_init(|| async {
            let seen = self.look(&member).await;
            // What comes from now on wants to know what is there from now on.
            self.looks().remove(&member);
            seen
        });
        *found.await
    }

    fn look_of(&self, member: &str) -> Option<Arc<OnceCell<SecretSeen>>> {
        let mut looks = self.looks();
        if let Some(look) = looks.get(member) {
            return Some(Arc::clone(look));
        }
        if looks.len() >= MOST {
            return None;
        }
        let look = Arc::default();
        looks.insert(member.to_owned(), Arc::clone(&look));
        Some(look)
    }

    async fn look(&self, member: &str) -> SecretSeen {
        let Some(logins) = &self.logins else {
            return self.look_of_row(member).await;
        };
        let Ok(rows) = logins.watched_named(&[member.to_owned()]).await else {
            return SecretSeen::Unknown;
        };
        for row in rows {
            match self.look_of_row(&row.id).await {
                SecretSeen::AsKnown => {}
                other @ (SecretSeen::Another | SecretSeen::Unknown) => return other,
            }
        }
        SecretSeen::AsKnown
    }

    async fn look_of_row(&self, member: &str) -> SecretSeen {
        for (store, fingerprinting) in &self.tables {
            match self.look_at(member, (store, fingerprinting)).await {
                SecretSeen::AsKnown => {}
                other @ (SecretSeen::Another | SecretSeen::Unknown) => return other,
            }
        }
        SecretSeen::AsKnown
    }

    async fn look_at(
        &self,
        member: &str,
        (store, fingerprinting): (&Store, &Fingerprinting),
    ) -> SecretSeen {
        let wanted = [member.to_owned()];
        let known = self
            .state
            .fingerprints_of(fingerprinting.source(), &wanted)
            .await;
        let rows = store.watched_rows(&wanted).await;
        let (Ok(known), Ok(rows)) = (known, rows) else {
            return SecretSeen::Unknown;
        };
        let row = rows.iter().find(|row| row.id == member);
        let known = known.iter().find(|(of, _)| of == member);
        // Without a row there is nothing to compare, and that it is missing is found elsewhere.
        let (Some(row), Some((_, known))) = (row, known) else {
            return SecretSeen::AsKnown;
        };
        let seen = fingerprinting.of(row);
        if seen == *known {
            SecretSeen::AsKnown
        } else if self.announced {
            self.is_own(fingerprinting, (member, seen)).await
        } else {
            SecretSeen::Another
        }
    }

    /// Whether what is there now was written by a gateway, over what was known.
    async fn is_own(
        &self,
        fingerprinting: &Fingerprinting,
        (member, seen): (&str, Fingerprint),
    ) -> SecretSeen {
        match own(&self.state, fingerprinting, &[(member.to_owned(), seen)]).await {
            Ok(own) if own.contains(member) => SecretSeen::AsKnown,
            Ok(_) => SecretSeen::Another,
            Err(_) => SecretSeen::Unknown,
        }
    }

    fn looks(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<SecretSeen>>>> {
        // Entries are put in and taken out whole.
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_from(table: &Table, users: &store::Settings) -> store::Settings {
    let mut read = table.store.clone();
    if read.table == users.table {
        read.database = users.database.clone();
        read.tls.clone_from(&users.tls);
    }
    read
}
