//! Randomness as a value: decision ids, secrets for a demo, the key of the log's subject hash.
//!
//! Each worker owns one [`Entropy`]; tests make a seeded one and get the same ids every time.

use std::fmt;

use rand::{RngCore, SeedableRng, rngs::StdRng};

/// A cryptographically strong generator (`ChaCha`), seeded from the operating system or by a test.
pub struct Entropy(StdRng);

impl Entropy {
    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self(StdRng::from_os_rng())
    }

    /// The same sequence for the same seed; for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// 128 random bits as an id.
    pub fn decision_id(&mut self) -> DecisionId {
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.bytes::<16>()) {
            pair.copy_from_slice(&hex_pair(byte));
        }
        DecisionId(text)
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Entropy")
    }
}

/// Names one decision of the gateway: 32 lower-case hexadecimal digits, in the refusal, the log and `X-Request-Id`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DecisionId([u8; 32]);

impl DecisionId {
    /// The id as ASCII bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // The bytes are hexadecimal digits by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The two lower-case hexadecimal digits of a byte.
pub fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| {
        if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        }
    };
    [digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_ids_and_two_ids_differ() {
        let mut entropy = Entropy::seeded(7);
        let first = entropy.decision_id();
        assert_eq!(first, Entropy::seeded(7).decision_id());
        assert_ne!(first, entropy.decision_id());
        assert!(first.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
