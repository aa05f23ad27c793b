//! Which keys are believed, and whose they are: told by their names and fingerprints, never by what they are.

use serde::Serialize;

use crate::{config::compiled::Tokens, token::keyring::ListedKey};

/// What becomes different about a key, or about an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct KeyChange {
    /// Whose keys: `tokens.access`, `tokens.refresh`, or the `iss` of an issuer.
    pub(super) issuer: String,
    /// What becomes of it.
    pub(super) change: What,
    /// Which key; none where it is about the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
}

/// What becomes of a key or an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Added,
    Removed,
    /// Its name or its times.
    Changed,
}

impl What {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

pub(super) fn changes(old: &Tokens, new: &Tokens) -> Vec<KeyChange> {
    let (before, after) = (issuers(old), issuers(new));
    let mut changes = Vec::new();
    for (name, keys) in &before {
        match after.iter().find(|(other, _)| other == name) {
            Some((_, others)) => compare(name, keys, others, &mut changes),
            None => changes.push(change(name, What::Removed, None)),
        }
    }
    for (name, keys) in &after {
        if !before.iter().any(|(other, _)| other == name) {
            changes.push(change(name, What::Added, None));
            let keys = keys.iter();
            changes.extend(keys.map(|key| change(name, What::Added, Some(key))));
        }
    }
    changes.sort_by(|one, other| {
        let key = |it: &KeyChange| (it.issuer.clone(), it.change, it.key.clone());
        key(one).cmp(&key(other))
    });
    changes
}

fn issuers(tokens: &Tokens) -> Vec<(String, &[ListedKey])> {
    let mut issuers = vec![("tokens.access".to_owned(), tokens.access.keys.as_slice())];
    if let Some(refresh) = &tokens.refresh {
        issuers.push(("tokens.refresh".to_owned(), refresh.keys.as_slice()));
    }
    for issuer in &tokens.issuers {
        let name = issuer.checks.name.as_deref().unwrap_or_default();
        issuers.push((name.to_owned(), issuer.keys.as_slice()));
    }
    issuers
}

fn compare(issuer: &str, old: &[ListedKey], new: &[ListedKey], changes: &mut Vec<KeyChange>) {
    for key in old {
        let same = new.iter().find(|other| key.key.accepts_same(&other.key));
        match same {
            None => changes.push(change(issuer, What::Removed, Some(key))),
            Some(other) if described(key) != described(other) => {
                changes.push(change(issuer, What::Changed, Some(other)));
            }
            Some(_) => {}
        }
    }
    for key in new {
        if !old.iter().any(|other| key.key.accepts_same(&other.key)) {
            changes.push(change(issuer, What::Added, Some(key)));
        }
    }
}

fn change(issuer: &str, change: What, key: Option<&ListedKey>) -> KeyChange {
    KeyChange {
        issuer: issuer.to_owned(),
        change,
        key: key.map(described),
    }
}

/// `RS256 a (sha256 0123456789abcdef), from 2026-01-01T00:00:00Z`.
fn described(listed: &ListedKey) -> String {
    let mut text = listed.key.algorithm().name().to_owned();
    if let Some(kid) = &listed.kid {
        text = format!("{text} {}", kid.escape_debug());
    }
    text = match listed.key.fingerprint() {
        Some(fingerprint) => format!("{text} (sha256 {fingerprint})"),
        None => format!("{text} (a secret)"),
    };
    for (word, moment) in [("from", listed.active_from), ("until", listed.retires_at)] {
        if let Some(moment) = moment {
            text = format!("{text}, {word} {moment}");
        }
    }
    text
}
