//! What has to be computed for a check, and how much of it is believed.

use std::num::NonZeroU32;

use ::argon2::{Algorithm, Argon2, Params, Version};
use ::md5::Md5;
use aws_lc_rs::{digest, pbkdf2};

use super::phpass;

/// The most memory that one check may take: twice what Django's argon2 takes.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;

/// The most bytes that one check may write in that memory: about five seconds.
const MOST_WRITTEN: u64 = 4 * 1024 * 1024 * 1024;

/// The most doublings of bcrypt: about five seconds too.
const MOST_BCRYPT: u8 = 16;

/// The most rounds of PBKDF2: about two seconds. A million is what is recommended.
const MOST_PBKDF2: u32 = 5_000_000;

/// The most rounds of the crypt of SHA-2, each of which reads the password.
const MOST_SHA_CRYPT: u32 = 1_000_000;

/// The most doublings of phpass, which reads it in each round too.
const MOST_PHPASS: u8 = 20;

/// The longest password that is looked at, in bytes: passlib's limit, and Django's.
const LONGEST: usize = 4096;

/// And where each round reads it, or a long one would take minutes: libxcrypt's limit.
const LONGEST_IN_ROUNDS: usize = 512;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// MD5, 16 bytes.
    Md5,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

/// A variant of Argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Argon2d.
    D,
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// The work of one check. It is also its cost: two checks of the same work take as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// bcrypt.
    Bcrypt {
        /// How often the work is doubled.
        cost: u8,
    },
    /// Argon2.
    Argon2 {
        /// Which of the three.
        variant: Variant,
        /// Version 1.3, or the one before.
        latest: bool,
        /// Memory in KiB.
        memory: u32,
        /// How often it is written.
        passes: u32,
        /// How many parts it has.
        lanes: u32,
    },
    /// PBKDF2 with HMAC.
    Pbkdf2 {
        /// Of which function.
        hash: Hash,
        /// How many rounds.
        rounds: NonZeroU32,
    },
    /// scrypt.
    Scrypt {
        /// How often N is doubled.
        log_n: u8,
        /// The size of a block.
        r: u32,
        /// How many times.
        p: u32,
    },
    /// The crypt of SHA-256 or SHA-512.
    ShaCrypt {
        /// Which of the two.
        hash: Hash,
        /// How many rounds.
        rounds: u32,
    },
    /// phpass: MD5, many times.
    Phpass {
        /// How often the rounds are doubled.
        doublings: u8,
    },
    /// One hash: no work at all.
    Digest(Hash),
}

impl Default for Work {
    /// What passlib writes when nobody says otherwise.
    fn default() -> Self {
        Self::Bcrypt { cost: 12 }
    }
}

impl Work {
    /// Whether it stays within what a check may take.
    pub(super) fn is_bounded(self) -> bool {
        match self {
            Self::Bcrypt { cost } => (4..=MOST_BCRYPT).contains(&cost),
            Self::Argon2 { passes, lanes, .. } => {
                (1..=64).contains(&lanes) && passes > 0 && self.fits(passes)
            }
            Self::Scrypt { log_n, r, p } => {
                (1..=24).contains(&log_n) && r > 0 && p > 0 && r <= 64 && p <= 64 && self.fits(p)
            }
            Self::Pbkdf2 { rounds, .. } => rounds.get() <= MOST_PBKDF2,
            Self::ShaCrypt { rounds, .. } => (1000..=MOST_SHA_CRYPT).contains(&rounds),
            Self::Phpass { doublings } => doublings <= MOST_PHPASS,
            Self::Digest(_) => true,
        }
    }

    fn fits(self, times: u32) -> bool {
        let memory = self.memory();
        memory <= MOST_MEMORY && memory.saturating_mul(times.into()) <= MOST_WRITTEN
    }

    /// How many bytes of memory it takes while it goes on; 0 is next to nothing.
    pub fn memory(self) -> u64 {
        match self {
            Self::Argon2 { memory, .. } => u64::from(memory) * 1024,
            Self::Scrypt { log_n, r, p } => {
                let blocks = (1_u64 << log_n.min(40)).saturating_add(p.into());
                blocks.saturating_mul(128 * u64::from(r))
            }
            Self::Bcrypt { .. }
            | Self::Pbkdf2 { .. }
            | Self::ShaCrypt { .. }
            | Self::Phpass { .. }
            | Self::Digest(_) => 0,
        }
    }

    /// The longest password, in bytes, that can match. bcrypt looks at the beginning of any.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::Bcrypt { .. } => usize::MAX,
            Self::ShaCrypt { .. } | Self::Phpass { .. } => LONGEST_IN_ROUNDS,
            Self::Argon2 { .. } | Self::Pbkdf2 { .. } | Self::Scrypt { .. } | Self::Digest(_) => {
                LONGEST
            }
        }
    }

    /// Does it; `None` where the parameters are impossible.
    pub(super) fn run(self, typed: &[u8], salt: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut made = vec![0; length];
        match self {
            Self::Bcrypt { cost } => return super::bcrypt::run(cost, typed, salt),
            Self::Argon2 { .. } => self
                .argon2()?
                .hash_password_into(typed, salt, &mut made)
                .ok()?,
            Self::Pbkdf2 { hash, rounds } => {
                pbkdf2::derive(hash.pbkdf2()?, rounds, salt, typed, &mut made);
            }
            Self::Scrypt { log_n, r, p } => {
                let params = ::scrypt::Params::new(log_n, r, p).ok()?;
                ::scrypt::scrypt(typed, salt, &params, &mut made).ok()?;
            }
            Self::ShaCrypt { hash, rounds } => {
                return super::sha_crypt::run(hash, rounds, typed, salt);
            }
            Self::Phpass { doublings } => return Some(phpass::run(doublings, typed, salt)),
            Self::Digest(hash) => return Some(hash.of(&[typed, salt])),
        }
        Some(made)
    }

    fn argon2(self) -> Option<Argon2<'static>> {
        let Self::Argon2 {
            variant,
            latest,
            memory,
            passes,
            lanes,
        } = self
        else {
            return None;
        };
        let algorithm = match variant {
            Variant::D => Algorithm::Argon2d,
            Variant::I => Algorithm::Argon2i,
            Variant::Id => Algorithm::Argon2id,
        };
        let version = if latest {
            Version::V0x13
        } else {
            Version::V0x10
        };
        let params = Params::new(memory, passes, lanes, None).ok()?;
        Some(Argon2::new(algorithm, version, params))
    }

    /// The work of a check against nothing: the result is forgotten.
    pub fn run_for_nobody(self, typed: &[u8]) {
        const SALT: [u8; 16] = *b"no user has this";
        let typed = typed.get(..self.longest()).unwrap_or(typed);
        std::hint::black_box(self.run(typed, &SALT, 32));
    }
}

impl Hash {
    /// Of these parts, one after the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md5 => {
                use ::md5::Digest;
                let mut hash = Md5::new();
                for part in parts {
                    hash.update(part);
                }
                return hash.finalize().to_vec();
            }
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        let mut context = digest::Context::new(algorithm);
        for part in parts {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    }

    /// How many bytes it makes.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn pbkdf2(self) -> Option<pbkdf2::Algorithm> {
        match self {
            Self::Md5 => None,
            Self::Sha1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
            Self::Sha256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
            Self::Sha512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        }
    }
}
