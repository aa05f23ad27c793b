//! The crypt of SHA-256 (`$5$`) and SHA-512 (`$6$`), of Linux and passlib.

use ::sha_crypt::{Params, PasswordVerifier, ShaCrypt, sha256_crypt, sha512_crypt};

use super::{Hash, Stored, Work, encoding::named, stored::Preparation};

pub(super) fn read(stored: &str) -> Option<Stored> {
    let (hash, rest) = match stored.split_at_checked(3)? {
        ("$5$", rest) => (Hash::Sha256, rest),
        ("$6$", rest) => (Hash::Sha512, rest),
        _ => return None,
    };
    let parts: Vec<&str> = rest.split('$').collect();
    let (rounds, salt, digest) = match *parts {
        [salt, digest] => (5000, salt, digest),
        [rounds, salt, digest] => (named(rounds, "rounds")?, salt, digest),
        _ => return None,
    };
    let length = if hash == Hash::Sha256 { 43 } else { 86 };
    let work = Work::ShaCrypt { hash, rounds };
    let good = salt.len() <= 16 && stored.is_ascii() && digest.len() == length && work.is_bounded();
    good.then(|| Stored {
        work,
        preparation: Preparation::None,
        salt: Vec::new(),
        digest: stored.as_bytes().to_vec(),
        refuses_nul: true,
    })
}

/// `None` where it cannot be read after all.
pub(super) fn verify(typed: &[u8], stored: &[u8]) -> Option<bool> {
    use ::sha_crypt::password_hash::Error;
    let stored = std::str::from_utf8(stored).ok()?;
    match ShaCrypt::default().verify_password(typed, stored) {
        Ok(()) => Some(true),
        Err(Error::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

/// The work alone.
pub(super) fn run(hash: Hash, rounds: u32, typed: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let params = Params::new(rounds).ok()?;
    match hash {
        Hash::Sha256 => Some(sha256_crypt(typed, salt, params).to_vec()),
        Hash::Sha512 => Some(sha512_crypt(typed, salt, params).to_vec()),
        Hash::Md5 | Hash::Sha1 => None,
    }
}
