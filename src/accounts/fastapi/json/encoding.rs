//! Bytes to code points, as `json.loads` does it for bytes.
//!
//! Promises its guess between UTF-8, UTF-16 and UTF-32 and its `surrogatepass`: encoded surrogates come through as code points.

use super::scanner::ParseError;

/// Decodes a whole document.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<u32>, ParseError> {
    match *bytes {
        [0, 0, 0xfe, 0xff, ref rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, ref rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, ref rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, ref rest @ ..] => utf8(rest),
        [0, 0, _, _, ..] => utf32(bytes, u32::from_be_bytes),
        [0, _, _, _, ..] | [0, _] => utf16(bytes, u16::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(bytes, u32::from_le_bytes),
        [_, 0, _, _, ..] | [_, 0] => utf16(bytes, u16::from_le_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(mut bytes: &[u8]) -> Result<Vec<u32>, ParseError> {
    let mut points = Vec::with_capacity(bytes.len());
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                points.extend(text.chars().map(u32::from));
                return Ok(points);
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        points.extend(String::from_utf8_lossy(valid).chars().map(u32::from));
        let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] = rest else {
            return Err(ParseError::Unreadable);
        };
        points.push(0xd000 | (u32::from(*second & 0x3f) << 6) | u32::from(*third & 0x3f));
        bytes = after;
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u32>, ParseError> {
    let (units, []) = bytes.as_chunks::<2>() else {
        return Err(ParseError::Unreadable);
    };
    let decoded = char::decode_utf16(units.iter().map(|pair| unit(*pair)));
    Ok(decoded
        .map(|c| c.map_or_else(|lone| u32::from(lone.unpaired_surrogate()), u32::from))
        .collect())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<Vec<u32>, ParseError> {
    let (units, []) = bytes.as_chunks::<4>() else {
        return Err(ParseError::Unreadable);
    };
    let points: Vec<u32> = units.iter().map(|quad| unit(*quad)).collect();
    if points.iter().any(|point| *point > u32::from(char::MAX)) {
        Err(ParseError::Unreadable)
    } else {
        Ok(points)
    }
}
