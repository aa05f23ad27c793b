//! What came of a reload, for the log and for whoever asked for it.

use std::{error::Error, fmt};

use ::http::StatusCode;
use serde::Serialize;
use tracing::{debug, info, warn};

use super::status::Shown;
use crate::config::{diagnostic::Diagnostic, fingerprint::Hash};

/// Why the configuration is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Trigger {
    /// A file has changed.
    Change,
    /// SIGHUP.
    Signal,
    /// An operator asks for it by `POST /reload`.
    Operator,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The file is in effect.
    Applied { warnings: Vec<Diagnostic> },
    /// It was already.
    Unchanged,
    /// Everything stays as it is.
    Refused(Refused),
    /// There is no file to be read.
    NoFile,
}

const NO_FILE: &str = "this configuration was not read from a file";

/// What whoever asked is told.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [Diagnostic],
    /// What is in effect now, and why the file is not.
    config: Shown,
}

/// Why a file is not in effect.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Refused {
    /// What is wrong with it.
    mistakes: Vec<Mistake>,
    /// What differs in it and can change by a restart only.
    restart: Vec<&'static str>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Mistake {
    /// At a place in it.
    InText(Box<Diagnostic>),
    /// With all of it.
    Whole { message: String },
}

impl Trigger {
    fn name(self) -> &'static str {
        match self {
            Self::Change => "a file has changed",
            Self::Signal => "SIGHUP",
            Self::Operator => "POST /reload",
        }
    }
}

impl Outcome {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused(_) | Self::NoFile => "refused",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Applied { .. } | Self::Unchanged => StatusCode::OK,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoFile => StatusCode::CONFLICT,
        }
    }

    /// The answer to `POST /reload`.
    pub(super) fn answer(&self, config: Shown) -> Answer<'_> {
        let (warnings, reason): (&[_], _) = match self {
            Self::Applied { warnings } => (warnings, None),
            Self::Unchanged | Self::Refused(_) => (&[], None),
            Self::NoFile => (&[], Some(NO_FILE)),
        };
        Answer {
            result: self.name(),
            reason,
            warnings,
            config,
        }
    }

    /// Writes it to the log; `hash` is what is in effect now.
    pub(super) fn report(&self, trigger: Trigger, hash: Hash) {
        let reason = trigger.name();
        match self {
            Self::Applied { warnings } => {
                for warning in warnings {
                    let warning = Mistake::from(warning.clone());
                    warn!(%warning, "the configuration has a warning");
                }
                info!(%hash, reason, "the configuration was read again and is in effect");
            }
            Self::Unchanged if trigger == Trigger::Change => {
                debug!(%hash, reason, "the configuration was read again and is unchanged");
            }
            Self::Unchanged => {
                info!(%hash, reason, "the configuration was read again and is unchanged");
            }
            Self::Refused(refused) => refused.report(reason, hash),
            Self::NoFile => debug!(reason, "{NO_FILE}"),
        }
    }
}

impl From<Refused> for Outcome {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Refused {
    pub(super) fn with(mistakes: Vec<Mistake>) -> Self {
        Self {
            mistakes,
            restart: Vec::new(),
        }
    }

    pub(super) fn until_restart(restart: Vec<&'static str>) -> Self {
        Self {
            mistakes: Vec::new(),
            restart,
        }
    }

    /// Nothing is wrong with the text, but with what it needs.
    pub(super) fn for_want_of(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::with(vec![Mistake::Whole { message }])
    }

    /// How many reasons there are.
    pub(super) fn count(&self) -> usize {
        self.mistakes.len() + self.restart.len()
    }

    fn report(&self, reason: &'static str, hash: Hash) {
        for mistake in &self.mistakes {
            warn!(%mistake, "the configuration has a mistake");
        }
        for key in &self.restart {
            warn!(
                key,
                "the configuration differs in a key that only a restart can change"
            );
        }
        let count = self.count();
        warn!(%hash, reason, count, "the configuration was read again and refused: everything stays as it is");
    }
}

impl From<Diagnostic> for Mistake {
    fn from(diagnostic: Diagnostic) -> Self {
        // One line of the log; whoever wants to see the line of the file asks `check`.
        Self::InText(Box::new(Diagnostic {
            excerpt: None,
            ..diagnostic
        }))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InText(diagnostic) => diagnostic.fmt(formatter),
            Self::Whole { message } => formatter.write_str(message),
        }
    }
}
