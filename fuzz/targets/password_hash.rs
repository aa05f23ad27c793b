//! What may be stored as a password: read, or refused, and a check of it ends soon and never panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::{
    password::{Accepted, DigestSettings, Format, Hash, Part, Verdict, Work},
    secret::Secret,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (stored, typed) = text.split_once('\n').unwrap_or((text, "password"));
    let accepted = Accepted {
        formats: Format::ALL.to_vec(),
        digest: Some(DigestSettings {
            hash: Hash::Md5,
            before: vec![Part::Text("before".to_owned()), Part::Salt],
            after: vec![Part::Text("after".to_owned())],
        }),
    };
    let format = Format::of(stored);
    let salt = Secret::new(b"salt".to_vec());
    let Some(read) = accepted.read(&Secret::new(stored.to_owned()), Some(&salt)) else {
        return;
    };
    assert!(format.is_some());
    assert!(read.work().memory() <= 257 * 1024 * 1024);
    if is_cheap(read.work()) {
        // It is no hash that was made of this very text, or it is and matches twice.
        let verdict = read.check(typed);
        assert_eq!(verdict, read.check(typed));
        assert_ne!(read.check("another one"), Verdict::Matches);
    }
});

/// What takes a millisecond without optimisation.
fn is_cheap(work: Work) -> bool {
    match work {
        Work::Bcrypt { cost } => cost <= 4,
        Work::Argon2 { memory, passes, .. } => memory <= 64 && passes <= 4,
        Work::Pbkdf2 { rounds, .. } => rounds.get() <= 1000,
        Work::Scrypt { log_n, r, p } => log_n <= 5 && r <= 8 && p <= 4,
        Work::ShaCrypt { rounds, .. } => rounds <= 1000,
        Work::Phpass { doublings } => doublings <= 8,
        Work::Digest(_) => true,
    }
}
