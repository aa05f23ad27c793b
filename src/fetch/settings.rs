//! Where a key set is, and how long it is good for.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::http::uri::PathAndQuery;

use crate::{token::key::Algorithm, upstream::Endpoint};

/// One issuer's key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose it is.
    pub issuer: Arc<str>,
    /// Where it is.
    pub source: Source,
    /// What its keys may be for.
    pub algorithms: Vec<Algorithm>,
    /// How often a URL is asked.
    pub refresh: Duration,
    /// How long the last set is used while a URL cannot be read.
    pub stale_if_error: Duration,
}

impl Settings {
    /// Whether both are of the same set, and read it as the same keys.
    pub fn is_same_set(&self, other: &Self) -> bool {
        let Self {
            issuer,
            source,
            algorithms,
            refresh: _,
            stale_if_error: _,
        } = self;
        *issuer == other.issuer && *source == other.source && *algorithms == other.algorithms
    }
}

/// Where a key set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url {
        /// Where it leads.
        endpoint: Endpoint,
        /// The value of Host.
        authority: Box<str>,
        /// What is asked for.
        target: PathAndQuery,
    },
}
