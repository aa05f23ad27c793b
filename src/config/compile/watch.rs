//! What is watched in the monolith's tables.

use std::time::Duration;

use super::{
    Findings, database, profile, revocation, tokens, users,
    watched_tables::{self, Part},
};
use crate::{
    config::document::{
        Document,
        watch::{self, Effect, Table, Watch, When},
    },
    member::{StateName, spelling::Spelling},
    revocation::{
        Subjects,
        feed::{self, Settings},
    },
    secret::Secret,
    store::{self, Columns, DatabaseUrl, PoolSettings, StateRule, TlsSettings},
};

/// A shorter key of fingerprints could be guessed by whoever reads them.
const SHORTEST_SECRET: usize = 32;

/// A server that says less often that it is there could be away for longer than a ban may take.
const LONGEST_HEARTBEAT: Duration = Duration::from_millis(300);

/// Many columns have whole seconds.
const SHORTEST_OVERLAP: Duration = Duration::from_secs(1);

/// Looks at everything may take longer than one for a login: they read a thousand rows.
const SHORTEST_DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> Option<Settings> {
    let written = document.watch.as_ref()?;
    let Some(users) = users else {
        if document.users.is_none() {
            let fix = "add `users`, which says where it is and what its columns are";
            findings.mistake("watch", "there is no user table to be watched", fix);
        }
        return None;
    };
    let reached = reached(written, users, findings)?;
    let source = source(written, &reached.database, findings);
    let mut tables = tables(document, users, findings);
    for table in &mut tables {
        table.store.database = reached.database.clone();
        table.store.tls.clone_from(&reached.tls);
    }
    let logins = logins(document, users, &mut tables, findings);
    changed_at(written, &tables, findings);
    times(written, findings);
    let secret = secret(document, &tables, findings);
    for (place, table) in tables.iter().enumerate() {
        let path = format!("watch.tables[{place}]");
        let fix = "write names as the database has them";
        findings.take(table.store.check(), &path, fix)?;
    }
    Some(Settings {
        source,
        tables,
        secret,
        heartbeat: written.heartbeat.into(),
        stale_after: written.stale_after.into(),
        reconcile: written.reconcile.every.into(),
        rate: written.reconcile.rate,
        poll: written.poll.every.into(),
        announced: document.passwords.upgrade.is_some() || profile::changes_passwords(document),
        overlap: written.poll.overlap.into(),
        logins,
    })
}

/// Where tokens say what users log in with, the table that has it has to be read for it.
fn logins(
    document: &Document,
    users: &store::Settings,
    tables: &mut [feed::Table],
    findings: &mut Findings<'_>,
) -> Option<Spelling> {
    let (Subjects::Logins(spelling), _) = revocation::subjects(document, Some(users)) else {
        return None;
    };
    for table in tables {
        let part = Part::named(users, &table.store.table);
        if let Some(login) = part.and_then(|part| part.login()) {
            table.store.columns.login = login;
            return Some(spelling);
        }
    }
    let message = "nothing of these tables can be told of tokens: those say what users log in with, and no table has that";
    let fix = "add the table of `users.columns.login` to `watch.tables`";
    findings.warning("watch.tables", message, fix);
    None
}

/// The server, and how it is spoken to.
struct Reached {
    database: DatabaseUrl,
    tls: Option<TlsSettings>,
}

fn reached(
    written: &Watch,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Option<Reached> {
    let database = match &written.database {
        Some(url) => database::url(url, "watch.database", findings)?,
        None => users.database.clone(),
    };
    let tls = match &written.tls {
        Some(tls) => Some(TlsSettings {
            authorities: tls
                .ca
                .as_deref()
                .and_then(|ca| database::read_authorities(ca, "watch.tls.ca", findings)),
        }),
        None => users.tls.clone(),
    };
    Some(Reached { database, tls })
}

fn source(written: &Watch, database: &DatabaseUrl, findings: &mut Findings<'_>) -> feed::Source {
    match (written.source, database) {
        (Some(watch::Source::Binlog), DatabaseUrl::Sqlite(_)) => {
            let fix = "write `polling`, or leave it out";
            findings.mistake("watch.source", "SQLite has no binlog", fix);
            feed::Source::Polling
        }
        (Some(watch::Source::Binlog) | None, DatabaseUrl::MySql(_)) => feed::Source::Binlog,
        (Some(watch::Source::Polling), _) | (None, DatabaseUrl::Sqlite(_)) => feed::Source::Polling,
    }
}

fn times(written: &Watch, findings: &mut Findings<'_>) {
    let heartbeat = Duration::from(written.heartbeat);
    if heartbeat.is_zero() || heartbeat > LONGEST_HEARTBEAT {
        let message = "a server would be missed too late, or asked without a pause";
        findings.mistake("watch.heartbeat", message, "write a time from 1ms to 300ms");
    }
    if Duration::from(written.stale_after) < heartbeat.saturating_mul(2) {
        let message = "the watch would be behind between two heartbeats";
        let fix = "write at least twice `watch.heartbeat`, such as 1s";
        findings.mistake("watch.stale_after", message, fix);
    }
    if Duration::from(written.poll.overlap) < SHORTEST_OVERLAP {
        let message = "of two transactions in one second only one would be seen";
        let fix = "write 1s or more: longer than any transaction takes that writes to the table";
        findings.mistake("watch.poll.overlap", message, fix);
    }
    for (path, every) in [
        ("watch.reconcile.every", written.reconcile.every),
        ("watch.poll.every", written.poll.every),
    ] {
        if Duration::from(every) < Duration::from_millis(100) {
            let message = "the database would do nothing else";
            findings.mistake(path, message, "write a time of 100ms or more");
        }
    }
    if written.reconcile.rate < 100 {
        let message = "a look at everything would take too long to be of use";
        findings.mistake("watch.reconcile.rate", message, "write 100 rows or more");
    }
}

fn secret(
    document: &Document,
    tables: &[feed::Table],
    findings: &mut Findings<'_>,
) -> Option<Secret<Vec<u8>>> {
    const PATH: &str = "watch.secret";
    let remembers = |table: &feed::Table| table.deleted || !table.store.ruled.is_empty();
    let is_needed = tables.iter().any(remembers);
    if is_needed && document.state.is_none() {
        let message = "what the tables do not remember has to be kept: that a password was changed, that a row is gone";
        let fix = "add `state`, sidegate's own tables";
        findings.mistake("watch.tables", message, fix);
    }
    let Some(text) = document
        .watch
        .as_ref()
        .and_then(|watch| watch.secret.as_ref())
    else {
        if is_needed {
            let message =
                "nothing tells that a password was changed or a row is gone after a restart";
            let fix = "write `watch.secret`, such as \"${WATCH_SECRET}\"";
            findings.absence("watch", message, fix);
        }
        return None;
    };
    let secret = tokens::secret(text, PATH, findings)?;
    if secret.expose().len() < SHORTEST_SECRET {
        let message = format!("the secret has less than {SHORTEST_SECRET} characters");
        let fix = "write a longer one, such as `openssl rand -hex 32` prints";
        findings.mistake(PATH, &message, fix);
    }
    Some(secret)
}

fn tables(
    document: &Document,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Vec<feed::Table> {
    let written = document
        .watch
        .as_ref()
        .and_then(|watch| watch.tables.as_ref());
    let Some(written) = written else {
        return watched_tables::of_users(document, users, findings);
    };
    if written.is_empty() {
        let fix = "name a table, or leave `tables` out for the user table";
        findings.mistake("watch.tables", "nothing is watched", fix);
    }
    let tables = written.iter().enumerate();
    tables
        .map(|(place, written)| {
            let mut table = table((place, written), users, findings);
            let watch = document.watch.as_ref();
            let usual = || watch.and_then(|watch| watch.poll.changed_at.clone());
            table.changed_at = written.changed_at.clone().or_else(usual);
            table
        })
        .collect()
}

/// Each look reads every table whole, or none.
fn changed_at(written: &Watch, tables: &[feed::Table], findings: &mut Findings<'_>) {
    let missing = tables.iter().position(|table| table.changed_at.is_none());
    let Some(missing) = missing.filter(|_| tables.iter().any(|it| it.changed_at.is_some())) else {
        return;
    };
    if written.tables.is_some() {
        let path = format!("watch.tables[{missing}]");
        let message = "no column says when its rows were changed, as one does of other tables";
        let fix = "add `changed_at`, or `watch.poll.changed_at` for all tables";
        findings.mistake(&path, message, fix);
    }
}

/// A table of which nothing is asked yet.
pub(super) fn bare(users: &store::Settings, table: &str, key: &str) -> store::Settings {
    store::Settings {
        table: table.to_owned(),
        columns: Columns {
            id: key.to_owned(),
            login: key.to_owned(),
            password: key.to_owned(),
            salt: None,
        },
        states: Vec::new(),
        shown: Vec::new(),
        ruled: Vec::new(),
        joins: Vec::new(),
        write: None,
        pool: PoolSettings { min: 0, max: 2 },
        deadline: users.deadline.max(SHORTEST_DEADLINE),
        ..users.clone()
    }
}

fn table(
    (place, written): (usize, &Table),
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> feed::Table {
    let path = format!("watch.tables[{place}]");
    let part = Part::named(users, &written.table);
    if written.when.is_empty() {
        let fix = "write what its rows mean, such as `- { row: deleted, effect: block }`";
        findings.mistake(&format!("{path}.when"), "its rows mean nothing", fix);
    }
    let mut table = feed::Table {
        store: bare(users, &written.table, &written.key),
        deleted: false,
        cached: part.as_ref().map(Part::cached).unwrap_or_default(),
        changed_at: None,
    };
    let states = part.as_ref().map(Part::states);
    for (place, when) in written.when.iter().enumerate() {
        let path = format!("{path}.when[{place}]");
        add(&mut table, when, (&path, states.as_deref()), findings);
    }
    table
}

fn add(
    table: &mut feed::Table,
    when: &When,
    (path, states): (&str, Option<&[StateRule]>),
    findings: &mut Findings<'_>,
) {
    match (&when.states, &when.column, when.row, when.effect) {
        (Some(name), None, None, Effect::Block) if when.becomes.is_none() => {
            let path = format!("{path}.states");
            table
                .store
                .states
                .extend(named(name, &path, states, findings));
        }
        (None, Some(column), None, Effect::Block) if when.becomes.is_some() => {
            let value = when.becomes.as_ref().map(users::expected);
            let fix = "write true, false, null, a whole number or a text";
            let value =
                value.and_then(|value| findings.take(value, &format!("{path}.becomes"), fix));
            table.store.states.extend(value.map(|value| StateRule {
                name: StateName::new(column),
                all: vec![(column.clone(), value)],
            }));
        }
        (None, Some(column), None, Effect::EndSessions) if when.becomes.is_none() => {
            table.store.ruled.push(column.clone());
        }
        (None, None, Some(watch::Row::Deleted), Effect::Block) if when.becomes.is_none() => {
            table.deleted = true;
        }
        _ => {
            let fix = "write one of: { states: all, effect: block }, { column: …, becomes: …, effect: block }, \
                       { column: …, effect: end_sessions }, { row: deleted, effect: block }";
            findings.mistake(path, "this is no change with an effect", fix);
        }
    }
}

/// The states of a name.
fn named(
    name: &str,
    path: &str,
    states: Option<&[StateRule]>,
    findings: &mut Findings<'_>,
) -> Vec<StateRule> {
    let Some(states) = states else {
        let fix = "write `column` and `becomes`: states are those of `users.table`";
        findings.mistake(path, "this table has no states", fix);
        return Vec::new();
    };
    if name == "all" {
        return states.to_vec();
    }
    let found: Vec<StateRule> = states
        .iter()
        .filter(|state| state.name.as_str() == name)
        .cloned()
        .collect();
    if found.is_empty() {
        let known: Vec<&str> = states.iter().map(|state| state.name.as_str()).collect();
        let fix = "name one of `users.states`, or `all`";
        findings.unknown(path, "there is no such state", &known, fix);
    }
    found
}
