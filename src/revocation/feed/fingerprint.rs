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

/// The name under which announcements are kept, beside that of what is stored.
pub(super) fn announced_under(source: &str) -> String {
    format!("{source}!")
}

impl std::fmt::Debug for Fingerprinting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fingerprinting")
    }
}

impl Fingerprinting {
    pub(super) fn new(secret: &[u8], table: &Table) -> Self {
        let columns: Vec<&str> = table.store.ruled.iter().map(String::as_str).collect();
        Self::named(secret, &table.store.table, &columns)
    }

    /// Of these columns of a table.
    pub(super) fn named(secret: &[u8], table: &str, columns: &[&str]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        // Fingerprints of other columns or by another key say nothing about these: they are kept apart.
        let named = format!("{table}\n{}", columns.join("\n"));
        let check = hmac::sign(&key, named.as_bytes());
        let check = check.as_ref().iter().take(6);
        let check: String = check
            .flat_map(|byte| hex_pair(*byte))
            .map(char::from)
            .collect();
        let table: String = table.chars().take(64).collect();
        let source = format!("{table}#{check}");
        Self { key, source }
    }

    /// What they are kept under.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What those are kept under that are announced.
    pub(super) fn announced(&self) -> String {
        announced_under(&self.source)
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
