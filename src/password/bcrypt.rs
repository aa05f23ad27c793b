//! bcrypt as passlib reads it: `$2a$`, `$2b$` and `$2y$`, the first 72 bytes of the password.

use super::Verdict;

/// The most doublings that are believed: one more check of this cost takes about five seconds, and the number comes
/// from a table that others write.
const HIGHEST_COST: u8 = 16;

pub(super) fn verify(typed: &str, stored: &str) -> Verdict {
    let Some(cost) = cost(stored) else {
        return Verdict::Unreadable;
    };
    // passlib refuses a NUL outright, and C implementations end the password there: neither is a match.
    if typed.contains('\0') {
        // As slow as any other wrong password, or the time would tell that the user exists.
        verify_nothing(typed, cost);
        return Verdict::Differs;
    }
    match ::bcrypt::verify(typed, stored) {
        Ok(true) => Verdict::Matches,
        Ok(false) => Verdict::Differs,
        Err(_) => Verdict::Unreadable,
    }
}

/// The cost of a hash that can be checked.
pub(super) fn cost(stored: &str) -> Option<u8> {
    let known = ["$2a$", "$2b$", "$2y$"];
    let rest = known
        .iter()
        .find_map(|prefix| stored.strip_prefix(prefix))?;
    let (cost, digest) = rest.split_once('$')?;
    let cost = cost.parse().ok()?;
    (digest.len() == 53 && (4..=HIGHEST_COST).contains(&cost)).then_some(cost)
}

/// The work of [`verify`] for a hash of this cost.
pub(super) fn verify_nothing(typed: &str, cost: u8) {
    const SALT: [u8; 16] = *b"no user has this";
    let done = ::bcrypt::hash_with_salt_bytes(typed, cost.into(), SALT);
    std::hint::black_box(done.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHES: [&str; 3] = [
        "$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2y$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    ];

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
