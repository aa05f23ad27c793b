//! What Python's libraries and PHP wrote and said, and what nobody should have written.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::secret::Secret;

#[derive(Deserialize)]
struct Entry {
    library: String,
    family: String,
    stored: String,
    verdicts: Vec<(String, Option<bool>)>,
}

fn all() -> Accepted {
    let digest = DigestSettings {
        hash: Hash::Sha1,
        before: vec![Part::Text("salt".to_owned())],
        after: vec![Part::Text("pepper".to_owned())],
    };
    Accepted {
        formats: Format::ALL.to_vec(),
        digest: Some(digest),
    }
}

fn read(stored: &str) -> Option<Stored> {
    all().read(&Secret::new(stored.to_owned()), None)
}

fn entries() -> Vec<Entry> {
    let files = [
        include_str!("../../tests/fixtures/passwords/hashes.json"),
        include_str!("../../tests/fixtures/passwords/php.json"),
    ];
    let read = |file: &&str| serde_json::from_str::<Vec<Entry>>(file).expect("the fixture");
    files.iter().flat_map(read).collect()
}

#[test]
fn what_other_libraries_wrote_is_checked_as_they_check_it() {
    for entry in entries() {
        let shown = format!("{}: {}", entry.library, entry.stored);
        let format = Format::of(&entry.stored).expect(&shown);
        assert_eq!(format.name(), entry.family, "{shown}");
        let stored = read(&entry.stored).expect(&shown);
        for (typed, said) in &entry.verdicts {
            // An error of theirs lets nobody in either.
            let expected = match said {
                Some(true) => Verdict::Matches,
                Some(false) | None => Verdict::Differs,
            };
            assert_eq!(stored.check(typed), expected, "{shown}: {typed:?}");
        }
    }
}

#[test]
fn only_what_is_listed_is_read() {
    for entry in entries() {
        for format in Format::ALL {
            let accepted = Accepted {
                formats: vec![format],
                digest: None,
            };
            let read = accepted.read(&Secret::new(entry.stored.clone()), None);
            let listed = format.name() == entry.family;
            assert_eq!(read.is_some(), listed, "{format}: {}", entry.stored);
        }
    }
}

#[test]
fn hexadecimal_digits_are_of_what_the_configuration_says() {
    // sha1("salt" + "secret" + "pepper")
    let stored = read("4d65cc6cb90dd05e2ba1f44f8ed2a7ab37a1fa11");
    let made = super::encoding::hex(&Hash::Sha1.of(&[b"saltsecretpepper"]));
    let stored = stored
        .and_then(|_| read(&made.to_uppercase()))
        .expect("it is read");
    assert_eq!(stored.check("secret"), Verdict::Matches);
    assert_eq!(stored.check("Secret"), Verdict::Differs);
    assert!(read("d41d8cd98f00b204e9800998ecf8427e").is_none(), "md5");
}

/// Each by MariaDB itself: `SELECT SHA1(CONCAT(…))`, of `비밀번호` and the salt `s4lt`.
#[test]
fn a_salt_of_its_own_stands_where_the_configuration_says() {
    let (text, salt) = (|it: &str| Part::Text(it.to_owned()), || Part::Salt);
    let orders = [
        (
            Hash::Sha1,
            vec![salt()],
            vec![],
            "3e68cccbbde41a0bf2624aa34624a1ad309d4c61",
        ),
        (
            Hash::Sha1,
            vec![],
            vec![salt()],
            "c9db09ede6af79268c0401166e6c90c2231885a9",
        ),
        (
            Hash::Md5,
            vec![salt(), text("--")],
            vec![],
            "5e918113fb3b243b6b0a71dc07b44a9c",
        ),
        (
            Hash::Sha256,
            vec![salt()],
            vec![text("pepper"), salt()],
            "0504991b5ec51296ce42a291cddb2ba1825da3c4fac7ac9fa2ad2f327efa64aa",
        ),
        (
            Hash::Sha512,
            vec![text("{")],
            vec![text("}"), salt()],
            "88fb3f3be5b8ff01faaf6103f72202c5dfc787f4eab93ad56b0e9ca8e134097847aec38942b628dc4dee1f19c371bbb52820f70b15332beab307360d59cae790",
        ),
    ];
    for (hash, before, after, made) in orders {
        let digest = Some(DigestSettings {
            hash,
            before,
            after,
        });
        let formats = vec![Format::Digest];
        let accepted = Accepted { formats, digest };
        let read = |salt: Option<&[u8]>| {
            let salt = salt.map(|salt| Secret::new(salt.to_vec()));
            accepted.read(&Secret::new(made.to_owned()), salt.as_ref())
        };
        let stored = read(Some(b"s4lt")).expect(made);
        assert_eq!(stored.check("비밀번호"), Verdict::Matches, "{made}");
        assert_eq!(stored.check("비밀번"), Verdict::Differs, "{made}");
        let other = read(Some(b"salt")).expect(made);
        assert_eq!(other.check("비밀번호"), Verdict::Differs, "{made}");
        assert!(read(None).is_none(), "NULL is no salt: {made}");
        assert!(read(Some(&[b'x'; 2000])).is_none(), "{made}");
    }
}

#[test]
fn a_row_cannot_ask_for_more_than_a_check_may_take() {
    let salt = "c2FsdHNhbHRzYWx0";
    let long = "A".repeat(43);
    for stored in [
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${long}"),
        format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${long}"),
        format!("$argon2id$v=19$m=65536,t=4294967295,p=1${salt}${long}"),
        format!("$argon2id$v=19$m=65536,t=1,p=4294967295${salt}${long}"),
        format!("$argon2id$v=19$m=65536,t=0,p=1${salt}${long}"),
        format!("$scrypt$ln=63,r=8,p=1${salt}${long}"),
        format!("$scrypt$ln=255,r=8,p=1${salt}${long}"),
        format!("$scrypt$ln=16,r=4294967295,p=4294967295${salt}${long}"),
        format!("$scrypt$ln=16,r=8,p=1000${salt}${long}"),
        format!("scrypt:4294967295:8:1$salt${}", "0".repeat(128)),
        format!("scrypt:0:8:1$salt${}", "0".repeat(128)),
        format!("$pbkdf2-sha256$4294967295${salt}${long}"),
        format!("$pbkdf2-sha256$0${salt}${long}"),
        format!("pbkdf2_sha256$99999999$salt${long}="),
        format!("$5$rounds=999999999$salt${long}"),
        format!("$5$rounds=999$salt${long}"),
        format!("$P$Z12345678{}", "a".repeat(22)),
        format!("$2b$17${}", "a".repeat(53)),
        format!(
            "$bcrypt-sha256$v=2,t=2b,r=31${}${}",
            "a".repeat(22),
            "a".repeat(31)
        ),
    ] {
        assert!(read(&stored).is_none(), "{stored}");
    }
}

#[test]
fn a_password_of_a_megabyte_differs_soon() {
    let megabyte = "y".repeat(1 << 20);
    for entry in entries().iter().step_by(8) {
        let stored = read(&entry.stored).expect("it is read");
        assert_eq!(
            stored.check(&megabyte),
            Verdict::Differs,
            "{}",
            entry.stored
        );
    }
}

#[test]
fn debug_shows_neither_salt_nor_digest() {
    let stored = read("{SSHA}SIhfmjQ+VgArN+ut4eU0uPJOYQXgnJOy").expect("it is read");
    assert_eq!(format!("{stored:?}"), "Stored { work: Digest(Sha1), .. }");
}

proptest! {
    /// No text that a table may hold makes a check panic, or take long.
    #[test]
    fn any_text_is_read_or_refused(text in "[$:{}*,=a-zA-Z0-9./+\\PC]{0,120}", start in 0..22_usize) {
        let starts = [
            "$2b$04$", "$2x$04$", "$wp$2y$04$", "$argon2id$v=19$m=8,t=1,p=1$", "$pbkdf2-sha256$1$", "$scrypt$ln=1,r=1,p=1$", "$bcrypt-sha256$v=2,t=2b,r=4$",
            "$5$", "$6$rounds=1000$", "$P$5", "pbkdf2_sha256$1$", "argon2$argon2i$", "bcrypt$$2b$04$", "scrypt$2$", "scrypt:2:1:1$",
            "pbkdf2:sha1:1$", "{SSHA}", "{SSHA512}", "*", "$", "0123456789abcdef0123456789abcdef", "",
        ];
        let stored = format!("{}{text}", starts.get(start).unwrap_or(&""));
        if let Some(read) = read(&stored) {
            prop_assert!(read.work().is_bounded());
        }
    }

    /// Changing one character of what is stored never lets another password in.
    #[test]
    fn a_damaged_hash_lets_nobody_in_by_panic(index in 0..1000_usize, at in 0..200_usize, with in any::<char>()) {
        let entries = entries();
        let entry = entries.get(index % entries.len()).expect("one");
        let mut characters: Vec<char> = entry.stored.chars().collect();
        let at = at % characters.len();
        characters[at] = with;
        let damaged: String = characters.into_iter().collect();
        if let Some(read) = read(&damaged)
            && (read.work().memory() < 1 << 20)
            && matches!(read.work(), Work::Digest(_) | Work::Argon2 { memory: ..1024, passes: ..8, .. })
        {
            prop_assert_ne!(read.check("not the password at all"), Verdict::Matches);
        }
    }
}
