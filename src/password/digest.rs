//! One hash and a salt, or not even that: what was written before there was anything better. A stolen table of these is
//! guessed in hours, so each is read only where the configuration names it.

use super::{
    Hash, Stored, Work,
    encoding::{base64, bytes_of_hex},
    stored::Preparation,
};

/// What the hexadecimal digits of `passwords.digest` are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSettings {
    /// The hash function.
    pub hash: Hash,
    /// What stands before the password.
    pub before: Vec<Part>,
    /// What stands after it.
    pub after: Vec<Part>,
}

/// Something beside the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The same for all.
    Text(String),
    /// The row's own salt.
    Salt,
}

impl DigestSettings {
    /// Whether it takes a salt that is stored beside the password.
    pub fn is_salted(&self) -> bool {
        let mut parts = self.before.iter().chain(&self.after);
        parts.any(|part| *part == Part::Salt)
    }
}

/// `{SSHA}`, `{SSHA256}` and `{SSHA512}`: base64 of the hash and then the salt.
pub(super) fn read_ldap(stored: &str) -> Option<Stored> {
    let (scheme, rest) = stored.strip_prefix('{')?.split_once('}')?;
    let hash = match scheme {
        "SSHA" => Hash::Sha1,
        "SSHA256" => Hash::Sha256,
        "SSHA512" => Hash::Sha512,
        _ => return None,
    };
    let bytes = base64(rest)?;
    let (digest, salt) = bytes.split_at_checked(hash.length())?;
    let salted = !salt.is_empty();
    let read = || Stored::plain(Work::Digest(hash), salt.to_vec(), digest.to_vec());
    salted.then(read).flatten()
}

/// `PASSWORD()` of MySQL 4.1 and later: a star and SHA-1 of SHA-1, without a salt.
pub(super) fn read_mysql(stored: &str) -> Option<Stored> {
    let digest = bytes_of_hex(stored.strip_prefix('*')?)?;
    of_length(Hash::Sha1, digest, Preparation::Raw(Hash::Sha1), Vec::new())
}

/// Hexadecimal digits, of what the configuration says.
pub(super) fn read_hex(
    stored: &str,
    salt: Option<&[u8]>,
    settings: &DigestSettings,
) -> Option<Stored> {
    let digest = bytes_of_hex(stored)?;
    let before = Preparation::After(joined(&settings.before, salt)?);
    let after = joined(&settings.after, salt)?;
    of_length(settings.hash, digest, before, after)
}

/// Without the salt that is meant there is nothing to check: in SQL the hash of it would be NULL.
fn joined(parts: &[Part], salt: Option<&[u8]>) -> Option<Vec<u8>> {
    let bytes = parts.iter().map(|part| match part {
        Part::Text(text) => Some(text.as_bytes()),
        Part::Salt => salt,
    });
    bytes
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.concat())
}

fn of_length(
    hash: Hash,
    digest: Vec<u8>,
    preparation: Preparation,
    salt: Vec<u8>,
) -> Option<Stored> {
    let whole = digest.len() == hash.length();
    let mut read = whole.then(|| Stored::plain(Work::Digest(hash), salt, digest))??;
    read.preparation = preparation;
    Some(read)
}
