//! What Django's hashers write: the hasher's name, `$`, and the rest in a way of its own.

use std::num::NonZeroU32;

use super::{
    Hash, Stored, Work, argon2, bcrypt,
    encoding::{base64, number},
    stored::Preparation,
};

pub(super) fn read(stored: &str) -> Option<Stored> {
    let (hasher, rest) = stored.split_once('$')?;
    match hasher {
        "pbkdf2_sha256" => pbkdf2(Hash::Sha256, rest),
        "pbkdf2_sha1" => pbkdf2(Hash::Sha1, rest),
        "argon2" => argon2::read(stored.strip_prefix("argon2")?),
        "bcrypt" => wrapped_bcrypt(rest, Preparation::None),
        "bcrypt_sha256" => wrapped_bcrypt(rest, Preparation::Hex(Hash::Sha256)),
        "scrypt" => scrypt(rest),
        _ => None,
    }
}

/// `600000$salt$digest`
fn pbkdf2(hash: Hash, rest: &str) -> Option<Stored> {
    let mut parts = rest.splitn(3, '$');
    let rounds = NonZeroU32::new(number(parts.next()?)?)?;
    let salt = parts.next()?.as_bytes().to_vec();
    let digest = base64(parts.next()?).filter(|it| it.len() == hash.length())?;
    Stored::plain(Work::Pbkdf2 { hash, rounds }, salt, digest)
}

/// `$2b$12$…`: unlike passlib, Django lets bcrypt have a NUL.
fn wrapped_bcrypt(rest: &str, preparation: Preparation) -> Option<Stored> {
    let mut read = bcrypt::read(rest)?;
    read.preparation = preparation;
    read.refuses_nul = false;
    Some(read)
}

/// `16384$salt$8$5$digest`
fn scrypt(rest: &str) -> Option<Stored> {
    let parts: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, digest] = *parts else {
        return None;
    };
    let work = scrypt_work(n, r, p)?;
    let digest = base64(digest).filter(|it| it.len() == 64)?;
    Stored::plain(work, salt.as_bytes().to_vec(), digest)
}

/// scrypt with N written out.
pub(super) fn scrypt_work(n: &str, r: &str, p: &str) -> Option<Work> {
    let n = number(n).filter(|n| n.is_power_of_two())?;
    let log_n = u8::try_from(n.trailing_zeros()).ok()?;
    let (r, p) = (number(r)?, number(p)?);
    Some(Work::Scrypt { log_n, r, p })
}
