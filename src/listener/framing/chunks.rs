//! The chunks of a body (RFC 9112 section 7.1), without their trailers.

use super::{Refusal, Violation};

/// Sixteen digits are all that a number of 64 bits has.
const MOST_DIGITS: u8 = 16;

/// Extensions have no meaning here; a client that sends more than this means harm.
const MOST_EXTENSION_BYTES: u16 = 1024;

/// Where in a chunk the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    Size { digits: u8, size: u64 },
    Extension { length: u16, size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataLineFeed,
}

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Within(Chunk),
    /// The last chunk has ended.
    Trailers,
}

impl From<BadChunk> for Refusal {
    fn from(BadChunk: BadChunk) -> Self {
        Self::Violation(Violation::Chunk)
    }
}

/// A byte that cannot be here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadChunk;

impl Chunk {
    pub(super) const START: Self = Self::Size { digits: 0, size: 0 };

    /// Takes at least one of the bytes, of which there has to be one, and says how many.
    pub(super) fn step(self, bytes: &[u8]) -> Result<(usize, Step), BadChunk> {
        if let Self::Data { left } = self {
            let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let left = left - taken as u64;
            let next = if left == 0 {
                Self::DataReturn
            } else {
                Self::Data { left }
            };
            return Ok((taken, Step::Within(next)));
        }
        let byte = *bytes.first().ok_or(BadChunk)?;
        self.byte(byte).map(|step| (1, step))
    }

    fn byte(self, byte: u8) -> Result<Step, BadChunk> {
        let next = match (self, byte) {
            (Self::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
                if digits < MOST_DIGITS =>
            {
                let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
                Self::Size {
                    digits: digits + 1,
                    size: size << 4 | u64::from(digit),
                }
            }
            (Self::Size { digits: 1.., size } | Self::Extension { size, .. }, b'\r') => {
                Self::SizeLineFeed { size }
            }
            (Self::Size { digits: 1.., size }, b';') => Self::Extension { length: 0, size },
            (Self::Extension { length, size }, b'\t' | b' '..=b'~' | 0x80..)
                if length < MOST_EXTENSION_BYTES =>
            {
                Self::Extension {
                    length: length + 1,
                    size,
                }
            }
            (Self::SizeLineFeed { size: 0 }, b'\n') => return Ok(Step::Trailers),
            (Self::SizeLineFeed { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataLineFeed,
            (Self::DataLineFeed, b'\n') => Self::START,
            (
                Self::Size { .. }
                | Self::Extension { .. }
                | Self::SizeLineFeed { .. }
                | Self::Data { .. }
                | Self::DataReturn
                | Self::DataLineFeed,
                _,
            ) => return Err(BadChunk),
        };
        Ok(Step::Within(next))
    }
}
