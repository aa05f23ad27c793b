//! Failures where all gateways see them.
//!
//! Beside the memory of this process and not in its place: what this process has counted itself holds also while nothing
//! else can be asked. So nothing here is an error of a login; at worst this process counts alone.

mod database;
mod valkey;

use std::sync::Arc;

use super::{
    Counter,
    backoff::{Backoff, Milliseconds},
};
use crate::{
    clock::Clock,
    state::State,
    valkey::{Breaker, Unavailable, Valkey},
};

/// Where all gateways see them.
#[derive(Debug, Clone)]
pub enum Shared {
    /// In a Redis or Valkey server.
    Valkey(Arc<Valkey>),
    /// In sidegate's own tables.
    Database(Arc<Database>),
}

/// The own tables, and how they stand.
#[derive(Debug)]
pub struct Database {
    state: Arc<State>,
    breaker: Breaker,
    clock: Clock,
}

/// Whether attempts were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// They began then, by the clock of whoever counts.
    At(Milliseconds),
    /// None was: the one of this place in the list has to wait so long.
    Waits(usize, Milliseconds),
}

impl Shared {
    /// In these tables.
    pub fn database(state: &Arc<State>, clock: Clock) -> Self {
        Self::Database(Arc::new(Database {
            state: Arc::clone(state),
            breaker: Breaker::new(clock.instant()),
            clock,
        }))
    }

    /// What it is called in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Valkey(_) => "redis",
            Self::Database(_) => "database",
        }
    }

    /// Counts one attempt for each of these, or for none.
    pub(super) async fn attempt(&self, of: &[(Counter, &Backoff)]) -> Result<Counted, Unavailable> {
        match self {
            Self::Valkey(server) => valkey::attempt(server, of, None).await,
            Self::Database(database) => {
                database::attempt(database, of, database.clock.unix_milliseconds()).await
            }
        }
    }

    /// Withdraws the attempts that began then.
    pub(super) async fn withdraw(
        &self,
        counters: &[Counter],
        began: Milliseconds,
    ) -> Result<(), Unavailable> {
        match self {
            Self::Valkey(server) => valkey::withdraw(server, counters, began).await,
            Self::Database(database) => database::withdraw(database, counters, began).await,
        }
    }

    /// Forgets all failures of these.
    pub(super) async fn clear(&self, counters: &[Counter]) -> Result<(), Unavailable> {
        match self {
            Self::Valkey(server) => valkey::clear(server, counters).await,
            Self::Database(database) => database::clear(database, counters).await,
        }
    }

    /// Whether both count in the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Valkey(one), Self::Valkey(other)) => Arc::ptr_eq(one, other),
            (Self::Database(one), Self::Database(other)) => Arc::ptr_eq(&one.state, &other.state),
            (Self::Valkey(_), Self::Database(_)) | (Self::Database(_), Self::Valkey(_)) => false,
        }
    }

    /// How whoever counts stands.
    pub fn breaker(&self) -> &Breaker {
        match self {
            Self::Valkey(server) => server.breaker(),
            Self::Database(database) => &database.breaker,
        }
    }
}
