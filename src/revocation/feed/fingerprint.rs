//! Keyed hashes of watched secrets: enough to know that one has changed, and nothing to guess it by without the key.

use aws_lc_rs::hmac;

use super::settings::Table;
use crate::entropy::hex_pair;
use crate::state::Fingerprint;
use crate::store::WatchedRow;

/// Makes the fingerprints of one table.
pub(super) struct Fingerprinting {
    key: hmac::Key,
    source: String,
}

/// What of a write is announced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Announced {
    /// What is written.
    Written,
    /// What it is written over.
    Over,
}

/// The name under which announcements are kept, beside that of what is stored.
pub(super) fn announced_under(source: &str, what: Announced) -> String {
    match what {
        Announced::Written => format!("{source}!"),
        Announced::Over => format!("{source}!over"),
    }
}

impl std::fmt::Debug for Fingerprinting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fingerprinting")
    }
}

impl Fingerprinting {
    pub(super) fn new(secret: &[u8], table: &Table) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut columns = table.store.ruled.clone();
        columns.sort();
        // Fingerprints of other columns or by another key say nothing about these: they are kept apart.
        let named = format!("{}\n{}", table.store.table, columns.join("\n"));
        let check = hmac::sign(&key, named.as_bytes());
        let check = check.as_ref().iter().take(6);
        let check: String = check
            .flat_map(|byte| hex_pair(*byte))
            .map(char::from)
            .collect();
        let table: String = table.store.table.chars().take(64).collect();
        let source = format!("{table}#{check}");
        Self { key, source }
    }

    /// What they are kept under.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What those are kept under that are announced.
    pub(super) fn announced(&self, what: Announced) -> String {
        announced_under(&self.source, what)
    }

    pub(super) fn of(&self, row: &WatchedRow) -> Fingerprint {
        self.of_secret(&row.id, row.secret.expose())
    }

    pub(super) fn of_secret(&self, id: &str, secret: &[u8]) -> Fingerprint {
        let mut context = hmac::Context::with_key(&self.key);
        // The same password of two members has two fingerprints.
        context.update(&u64::try_from(id.len()).unwrap_or(u64::MAX).to_le_bytes());
        context.update(id.as_bytes());
        context.update(secret);
        let tag = context.sign();
        let mut fingerprint = [0; 32];
        for (to, from) in fingerprint.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Fingerprint(fingerprint)
    }
}
