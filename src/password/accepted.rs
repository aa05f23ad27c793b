//! Which formats there are, and which of them are believed.

use std::{fmt, num::NonZeroU32};

use super::{
    DigestSettings, Hash, Stored, Variant, Work, argon2, bcrypt, digest, django, passlib, phpass,
    sha_crypt, werkzeug, wordpress,
};
use crate::secret::Secret;

/// The longest stored password that is read, in bytes.
const LONGEST: usize = 1024;

/// A family of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt,
    /// `$2x$`.
    Bcrypt2x,
    /// `$argon2id$`, `$argon2i$`, `$argon2d$`.
    Argon2,
    /// passlib's own.
    Passlib,
    /// `$5$`, `$6$`.
    ShaCrypt,
    /// Those of Django's hashers.
    Django,
    /// Those of Werkzeug.
    Werkzeug,
    /// `$P$`, `$H$`.
    Phpass,
    /// `$wp$2y$`.
    Wordpress,
    /// `{SSHA}` and its longer kin.
    LdapSalted,
    /// A star and 40 hexadecimal digits.
    Mysql,
    /// Hexadecimal digits alone.
    Digest,
}

impl Format {
    /// All that there are.
    pub const ALL: [Self; 12] = [
        Self::Bcrypt,
        Self::Bcrypt2x,
        Self::Argon2,
        Self::Passlib,
        Self::ShaCrypt,
        Self::Django,
        Self::Werkzeug,
        Self::Phpass,
        Self::Wordpress,
        Self::LdapSalted,
        Self::Mysql,
        Self::Digest,
    ];

    /// What a stored password says that it is.
    pub fn of(stored: &str) -> Option<Self> {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|it| stored.starts_with(it));
        if starts(&["$2x$"]) {
            Some(Self::Bcrypt2x)
        } else if starts(&["$2"]) {
            Some(Self::Bcrypt)
        } else if starts(&["$argon2"]) {
            Some(Self::Argon2)
        } else if starts(&["$pbkdf2", "$scrypt$", "$bcrypt-sha256$"]) {
            Some(Self::Passlib)
        } else if starts(&["$5$", "$6$"]) {
            Some(Self::ShaCrypt)
        } else if starts(&["$P$", "$H$"]) {
            Some(Self::Phpass)
        } else if starts(&["$wp$"]) {
            Some(Self::Wordpress)
        } else if starts(&["pbkdf2_", "argon2$", "bcrypt$", "bcrypt_sha256$", "scrypt$"]) {
            Some(Self::Django)
        } else if starts(&["scrypt:", "pbkdf2:"]) {
            Some(Self::Werkzeug)
        } else if starts(&["{SSHA"]) {
            Some(Self::LdapSalted)
        } else if starts(&["*"]) {
            Some(Self::Mysql)
        } else {
            let hexadecimal = stored.len() >= 32 && stored.bytes().all(|it| it.is_ascii_hexdigit());
            hexadecimal.then_some(Self::Digest)
        }
    }

    /// What the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bcrypt => "bcrypt",
            Self::Bcrypt2x => "bcrypt_2x",
            Self::Argon2 => "argon2",
            Self::Passlib => "passlib",
            Self::ShaCrypt => "sha_crypt",
            Self::Django => "django",
            Self::Werkzeug => "werkzeug",
            Self::Phpass => "phpass",
            Self::Wordpress => "wordpress",
            Self::LdapSalted => "ldap_salted",
            Self::Mysql => "mysql",
            Self::Digest => "digest",
        }
    }

    /// What a check takes with the settings that its library has, or had for long.
    pub fn usual_work(self) -> Work {
        let pbkdf2 = |rounds| Work::Pbkdf2 {
            hash: Hash::Sha256,
            rounds: NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN),
        };
        match self {
            Self::Bcrypt => Work::Bcrypt { cost: 12 },
            Self::Bcrypt2x | Self::Wordpress => Work::Bcrypt { cost: 10 },
            Self::Argon2 => Work::Argon2 {
                variant: Variant::Id,
                latest: true,
                memory: 64 * 1024,
                passes: 3,
                lanes: 4,
            },
            Self::Passlib => pbkdf2(29_000),
            Self::ShaCrypt => Work::ShaCrypt {
                hash: Hash::Sha512,
                rounds: 656_000,
            },
            Self::Django => pbkdf2(1_000_000),
            Self::Werkzeug => Work::Scrypt {
                log_n: 15,
                r: 8,
                p: 1,
            },
            Self::Phpass => Work::Phpass { doublings: 13 },
            Self::LdapSalted | Self::Mysql | Self::Digest => Work::Digest(Hash::Sha1),
        }
    }

    /// Why nobody should have it any longer.
    pub fn weakness(self) -> Option<&'static str> {
        match self {
            Self::LdapSalted | Self::Mysql | Self::Digest => {
                Some("is guessed quickly by whoever gets hold of the table")
            }
            Self::Bcrypt2x => {
                Some("was made wrongly: with letters beyond ASCII other passwords match, too")
            }
            Self::Bcrypt
            | Self::Argon2
            | Self::Passlib
            | Self::ShaCrypt
            | Self::Django
            | Self::Werkzeug
            | Self::Phpass
            | Self::Wordpress => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The formats that are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub formats: Vec<Format>,
    /// What [`Format::Digest`] is of.
    pub digest: Option<DigestSettings>,
}

impl Default for Accepted {
    fn default() -> Self {
        Self {
            formats: vec![Format::Bcrypt],
            digest: None,
        }
    }
}

impl Accepted {
    /// Reads a stored password, and the salt that is stored beside it; `None` where it is of no format that is believed, or
    /// where a check would take more than a check may.
    pub fn read(&self, stored: &Secret<String>, salt: Option<&Secret<Vec<u8>>>) -> Option<Stored> {
        let stored = stored.expose().as_str();
        let format = Format::of(stored).filter(|format| self.formats.contains(format))?;
        let salt = salt.map(|salt| salt.expose().as_slice());
        if stored.len() > LONGEST || salt.is_some_and(|salt| salt.len() > LONGEST) {
            return None;
        }
        match format {
            Format::Bcrypt => bcrypt::read(stored),
            Format::Bcrypt2x => bcrypt::read_2x(stored),
            Format::Argon2 => argon2::read(stored),
            Format::Passlib => passlib::read(stored),
            Format::ShaCrypt => sha_crypt::read(stored),
            Format::Django => django::read(stored),
            Format::Werkzeug => werkzeug::read(stored),
            Format::Phpass => phpass::read(stored),
            Format::Wordpress => wordpress::read(stored),
            Format::LdapSalted => digest::read_ldap(stored),
            Format::Mysql => digest::read_mysql(stored),
            Format::Digest => digest::read_hex(stored, salt, self.digest.as_ref()?),
        }
    }
}
