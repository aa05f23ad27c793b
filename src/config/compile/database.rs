//! What every database has: an address, and authorities that vouch for it.

use super::{Findings, tokens::secret_text};
use crate::{
    certificate::authorities,
    config::{
        document::tokens::SecretText,
        source::{Files, LARGEST_SOURCE},
    },
    store::DatabaseUrl,
};

/// The address of a database; a file begins where this one is.
pub(super) fn url(
    text: &SecretText,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<DatabaseUrl> {
    let url = secret_text(text, path, findings)?;
    let url = DatabaseUrl::parse(url.expose());
    let fix = "write mysql://user:password@host/database or sqlite:path";
    let url = findings.take(url, path, fix)?;
    Some(url.relative_to(&findings.folder))
}

/// Read here, and not where connections are made: a file that changes makes another configuration, and so connections
/// that are verified by it.
pub(super) fn read_authorities(
    ca: &str,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<u8>> {
    const FIX: &str = "name a readable file with certificates of authorities in PEM";
    let file = findings.resolve(ca);
    let read = findings.files.read(&file, LARGEST_SOURCE);
    let read = read.map_err(|_| format!("{} cannot be read", file.display()));
    let text = findings.take(read, path, FIX)?;
    findings.take(authorities(&text), path, FIX)?;
    Some(text)
}
