//! The ways in which numbers and bytes are written in stored passwords.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The longest salt or digest that is believed, in bytes.
const LONGEST: usize = 1024;

/// Base64 without padding, or with it, as it was written.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A number in digits alone.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Base64, with padding or without.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let short = text.len() <= LONGEST;
    short.then(|| LENIENT.decode(text).ok()).flatten()
}

/// Base64 as passlib adapts it: `.` in place of `+`, no padding.
pub(super) fn adapted_base64(text: &str) -> Option<Vec<u8>> {
    base64(&text.replace('.', "+"))
}

/// Hexadecimal digits, of either case.
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// `name=number`.
pub(super) fn named(text: &str, name: &str) -> Option<u32> {
    number(text.strip_prefix(name)?.strip_prefix('=')?)
}
