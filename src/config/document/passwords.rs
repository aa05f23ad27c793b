//! How stored passwords are checked.

use std::num::NonZeroU32;

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
    /// How new passwords are stored. Default: as the library of the first of `formats` does; `bcrypt` where nothing new should be stored in that.
    pub new: Option<NewPassword>,
    /// What is written in place of an outdated hash, after a login with the right password. Needs `upgrade_password` among
    /// `users.write.actions`. Default: nothing.
    pub upgrade: Option<Upgrade>,
    /// What new passwords have to be like. Stored ones are asked nothing.
    pub rules: Rules,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            threads: None,
            queue: 32,
            memory: Size::from_bytes(256 * 1024 * 1024),
            formats: vec![PasswordFormat::Bcrypt],
            digest: None,
            new: None,
            upgrade: None,
            rules: Rules::default(),
        }
    }
}

/// How a password is stored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The format. The monolith has to read it.
    pub format: NewFormat,
    /// For `bcrypt`: how often the work is doubled, from 4 to 16. Default: 12.
    pub cost: Option<u8>,
    /// For `…pbkdf2_sha256`: how many rounds, up to 5000000. Default: 600000 for passlib, else 1000000.
    pub rounds: Option<NonZeroU32>,
    /// For `…argon2id`: how much memory, up to 256MiB. Default: `64MiB`.
    pub memory: Option<Size>,
    /// For `…argon2id`: how often it is written. Default: 3.
    pub passes: Option<u32>,
    /// For `…argon2id`: how many parts it has, up to 64. Default: 4.
    pub lanes: Option<u32>,
}

/// What is written in place of an outdated hash.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// How it is stored. What is of another format, or takes less work, is outdated. The monolith has to read it.
    pub to: NewPassword,
}

/// A format that new passwords can be stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewFormat {
    /// `$2b$12$…`. Of the format `bcrypt`.
    Bcrypt,
    /// `$argon2id$v=19$…`. Of the format `argon2`.
    Argon2id,
    /// `$pbkdf2-sha256$…`. Of the format `passlib`.
    PasslibPbkdf2Sha256,
    /// `pbkdf2_sha256$…`. Of the format `django`.
    DjangoPbkdf2Sha256,
    /// `argon2$argon2id$…`. Of the format `django`.
    DjangoArgon2id,
    /// `scrypt:32768:8:1$…`. Of the format `werkzeug`.
    WerkzeugScrypt,
    /// `pbkdf2:sha256:…`. Of the format `werkzeug`.
    WerkzeugPbkdf2Sha256,
}

/// What new passwords have to be like.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The fewest characters. Default: 8.
    pub min: u16,
    /// The most characters. With `bcrypt` no more than 72 bytes in any case, since it sees no others. Default: 128.
    pub max: u16,
    /// How many of the four kinds there have to be: small letters, capital letters, digits, anything else. Default: 1.
    pub classes: u8,
    /// Whether it may be what its user logs in with. Default: `false`.
    pub may_be_login: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min: 8,
            max: 128,
            classes: 1,
            may_be_login: false,
        }
    }
}

/// A family of formats of stored passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordFormat {
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt,
    /// `$2x$`: made wrongly, by `crypt_blowfish` before 1.1. With letters beyond ASCII other passwords match, too.
    #[serde(rename = "bcrypt_2x")]
    Bcrypt2x,
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
    /// `$wp$2y$`: what `WordPress` writes from 6.8 on.
    Wordpress,
    /// `{SSHA}`, `{SSHA256}`, `{SSHA512}`. Guessed quickly.
    LdapSalted,
    /// A star and 40 hexadecimal digits, as `PASSWORD()` of MySQL 4.1 made them. Guessed quickly.
    Mysql,
    /// Hexadecimal digits, of what `digest` says. Guessed quickly.
    Digest,
}

/// What hexadecimal digits are of: a prefix, the password and a suffix, one after the other; or what `of` says.
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
    /// All of it in place of these two, where rows have salts of their own in `users.columns.salt`: `{password}` once, `{salt}` as often as it is
    /// there, and text, such as `{salt}--{password}`. Default: prefix, password, suffix.
    pub of: Option<String>,
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
