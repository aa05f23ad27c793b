//! How new passwords are stored: as a monolith of some kind would, so that it reads them.

use std::num::NonZeroU32;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

use super::{Format, Hash, Stored, Variant, Work, encoding::hex};
use crate::secret::Secret;

/// The longest password, in bytes, of which bcrypt sees the end.
const LONGEST_OF_BCRYPT: usize = 72;

/// A format that new passwords can be stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewFormat {
    /// `$2b$12$…`: read by passlib, bcrypt of Python, PHP, Node, Ruby, Go.
    Bcrypt,
    /// `$argon2id$v=19$…`: read by passlib, argon2-cffi, PHP.
    Argon2id,
    /// `$pbkdf2-sha256$…` of passlib.
    PasslibPbkdf2Sha256,
    /// `pbkdf2_sha256$…` of Django.
    DjangoPbkdf2Sha256,
    /// `argon2$argon2id$…` of Django.
    DjangoArgon2id,
    /// `scrypt:32768:8:1$…` of Werkzeug.
    WerkzeugScrypt,
    /// `pbkdf2:sha256:…` of Werkzeug.
    WerkzeugPbkdf2Sha256,
}

/// How new passwords are stored: in which format, at which cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The format.
    format: NewFormat,
    /// The work of each check.
    work: Work,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            format: NewFormat::Bcrypt,
            work: Work::Bcrypt { cost: 12 },
        }
    }
}

impl Recipe {
    /// A format at its usual cost.
    pub fn usual(format: NewFormat) -> Self {
        let family = format.family();
        let pbkdf2 = |rounds| Work::Pbkdf2 {
            hash: Hash::Sha256,
            rounds: NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN),
        };
        let work = match format {
            NewFormat::Bcrypt | NewFormat::Argon2id | NewFormat::WerkzeugScrypt => {
                family.usual_work()
            }
            NewFormat::DjangoArgon2id => Format::Argon2.usual_work(),
            NewFormat::PasslibPbkdf2Sha256 => pbkdf2(600_000),
            NewFormat::DjangoPbkdf2Sha256 | NewFormat::WerkzeugPbkdf2Sha256 => pbkdf2(1_000_000),
        };
        Self { format, work }
    }

    /// The same format with other work; `None` where it is of another kind, too weak, or too much for one check.
    #[must_use]
    pub fn with(self, work: Work) -> Option<Self> {
        let same_kind = std::mem::discriminant(&work) == std::mem::discriminant(&self.work);
        let recipe = Self { work, ..self };
        (same_kind && work.is_bounded()).then_some(recipe)
    }

    /// The work of a check.
    pub fn work(self) -> Work {
        self.work
    }

    /// The family that what it makes belongs to.
    pub fn family(self) -> Format {
        self.format.family()
    }

    /// The longest password, in bytes, that it tells from a longer one.
    pub fn longest(self) -> usize {
        match self.work {
            Work::Bcrypt { .. } => LONGEST_OF_BCRYPT,
            Work::Argon2 { .. }
            | Work::Pbkdf2 { .. }
            | Work::Scrypt { .. }
            | Work::ShaCrypt { .. }
            | Work::Phpass { .. }
            | Work::Digest(_) => self.work.longest(),
        }
    }

    /// Whether what is stored is at least as good as what this makes.
    pub fn is_met_by(self, format: Format, stored: &Stored) -> bool {
        format == self.family() && stored.is_plain() && at_least(stored.work(), self.work)
    }

    /// What is to be stored for a password; slow on purpose.
    pub fn make(self, password: &Secret<String>, salt: [u8; 16]) -> Option<Secret<String>> {
        let typed = password.expose().as_bytes();
        let text = STANDARD_NO_PAD.encode(salt);
        let letters = hex(&salt);
        let under = |salt: &[u8], length| self.work.run(typed, salt, length);
        let made = match (self.format, self.work) {
            (NewFormat::Bcrypt, Work::Bcrypt { cost }) => {
                ::bcrypt::hash_with_salt(typed, cost.into(), salt)
                    .ok()?
                    .to_string()
            }
            (
                NewFormat::Argon2id | NewFormat::DjangoArgon2id,
                Work::Argon2 {
                    memory,
                    passes,
                    lanes,
                    ..
                },
            ) => {
                let django = self.format == NewFormat::DjangoArgon2id;
                let before = if django { "argon2" } else { "" };
                let digest = STANDARD_NO_PAD.encode(under(&salt, 32)?);
                format!("{before}$argon2id$v=19$m={memory},t={passes},p={lanes}${text}${digest}")
            }
            (NewFormat::PasslibPbkdf2Sha256, Work::Pbkdf2 { rounds, .. }) => {
                let digest = STANDARD_NO_PAD.encode(under(&salt, 32)?);
                format!("$pbkdf2-sha256${rounds}${text}${digest}").replace('+', ".")
            }
            (NewFormat::DjangoPbkdf2Sha256, Work::Pbkdf2 { rounds, .. }) => {
                let digest = STANDARD.encode(under(letters.as_bytes(), 32)?);
                format!("pbkdf2_sha256${rounds}${letters}${digest}")
            }
            (NewFormat::WerkzeugPbkdf2Sha256, Work::Pbkdf2 { rounds, .. }) => {
                let digest = hex(&under(letters.as_bytes(), 32)?);
                format!("pbkdf2:sha256:{rounds}${letters}${digest}")
            }
            (NewFormat::WerkzeugScrypt, Work::Scrypt { log_n, r, p }) => {
                let digest = hex(&under(letters.as_bytes(), 64)?);
                let n = 1_u32.checked_shl(log_n.into())?;
                format!("scrypt:{n}:{r}:{p}${letters}${digest}")
            }
            (_, _) => return None,
        };
        Some(Secret::new(made))
    }
}

impl NewFormat {
    /// The family that it belongs to.
    pub fn family(self) -> Format {
        match self {
            Self::Bcrypt => Format::Bcrypt,
            Self::Argon2id => Format::Argon2,
            Self::PasslibPbkdf2Sha256 => Format::Passlib,
            Self::DjangoPbkdf2Sha256 | Self::DjangoArgon2id => Format::Django,
            Self::WerkzeugScrypt | Self::WerkzeugPbkdf2Sha256 => Format::Werkzeug,
        }
    }
}

/// Whether one work is of the same kind as another, and not less.
fn at_least(found: Work, wanted: Work) -> bool {
    match (found, wanted) {
        (Work::Bcrypt { cost: found }, Work::Bcrypt { cost: wanted }) => found >= wanted,
        (
            Work::Argon2 {
                variant: Variant::Id,
                latest: true,
                memory,
                passes,
                ..
            },
            Work::Argon2 {
                memory: wanted,
                passes: wanted_passes,
                ..
            },
        ) => memory >= wanted && passes >= wanted_passes,
        (
            Work::Pbkdf2 { hash, rounds },
            Work::Pbkdf2 {
                hash: wanted_hash,
                rounds: wanted,
            },
        ) => hash == wanted_hash && rounds >= wanted,
        (
            Work::Scrypt { log_n, r, p },
            Work::Scrypt {
                log_n: wanted,
                r: wanted_r,
                p: wanted_p,
            },
        ) => log_n >= wanted && r >= wanted_r && p >= wanted_p,
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Accepted, Verdict};

    fn cheap() -> Vec<Recipe> {
        let pbkdf2 = Work::Pbkdf2 {
            hash: Hash::Sha256,
            rounds: NonZeroU32::MIN,
        };
        let argon2 = Work::Argon2 {
            variant: Variant::Id,
            latest: true,
            memory: 64,
            passes: 1,
            lanes: 1,
        };
        let scrypt = Work::Scrypt {
            log_n: 2,
            r: 8,
            p: 1,
        };
        [
            (NewFormat::Bcrypt, Work::Bcrypt { cost: 4 }),
            (NewFormat::Argon2id, argon2),
            (NewFormat::DjangoArgon2id, argon2),
            (NewFormat::PasslibPbkdf2Sha256, pbkdf2),
            (NewFormat::DjangoPbkdf2Sha256, pbkdf2),
            (NewFormat::WerkzeugPbkdf2Sha256, pbkdf2),
            (NewFormat::WerkzeugScrypt, scrypt),
        ]
        .map(|(format, work)| Recipe::usual(format).with(work).expect("it is bounded"))
        .to_vec()
    }

    #[test]
    fn what_is_made_is_read_again_and_good_enough() {
        let password = Secret::new("비밀번호-7🔑".to_owned());
        for recipe in cheap() {
            let made = recipe.make(&password, [0xfb; 16]).expect("it is made");
            let accepted = Accepted {
                formats: vec![recipe.family()],
                digest: None,
            };
            let read = accepted.read(&made, None).expect("a hash that is read");
            assert_eq!(read.check("비밀번호-7🔑"), Verdict::Matches);
            assert_eq!(read.check("비밀번호-8🔑"), Verdict::Differs);
            assert!(recipe.is_met_by(recipe.family(), &read));
            let usual = Recipe::usual(recipe.format);
            assert!(!usual.is_met_by(recipe.family(), &read), "{recipe:?}");
        }
    }

    #[test]
    fn a_recipe_takes_no_work_of_another_kind_nor_too_much() {
        let bcrypt = Recipe::default();
        assert_eq!(bcrypt.with(Work::Digest(Hash::Sha1)), None);
        assert_eq!(bcrypt.with(Work::Bcrypt { cost: 31 }), None);
    }
}
