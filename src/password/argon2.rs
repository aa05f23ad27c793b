//! Argon2 as argon2-cffi, passlib and PHP write it: `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`.

use super::{
    Stored, Variant, Work,
    encoding::{base64, named},
};

pub(super) fn read(stored: &str) -> Option<Stored> {
    let variants = [
        ("$argon2id$", Variant::Id),
        ("$argon2i$", Variant::I),
        ("$argon2d$", Variant::D),
    ];
    let (variant, rest) = variants
        .iter()
        .find_map(|(prefix, variant)| Some((*variant, stored.strip_prefix(prefix)?)))?;
    // The version before 1.3 is the one that was not named.
    let (latest, rest) = match rest.strip_prefix("v=") {
        None => (false, rest),
        Some(rest) => match rest.split_once('$')? {
            ("19", rest) => (true, rest),
            ("16", rest) => (false, rest),
            _ => return None,
        },
    };
    let mut parts = rest.split('$');
    let work = work(parts.next()?, variant, latest)?;
    let (salt, digest) = (base64(parts.next()?)?, base64(parts.next()?)?);
    let whole = parts.next().is_none() && salt.len() >= 8 && digest.len() >= 4;
    whole.then(|| Stored::plain(work, salt, digest)).flatten()
}

fn work(parameters: &str, variant: Variant, latest: bool) -> Option<Work> {
    let mut parameters = parameters.split(',');
    let mut next = |name| named(parameters.next()?, name);
    let work = Work::Argon2 {
        variant,
        latest,
        memory: next("m")?,
        passes: next("t")?,
        lanes: next("p")?,
    };
    parameters.next().is_none().then_some(work)
}
