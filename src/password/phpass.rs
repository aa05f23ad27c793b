//! phpass, of `WordPress` (`$P$`) and phpBB (`$H$`): MD5, thousands of times.

use super::{Hash, Stored, Work};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digest in characters.
const DIGEST: usize = 22;

pub(super) fn read(stored: &str) -> Option<Stored> {
    let rest = stored
        .strip_prefix("$P$")
        .or_else(|| stored.strip_prefix("$H$"))?;
    let (doublings, rest) = rest.split_at_checked(1)?;
    let (salt, digest) = rest.split_at_checked(8)?;
    let doublings = doublings.bytes().next()?;
    let doublings = ALPHABET.iter().position(|byte| *byte == doublings)?;
    let doublings = u8::try_from(doublings).ok().filter(|it| *it >= 7)?;
    if digest.len() != DIGEST {
        return None;
    }
    let (salt, digest) = (salt.as_bytes().to_vec(), digest.as_bytes().to_vec());
    Stored::plain(Work::Phpass { doublings }, salt, digest)
}

pub(super) fn run(doublings: u8, typed: &[u8], salt: &[u8]) -> Vec<u8> {
    let mut hash = Hash::Md5.of(&[salt, typed]);
    for _ in 0..1_u32 << doublings.min(31) {
        hash = Hash::Md5.of(&[&hash, typed]);
    }
    encode(&hash)
}

/// Three bytes are four characters, the lowest bits first.
fn encode(bytes: &[u8]) -> Vec<u8> {
    let group = |bytes: &[u8]| {
        let value = bytes
            .iter()
            .rev()
            .fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
        (0..=bytes.len()).map(move |place| value >> (6 * place) & 63)
    };
    let places = bytes.chunks(3).flat_map(group);
    places
        .filter_map(|place| ALPHABET.get(place).copied())
        .collect()
}
