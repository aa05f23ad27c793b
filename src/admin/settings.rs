//! Where operators connect, and what they have to show.

use std::path::PathBuf;

use crate::{listener::Address, secret::Secret, telemetry::DecisionKeeping};

/// The operators' listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where.
    pub address: Address,
    /// What operators have to show.
    pub token: TokenSource,
    /// Who may read what is counted.
    pub metrics: MetricsAccess,
    /// Names that a Host may have besides addresses and `localhost`, in lower case.
    pub hosts: Vec<String>,
    /// What is remembered of decisions.
    pub decisions: DecisionKeeping,
}

/// Where the operators' token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The operator has chosen it.
    Written(Secret<String>),
    /// It is made at the start and written to this file; `None` leaves the choice of the file to the gateway.
    Made(Option<PathBuf>),
}

/// Who may read what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Whoever has the token.
    Token,
    /// Whoever can connect.
    Open,
}
