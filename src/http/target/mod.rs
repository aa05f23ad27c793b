//! One canonical path: what is matched is what is forwarded.
//!
//! A request target that two parsers could read differently is refused here, so that a policy can never match one
//! path while the upstream serves another. What is accepted is normalised in the two ways that RFC 3986 section
//! 6.2.2 calls equivalent: hexadecimal digits in upper case, and encoded unreserved characters as themselves. Characters
//! that no path has (RFC 3986 section 3.3) and browsers send nevertheless, such as `|`, are encoded. The query is not
//! interpreted: it is forwarded byte for byte.

mod elsewhere;
mod reading;

use std::borrow::Cow;

pub use elsewhere::other_readings;
use reading::is_overlong;
pub use reading::{Difference, Oddity, Overlong, Reading, fold_case};

/// Why a target was refused: each is a 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither `/path` nor `http://host/path` (RFC 9112 section 3.2).
    #[error("the target is neither in origin form nor in absolute form")]
    Form,
    /// An absolute form whose authority is not the Host, or that has user information.
    #[error("the authority of an absolute target differs from the Host")]
    Authority,
    /// A control character, raw or encoded.
    #[error("the path has a control character, raw or encoded")]
    Control,
    /// A byte that is not ASCII; clients have to percent-encode it.
    #[error("the target has a byte outside ASCII that is not percent-encoded")]
    NotAscii,
    /// `%C0%AF`, which is `/` to a decoder that does not mind.
    #[error("the path has an encoded character in more bytes than it needs")]
    Overlong,
    /// `\` or `%5C`.
    #[error("the path has a backslash, raw or encoded")]
    Backslash,
    /// `%2F`.
    #[error("the path has an encoded slash")]
    EncodedSlash,
    /// `#`.
    #[error("the target has a fragment")]
    Fragment,
    /// `%` without two hexadecimal digits.
    #[error("the path has an invalid percent-encoding")]
    PercentEncoding,
    /// `%2541` and its like.
    #[error("the path decodes differently when decoded twice")]
    DecodesTwice,
    /// `.` or `..` as a segment, raw or encoded; longer runs of dots too, which some servers fold.
    #[error("the path has a dot segment")]
    DotSegment,
    /// `//`.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `;` or `%3B`.
    #[error("the path has a segment parameter")]
    SegmentParameter,
}

/// Checks and normalises the path of a target (without its query).
///
/// Borrows when the path is canonical already, which is the common case.
pub fn canonical_path(path: &str) -> Result<Cow<'_, str>, TargetError> {
    canonical_path_for(path, Reading::default())
}

/// The same for upstreams that are known to read some paths in one way.
pub fn canonical_path_for(path: &str, reading: Reading) -> Result<Cow<'_, str>, TargetError> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(TargetError::Form);
    }
    if bytes.iter().all(|&byte| is_plain(byte)) {
        check_plain_segments(bytes, reading.empty_segments)?;
        return Ok(Cow::Borrowed(path));
    }
    let canonical = Scan::new(reading).run(bytes)?;
    Ok(if canonical == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(canonical)
    })
}

/// Bytes that need no closer look: neither an escape, nor one of the refused characters, nor one to be encoded.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what is out of bounds; there is no byte beyond 255"
)]
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let character = byte as u8;
        table[byte] = character.is_ascii_graphic()
            && !is_never_raw(character)
            && !matches!(character, b'%' | b'\\' | b'#' | b';');
        byte += 1;
    }
    table
};

fn is_plain(byte: u8) -> bool {
    PLAIN.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Characters that RFC 3986 has nowhere in a path but encoded, and that are clear all the same.
const fn is_never_raw(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn check_plain_segments(bytes: &[u8], empty_segments: Oddity) -> Result<(), TargetError> {
    let mut before = b'/';
    let mut dots_only = false;
    for &byte in bytes.get(1..).unwrap_or_default() {
        if byte == b'/' {
            if before == b'/' && empty_segments == Oddity::Refused {
                return Err(TargetError::EmptySegment);
            }
            if dots_only {
                return Err(TargetError::DotSegment);
            }
            dots_only = false;
        } else {
            dots_only = byte == b'.' && (before == b'/' || dots_only);
        }
        before = byte;
    }
    if dots_only && before == b'.' {
        return Err(TargetError::DotSegment);
    }
    Ok(())
}

/// The careful pass over a path that has escapes or refused characters.
struct Scan {
    reading: Reading,
    out: Vec<u8>,
    /// The last two bytes after one decoding, to notice an escape that decoding would produce.
    decoded: [u8; 2],
    segment_length: usize,
    segment_dots: usize,
    /// Whether what comes belongs to the segment or to a parameter of it.
    part: Part,
}

/// A part of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Parameter,
}

impl Scan {
    fn new(reading: Reading) -> Self {
        Self {
            reading,
            out: Vec::new(),
            decoded: [0; 2],
            segment_length: 0,
            segment_dots: 0,
            part: Part::Name,
        }
    }

    fn run(mut self, bytes: &[u8]) -> Result<String, TargetError> {
        self.out.reserve(bytes.len());
        let mut rest = bytes.iter();
        // The leading slash opens the first segment instead of closing one.
        self.out.extend(rest.next());
        while let Some(&byte) = rest.next() {
            match byte {
                b'/' => self.close_segment()?,
                b'%' => {
                    let high = rest.next().copied().and_then(hex_value);
                    let low = rest.next().copied().and_then(hex_value);
                    let (Some(high), Some(low)) = (high, low) else {
                        return Err(TargetError::PercentEncoding);
                    };
                    self.push_escape(high << 4 | low)?;
                }
                b'\\' => return Err(TargetError::Backslash),
                b'#' => return Err(TargetError::Fragment),
                b';' => self.begin_parameter()?,
                0..=b' ' | 0x7F => return Err(TargetError::Control),
                0x80.. => return Err(TargetError::NotAscii),
                _ if is_never_raw(byte) => self.push_escape(byte)?,
                _ => self.push(byte, &[byte])?,
            }
        }
        self.check_dots()?;
        String::from_utf8(self.out).map_err(|_| TargetError::NotAscii)
    }

    fn push_escape(&mut self, decoded: u8) -> Result<(), TargetError> {
        match decoded {
            0..=0x1F | 0x7F => Err(TargetError::Control),
            b'/' => Err(TargetError::EncodedSlash),
            b'\\' => Err(TargetError::Backslash),
            // Decoded it is a parameter to some of those that ignore parameters, and a character to others.
            b';' if self.reading.segment_parameters != Oddity::Kept => {
                Err(TargetError::SegmentParameter)
            }
            _ if is_unreserved(decoded) => self.push(decoded, &[decoded]),
            _ => {
                let [high, low] = upper_hex(decoded);
                self.push(decoded, &[b'%', high, low])
            }
        }
    }

    /// Takes one decoded byte and the text that stands for it.
    fn push(&mut self, decoded: u8, text: &[u8]) -> Result<(), TargetError> {
        let [before_last, last] = self.decoded;
        if before_last == b'%' && last.is_ascii_hexdigit() && decoded.is_ascii_hexdigit() {
            return Err(TargetError::DecodesTwice);
        }
        if is_overlong(last, decoded) && self.reading.overlong_escapes == Overlong::Refused {
            return Err(TargetError::Overlong);
        }
        self.decoded = [last, decoded];
        if self.part == Part::Name {
            self.segment_length += 1;
            self.segment_dots += usize::from(decoded == b'.');
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    /// The segment before it has to be one without its parameters too.
    fn begin_parameter(&mut self) -> Result<(), TargetError> {
        if self.reading.segment_parameters == Oddity::Refused {
            return Err(TargetError::SegmentParameter);
        }
        self.check_segment()?;
        self.decoded = [0; 2];
        self.part = Part::Parameter;
        self.out.push(b';');
        Ok(())
    }

    fn check_segment(&self) -> Result<(), TargetError> {
        if self.segment_length == 0 && self.reading.empty_segments == Oddity::Refused {
            return Err(TargetError::EmptySegment);
        }
        self.check_dots()
    }

    fn close_segment(&mut self) -> Result<(), TargetError> {
        self.check_segment()?;
        self.decoded = [0; 2];
        self.segment_length = 0;
        self.segment_dots = 0;
        self.part = Part::Name;
        self.out.push(b'/');
        Ok(())
    }

    fn check_dots(&self) -> Result<(), TargetError> {
        if self.segment_length > 0 && self.segment_dots == self.segment_length {
            return Err(TargetError::DotSegment);
        }
        Ok(())
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn upper_hex(byte: u8) -> [u8; 2] {
    crate::entropy::hex_pair(byte).map(|digit| digit.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
