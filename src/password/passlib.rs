//! The formats that are passlib's own: `$pbkdf2-sha256$`, `$scrypt$` and `$bcrypt-sha256$`.

use std::num::NonZeroU32;

use super::{
    Hash, Stored, Work, bcrypt,
    encoding::{adapted_base64, base64, named, number},
    stored::Preparation,
};

pub(super) fn read(stored: &str) -> Option<Stored> {
    let (name, rest) = stored.strip_prefix('$')?.split_once('$')?;
    match name {
        "pbkdf2" => pbkdf2(Hash::Sha1, rest),
        "pbkdf2-sha256" => pbkdf2(Hash::Sha256, rest),
        "pbkdf2-sha512" => pbkdf2(Hash::Sha512, rest),
        "scrypt" => scrypt(rest),
        "bcrypt-sha256" => bcrypt_sha256(rest),
        _ => None,
    }
}

/// `29000$salt$digest`
fn pbkdf2(hash: Hash, rest: &str) -> Option<Stored> {
    let [rounds, salt, digest] = three(rest)?;
    let rounds = NonZeroU32::new(number(rounds)?)?;
    let digest = adapted_base64(digest).filter(|it| it.len() == hash.length())?;
    Stored::plain(Work::Pbkdf2 { hash, rounds }, adapted_base64(salt)?, digest)
}

/// `ln=16,r=8,p=1$salt$digest`
fn scrypt(rest: &str) -> Option<Stored> {
    let [parameters, salt, digest] = three(rest)?;
    let mut parameters = parameters.split(',');
    let mut next = |name| named(parameters.next()?, name);
    let work = Work::Scrypt {
        log_n: u8::try_from(next("ln")?).ok()?,
        r: next("r")?,
        p: next("p")?,
    };
    let digest = base64(digest).filter(|it| it.len() >= 16)?;
    let whole = parameters.next().is_none();
    let salt = base64(salt)?;
    whole.then(|| Stored::plain(work, salt, digest)).flatten()
}

/// `2b,12$salt$digest`, or `v=2,t=2b,r=12$salt$digest`: in the second version the salt is a key too.
fn bcrypt_sha256(rest: &str) -> Option<Stored> {
    let [parameters, salt, digest] = three(rest)?;
    let parameters: Vec<&str> = parameters.split(',').collect();
    let (cost, preparation) = match *parameters {
        ["2a" | "2b", cost] => (cost, Preparation::Base64(Hash::Sha256)),
        ["v=2", "t=2b", cost] => (
            cost.strip_prefix("r=")?,
            Preparation::Keyed(salt.to_owned()),
        ),
        _ => return None,
    };
    bcrypt::parts(cost, salt, digest, preparation)
}

fn three(rest: &str) -> Option<[&str; 3]> {
    let parts: Vec<&str> = rest.split('$').collect();
    parts.try_into().ok()
}
