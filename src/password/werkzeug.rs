//! What Werkzeug and so Flask write: `scrypt:32768:8:1$salt$hex` and `pbkdf2:sha256:600000$salt$hex`.

use std::num::NonZeroU32;

use super::{
    Hash, Stored, Work,
    django::scrypt_work,
    encoding::{bytes_of_hex, number},
};

pub(super) fn read(stored: &str) -> Option<Stored> {
    let mut parts = stored.splitn(3, '$');
    let method: Vec<&str> = parts.next()?.split(':').collect();
    let salt = parts.next()?.as_bytes().to_vec();
    let digest = bytes_of_hex(parts.next()?)?;
    let (work, length) = match *method {
        ["scrypt", n, r, p] => (scrypt_work(n, r, p)?, 64),
        ["pbkdf2", hash, rounds] => {
            let hash = hash_named(hash)?;
            let rounds = NonZeroU32::new(number(rounds)?)?;
            (Work::Pbkdf2 { hash, rounds }, hash.length())
        }
        _ => return None,
    };
    let whole = digest.len() == length;
    whole.then(|| Stored::plain(work, salt, digest)).flatten()
}

fn hash_named(name: &str) -> Option<Hash> {
    match name {
        "sha1" => Some(Hash::Sha1),
        "sha256" => Some(Hash::Sha256),
        "sha512" => Some(Hash::Sha512),
        _ => None,
    }
}
