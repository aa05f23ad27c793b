//! What a watch is told: which tables, what their rows mean, how often to look.

use std::time::Duration;

use crate::member::spelling::Spelling;
use crate::revocation::binlog::{self, Watched};
use crate::secret::Secret;
use crate::store;

/// Everything a watch needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where changes come from.
    pub source: Source,
    /// The tables.
    pub tables: Vec<Table>,
    /// The key of the fingerprints of secrets; needed where a table has any.
    pub secret: Option<Secret<Vec<u8>>>,
    /// How often the server says that it is there.
    pub heartbeat: Duration,
    /// For how long what was heard counts.
    pub stale_after: Duration,
    /// How soon after the last look everything is looked at again.
    pub reconcile: Duration,
    /// How many rows a look takes each second at most, where nobody waits for it.
    pub rate: u32,
    /// How soon after the last look the next one begins where changes are polled.
    pub poll: Duration,
    /// Whether gateways write passwords themselves, and announce it.
    pub announced: bool,
    /// How much earlier than the newest stamp rows are read again, where a column says when they were changed.
    pub overlap: Duration,
    /// Which spellings of what users log in with are one, where that is what tokens say.
    pub logins: Option<Spelling>,
}

/// Where changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The row binlog; polling while the server does not allow it.
    Binlog,
    /// The tables themselves.
    Polling,
}

/// A table, and what its rows mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// How it is read: its id is the id of a member, its states block, its ruled columns are those whose change ends
    /// sessions.
    pub store: store::Settings,
    /// Whether a member without a row is blocked.
    pub deleted: bool,
    /// Columns that are cached elsewhere, and have to be read anew when they change.
    pub cached: Vec<String>,
    /// The column that says when a row was changed. Where every table has one, polling reads what was changed and who is
    /// there, and everything only as often as otherwise.
    pub changed_at: Option<String>,
}

impl Table {
    /// Whether fingerprints of its rows are kept: to know that a secret has changed, or that there was a row.
    pub(super) fn is_fingerprinted(&self) -> bool {
        self.deleted || !self.store.ruled.is_empty()
    }

    /// Whether its rows say what their users log in with.
    pub fn has_logins(&self) -> bool {
        self.store.columns.login != self.store.columns.id
    }

    fn watched(&self) -> Watched {
        let (schema, table) = match self.store.table.split_once('.') {
            Some((schema, table)) => (Some(schema.to_owned()), table),
            None => (None, self.store.table.as_str()),
        };
        let of_states = self.store.states.iter().flat_map(|state| &state.all);
        let of_states = of_states.map(|(column, _)| column);
        let mut columns: Vec<String> = of_states.chain(&self.cached).cloned().collect();
        let login = Some(&self.store.columns.login).filter(|_| self.has_logins());
        columns.extend(
            login
                .filter(|login| !self.store.ruled.contains(login))
                .cloned(),
        );
        columns.sort();
        columns.dedup();
        Watched {
            schema,
            table: table.to_owned(),
            key: self.store.columns.id.clone(),
            columns,
            secrets: self.store.ruled.clone(),
        }
    }
}

impl Settings {
    /// The table that says what users log in with.
    pub(super) fn table_of_logins(&self) -> Option<usize> {
        self.logins?;
        self.tables.iter().position(Table::has_logins)
    }

    /// What a replica is told; nothing where there are no tables.
    pub(super) fn replica(&self) -> Option<binlog::Settings> {
        let first = self.tables.first()?;
        Some(binlog::Settings {
            database: first.store.database.clone(),
            tls: first.store.tls.clone(),
            connect_timeout: first.store.connect_timeout,
            heartbeat: self.heartbeat,
            tables: self.tables.iter().map(Table::watched).collect(),
        })
    }
}
