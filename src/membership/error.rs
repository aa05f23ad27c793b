//! Why a row is not known, in words without anything of the row.

use std::sync::Arc;

use crate::store;

/// A row that cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RowError {
    /// The user database could not be asked.
    #[error(transparent)]
    Store(Arc<store::Error>),
    /// More rows are wanted at once than may wait.
    #[error("too many look-ups wait for the user database")]
    Busy,
    /// More rows are asked for in a time than may be.
    #[error("more look-ups are wanted in this time than the user database may be asked for")]
    Often,
    /// The look-up was given up half-way, for example by the drain.
    #[error("the look-up was given up")]
    Abandoned,
}

impl From<store::Error> for RowError {
    fn from(error: store::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}
