//! bcrypt as passlib reads it: `$2a$`, `$2b$` and `$2y$`, the first 72 bytes of the password.

use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

use super::{Stored, Work, stored::Preparation};

const BASE_64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// The salt and the result, in characters.
const SALT: usize = 22;
const DIGEST: usize = 31;

pub(super) fn read(stored: &str) -> Option<Stored> {
    let known = ["$2a$", "$2b$", "$2y$"];
    let rest = known
        .iter()
        .find_map(|prefix| stored.strip_prefix(prefix))?;
    after_prefix(rest, Preparation::None)
}

/// `$2x$`: what `crypt_blowfish` made before its version 1.1.
pub(super) fn read_2x(stored: &str) -> Option<Stored> {
    after_prefix(stored.strip_prefix("$2x$")?, Preparation::SignExtended)
}

fn after_prefix(rest: &str, preparation: Preparation) -> Option<Stored> {
    let (cost, rest) = rest.split_once('$')?;
    if cost.len() != 2 {
        return None;
    }
    let (salt, digest) = rest.split_at_checked(SALT)?;
    let mut read = parts(cost, salt, digest, preparation)?;
    // passlib refuses a NUL outright, and C implementations end the password there: neither is a match.
    read.refuses_nul = true;
    Some(read)
}

/// The 72 bytes that go into the work where bytes were taken for signed numbers: one from 128 on sets all bits of those
/// before it in its word. The password is repeated with a NUL after each.
pub(super) fn sign_extended(typed: &[u8]) -> Vec<u8> {
    let mut bytes = typed.iter().copied().chain([0]).cycle();
    let mut word = || {
        let four = bytes.by_ref().take(4);
        let word = four.fold(0_u32, |word, byte| {
            word << 8 | i32::from(byte.cast_signed()).cast_unsigned()
        });
        word.to_be_bytes()
    };
    (0..18).flat_map(|_| word()).collect()
}

/// What is made of these parts, as other formats wrap them.
pub(super) fn parts(
    cost: &str,
    salt: &str,
    digest: &str,
    preparation: Preparation,
) -> Option<Stored> {
    let cost = u8::try_from(super::encoding::number(cost)?).ok()?;
    if (salt.len(), digest.len()) != (SALT, DIGEST) {
        return None;
    }
    let (salt, digest) = (BASE_64.decode(salt).ok()?, BASE_64.decode(digest).ok()?);
    let mut read = Stored::plain(Work::Bcrypt { cost }, salt, digest)?;
    read.preparation = preparation;
    Some(read)
}

pub(super) fn run(cost: u8, typed: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let salt = salt.try_into().ok()?;
    let made = ::bcrypt::hash_with_salt(typed, cost.into(), salt).ok()?;
    let made = made.to_string();
    let digest = made.len().checked_sub(DIGEST)?;
    BASE_64.decode(made.get(digest..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Verdict;

    const HASHES: [&str; 3] = [
        "$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2y$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    ];

    fn verify(typed: &str, stored: &str) -> Verdict {
        read(stored).map_or(Verdict::Unreadable, |read| read.check(typed))
    }

    fn hash(password: &str, prefix: &str) -> String {
        let parts = ::bcrypt::hash_with_salt(password, 4, *b"0123456789abcdef").expect("a hash");
        parts.to_string().replace("$2b$", prefix)
    }

    #[test]
    fn all_three_prefixes_are_read() {
        for (stored, prefix) in HASHES.iter().zip(["$2a$", "$2b$", "$2y$"]) {
            assert_eq!(verify("wrong", stored), Verdict::Differs, "{stored}");
            assert_eq!(
                verify("비밀번호", &hash("비밀번호", prefix)),
                Verdict::Matches
            );
        }
    }

    /// Of the words of the key, by hand: what precedes such a byte in its word is lost.
    #[test]
    fn a_letter_beyond_ascii_hides_what_is_before_it_in_2x() {
        // 61 62 63 C3 | A9 00 61 62 | …
        let key = sign_extended("abcé".as_bytes());
        let words = [0xff, 0xff, 0xff, 0xc3, 0xa9, 0x00, 0x61, 0x62];
        assert_eq!((key.len(), key.get(..8)), (72, Some(&words[..])));
        assert_eq!(sign_extended(b"ab"), b"ab\0".repeat(24));
        assert_eq!(
            sign_extended("abcdeé".as_bytes()),
            sign_extended("abcdfé".as_bytes())
        );
    }

    #[test]
    fn only_the_first_72_bytes_count_as_in_passlib() {
        let long = "x".repeat(72);
        let stored = hash(&format!("{long}one"), "$2b$");
        assert_eq!(verify(&format!("{long}two"), &stored), Verdict::Matches);
        assert_eq!(verify(&long, &stored), Verdict::Matches);
        assert_eq!(verify(&"x".repeat(71), &stored), Verdict::Differs);
    }

    #[test]
    fn a_nul_never_matches() {
        assert_eq!(verify("a\0b", &hash("a\0b", "$2b$")), Verdict::Differs);
        assert_eq!(verify("a\0b", &hash("a", "$2b$")), Verdict::Differs);
    }

    #[test]
    fn what_is_not_bcrypt_is_unreadable() {
        for stored in [
            "",
            "plain",
            "$2x$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$2b$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$2b$04$tooshort",
            "$2b$4$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy!",
            "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$2b$04$한글한글한글한글한글한글한글한글한글한글한글한글한글한글한글한글한글한",
        ] {
            assert_eq!(verify("x", stored), Verdict::Unreadable, "{stored}");
        }
    }
}
