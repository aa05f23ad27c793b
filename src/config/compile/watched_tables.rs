//! Which of the tables that a user's row is made of tell what, where nothing is written about it.
//!
//! A watch looks at one table at a time, and a row of it has to say whose it is. So a state that asks columns of several
//! tables cannot be watched, nor can a table that is joined by something else than the user's id.

use super::{Findings, watch::bare};
use crate::{
    config::{document::Document, reading::places::key_step},
    member::StateName,
    revocation::feed,
    store::{Settings, StateRule},
};

/// One of the tables, and what of the user it has.
pub(super) struct Part<'a> {
    users: &'a Settings,
    place: usize,
    table: &'a str,
}

impl<'a> Part<'a> {
    fn all(users: &'a Settings) -> impl Iterator<Item = Self> {
        let joined = users.joins.iter().map(|join| join.table.as_str());
        let tables = std::iter::once(users.table.as_str()).chain(joined);
        tables.enumerate().map(move |(place, table)| Self {
            users,
            place,
            table,
        })
    }

    /// The one with this name, if it is one of them.
    pub(super) fn named(users: &'a Settings, table: &str) -> Option<Self> {
        Self::all(users).find(|part| part.table == table)
    }

    /// A column of this table, by its name there.
    fn own(&self, column: &str) -> Option<String> {
        let (place, name) = self.users.column(column)?;
        (place == self.place).then_some(name)
    }

    /// The states that this table alone tells.
    pub(super) fn states(&self) -> Vec<StateRule> {
        let states = self.users.states.iter().filter_map(|state| {
            let own = state.all.iter();
            let own = own.map(|(column, value)| Some((self.own(column)?, value.clone())));
            Some(StateRule {
                name: state.name.clone(),
                all: own.collect::<Option<_>>()?,
            })
        });
        states.collect()
    }

    /// Its columns that rules ask for.
    pub(super) fn cached(&self) -> Vec<String> {
        let ruled = self.users.ruled.iter();
        ruled.filter_map(|column| self.own(column)).collect()
    }

    /// Its column that has what users log in with.
    pub(super) fn login(&self) -> Option<String> {
        self.own(&self.users.columns.login)
    }

    /// Its column that has the id of the user.
    fn key(&self) -> Option<String> {
        let (_, id) = self.users.column(&self.users.columns.id)?;
        let Some(joined) = self.place.checked_sub(1) else {
            return Some(id);
        };
        let on = &self.users.joins.get(joined)?.on;
        let own = on.iter().find(|(_, first)| *first == id);
        own.map(|(own, _)| own.clone())
    }

    fn is_optional(&self) -> bool {
        let joined = self.place.checked_sub(1);
        let joined = joined.and_then(|joined| self.users.joins.get(joined));
        joined.is_some_and(|join| join.is_optional)
    }
}

/// What holds where nothing is written: states block, another password ends sessions, and so does a row that is gone.
pub(super) fn of_users(
    document: &Document,
    users: &Settings,
    findings: &mut Findings<'_>,
) -> Vec<feed::Table> {
    let remembers = document.state.is_some();
    if !remembers {
        let message = "only the states of users are watched: without `state` nothing remembers that a password was \
                       changed or a row is gone";
        let fix = "add `state`, or name the `tables` and what they mean";
        findings.warning("watch", message, fix);
    }
    told_by_several(users, findings);
    let changed_at = document.watch.as_ref();
    let changed_at = changed_at.and_then(|watch| watch.poll.changed_at.as_ref());
    let tables = Part::all(users).filter_map(|part| {
        let table = table(&part, remembers, findings)?;
        Some(feed::Table {
            changed_at: changed_at.cloned(),
            ..table
        })
    });
    tables.collect()
}

fn table(part: &Part<'_>, remembers: bool, findings: &mut Findings<'_>) -> Option<feed::Table> {
    let states = part.states();
    let secret = part.own(&part.users.columns.password);
    let secret = secret.filter(|_| remembers);
    let Some(key) = part.key() else {
        if secret.is_some() || !states.is_empty() {
            let message = format!(
                "rows of `{}` do not have the id of the user, so that nobody knows whose they are when they change",
                part.table
            );
            let fix = "name the `tables` that are watched and what they mean";
            findings.mistake("watch", &message, fix);
        }
        return None;
    };
    let mut store = bare(part.users, part.table, &key);
    store.states = states;
    store.ruled = secret.into_iter().collect();
    let table = feed::Table {
        // Who has no row in a table that users have to have one in is no user.
        deleted: remembers && !part.is_optional(),
        cached: part.cached(),
        changed_at: None,
        store,
    };
    let tells = table.deleted || !table.store.states.is_empty() || !table.store.ruled.is_empty();
    (tells || !table.cached.is_empty() || part.place == 0).then_some(table)
}

fn told_by_several(users: &Settings, findings: &mut Findings<'_>) {
    let told: Vec<StateName> = Part::all(users)
        .flat_map(|part| part.states())
        .map(|state| state.name)
        .collect();
    for state in &users.states {
        if !told.contains(&state.name) {
            let path = format!("users.states{}", key_step(state.name.as_str()));
            let message = "columns of several tables tell this state, so that it cannot be watched";
            let fix = "let one table tell it, or name the `watch.tables` and what they mean";
            findings.mistake(&path, message, fix);
        }
    }
}
