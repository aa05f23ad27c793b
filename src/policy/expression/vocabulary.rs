//! The variables of expressions, and which of them one speaks of.

use std::collections::BTreeSet;

/// The variables. What they stand for is in `docs/policy.md`.
pub(super) const VARIABLES: [&str; 7] = [
    "claims",
    "subject",
    "path",
    "request",
    "client",
    "certificate",
    "now",
];
/// A variable that consists of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// Any name, with anything behind it.
    Claims,
    /// The names of the route's pattern, with a text behind each.
    Path,
    Request,
    Client,
    Certificate,
}

/// What of a request an expression speaks of: nothing else is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    pub(super) claims: BTreeSet<String>,
    pub(super) parameters: BTreeSet<String>,
    pub(super) fields: BTreeSet<(&'static str, &'static str)>,
    pub(super) subject: bool,
    pub(super) now: bool,
}

impl Object {
    const ALL: [Self; 5] = [
        Self::Claims,
        Self::Path,
        Self::Request,
        Self::Client,
        Self::Certificate,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Path => "path",
            Self::Request => "request",
            Self::Client => "client",
            Self::Certificate => "certificate",
        }
    }

    /// What it consists of; nothing where that is not ours to say.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Claims | Self::Path => &[],
            Self::Request => &["method", "host", "path"],
            Self::Client => &["address"],
            Self::Certificate => &["subject", "names", "fingerprint"],
        }
    }
}

/// The variable of this name.
pub(super) fn object_called(name: &str) -> Option<Object> {
    Object::ALL.into_iter().find(|object| object.name() == name)
}

impl Mentions {
    pub(super) fn read_token(&self) -> bool {
        self.subject || !self.claims.is_empty()
    }
}
