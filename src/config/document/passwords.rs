//! How stored passwords are checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::size::Size;

/// How passwords are checked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// How many are checked at once, on threads of low priority. Default: as many as cores.
    pub threads: Option<u16>,
    /// How many further ones may wait; past it a login is refused with 503. Default: 32.
    pub queue: u16,
    /// How much memory all checks together may take; those that do not fit wait for each other. A stored password whose
    /// check takes more is not checked. Default: `256MiB`.
    pub memory: Size,
    /// The formats that are believed; what is stored says itself which of them it is. Those that can be guessed quickly
    /// once they are stolen are warned of. The first is taken for what most users have, until some have logged in.
    /// Default: `[bcrypt]`.
    pub formats: Vec<PasswordFormat>,
    /// What the hexadecimal digits of `digest` are. Needed by that format alone.
    pub digest: Option<Digest>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            threads: None,
            queue: 32,
            memory: Size::from_bytes(256 * 1024 * 1024),
            formats: vec![PasswordFormat::Bcrypt],
            digest: None,
        }
    }
}

/// A family of formats of stored passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordFormat {
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt,
    /// `$argon2id$`, `$argon2i$`, `$argon2d$`.
    Argon2,
    /// passlib's own: `$pbkdf2$`, `$pbkdf2-sha256$`, `$pbkdf2-sha512$`, `$scrypt$`, `$bcrypt-sha256$`.
    Passlib,
    /// `$5$`, `$6$`.
    ShaCrypt,
    /// `pbkdf2_sha256$`, `pbkdf2_sha1$`, `argon2$`, `bcrypt_sha256$`, `bcrypt$`, `scrypt$`.
    Django,
    /// `scrypt:…$`, `pbkdf2:…$`: what Flask writes.
    Werkzeug,
    /// `$P$`, `$H$`: what `WordPress` and phpBB wrote.
    Phpass,
    /// `{SSHA}`, `{SSHA256}`, `{SSHA512}`. Guessed quickly.
    LdapSalted,
    /// A star and 40 hexadecimal digits, as `PASSWORD()` of MySQL 4.1 made them. Guessed quickly.
    Mysql,
    /// Hexadecimal digits, of what `digest` says. Guessed quickly.
    Digest,
}

/// What hexadecimal digits are of: a prefix, the password and a suffix, one after the other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The hash function.
    pub hash: HashFunction,
    /// What stands before the password. Default: nothing.
    #[serde(default)]
    pub prefix: String,
    /// What stands after it. Default: nothing.
    #[serde(default)]
    pub suffix: String,
}

/// A hash function.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HashFunction {
    /// 32 digits.
    Md5,
    /// 40 digits.
    Sha1,
    /// 64 digits.
    Sha256,
    /// 128 digits.
    Sha512,
}
