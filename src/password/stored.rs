//! A stored password, read.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Hash, Verdict, Work, bcrypt, encoding::hex, sha_crypt, wordpress};

/// What has to be computed of a typed password, and what has to come out.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub(super) work: Work,
    pub(super) preparation: Preparation,
    pub(super) salt: Vec<u8>,
    /// What has to come out; for the crypt of SHA-2 all of what is stored.
    pub(super) digest: Vec<u8>,
    /// Whether whoever wrote it refuses a password with a NUL.
    pub(super) refuses_nul: bool,
}

/// What is done with a typed password before the work.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Nothing.
    None,
    /// A hash in lower-case hexadecimal digits: Django, before bcrypt.
    Hex(Hash),
    /// A hash in base64: the first version of passlib, before bcrypt.
    Base64(Hash),
    /// HMAC with SHA-256 under the salt as it is written, in base64: the second version.
    Keyed(String),
    /// HMAC with SHA-384 of what is between the spaces around it, in base64: `WordPress`.
    Trimmed,
    /// With the mistake of the old `crypt_blowfish`.
    SignExtended,
    /// A hash as it is: MySQL.
    Raw(Hash),
    /// Something before it.
    After(Vec<u8>),
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Stored");
        shown.field("work", &self.work).finish_non_exhaustive()
    }
}

impl Stored {
    /// What is nothing but work, a salt and a result, where the work is bounded.
    pub(super) fn plain(work: Work, salt: Vec<u8>, digest: Vec<u8>) -> Option<Self> {
        let stored = Self {
            work,
            preparation: Preparation::None,
            salt,
            digest,
            refuses_nul: false,
        };
        work.is_bounded().then_some(stored)
    }

    /// Whether the password goes into the work as it was typed.
    pub(super) fn is_plain(&self) -> bool {
        self.preparation == Preparation::None
    }

    /// What a check takes.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Checks a typed password. A password that is wrong at first sight takes as long as any other.
    pub fn check(&self, typed: &str) -> Verdict {
        let refused = self.refuses_nul && typed.contains('\0');
        if refused || typed.len() > self.work.longest() {
            self.work.run_for_nobody(typed.as_bytes());
            return Verdict::Differs;
        }
        match self.comes_out(&self.preparation.of(typed)) {
            Some(true) => Verdict::Matches,
            Some(false) => Verdict::Differs,
            None => Verdict::Unreadable,
        }
    }

    fn comes_out(&self, typed: &[u8]) -> Option<bool> {
        if let Work::ShaCrypt { .. } = self.work {
            return sha_crypt::verify(typed, &self.digest);
        }
        let made = self.work.run(typed, &self.salt, self.digest.len())?;
        let made = Zeroizing::new(made);
        Some(made.ct_eq(&self.digest).into())
    }
}

impl Preparation {
    fn of(&self, typed: &str) -> Zeroizing<Vec<u8>> {
        let typed = typed.as_bytes();
        Zeroizing::new(match self {
            Self::None => typed.to_vec(),
            Self::Hex(hash) => hex(&hash.of(&[typed])).into_bytes(),
            Self::Base64(hash) => STANDARD.encode(hash.of(&[typed])).into_bytes(),
            Self::Keyed(key) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
                STANDARD.encode(hmac::sign(&key, typed)).into_bytes()
            }
            Self::Trimmed => wordpress::prepared(typed),
            Self::SignExtended => bcrypt::sign_extended(typed),
            Self::Raw(hash) => hash.of(&[typed]),
            Self::After(prefix) => [prefix, typed].concat(),
        })
    }
}
