//! The first field of a compressed header block (RFC 7541 section 6), as far as it tells a pseudo-header.
//!
//! Pseudo-headers come first or the library refuses the block, so that the first field tells whether there are any. A
//! name that the client has had indexed before cannot be told here: that takes all blocks of the connection.

/// Padding and a priority before the block (RFC 9113 section 6.2).
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;

/// A block that arrives in pieces.
#[derive(Debug)]
pub(super) struct Block {
    /// How many bytes are before it.
    skipped: u8,
    expects: Expects,
}

#[derive(Debug, Clone, Copy)]
enum Expects {
    Representation,
    /// The rest of a new size of the table, which may stand before the first field.
    Size,
    NameLength,
    /// The rest of a length that is too large for its first byte.
    LongLength(Coding),
    Name(Coding),
    /// The first field has no name that is looked for.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Plain,
    Huffman,
}

/// What is known of the first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Pseudo,
    /// It is none, or has not come yet.
    NotPseudo,
}

impl Block {
    /// The block of a HEADERS frame with these flags.
    pub(super) fn new(flags: u8) -> Self {
        let padding = u8::from(flags & PADDED != 0);
        let priority = u8::from(flags & PRIORITY != 0);
        Self {
            skipped: padding + 5 * priority,
            expects: Expects::Representation,
        }
    }

    /// Looks at the next bytes.
    pub(super) fn read(&mut self, bytes: &[u8]) -> First {
        for &byte in bytes {
            if self.skipped > 0 {
                self.skipped -= 1;
                continue;
            }
            let next = match self.expects {
                Expects::Representation => representation(byte),
                Expects::Size if byte & 0x80 == 0 => Some(Expects::Representation),
                Expects::Size => Some(Expects::Size),
                Expects::NameLength => Some(name_length(byte)),
                Expects::LongLength(coding) if byte & 0x80 == 0 => Some(Expects::Name(coding)),
                Expects::LongLength(coding) => Some(Expects::LongLength(coding)),
                Expects::Name(Coding::Plain) => (byte != b':').then_some(Expects::Nothing),
                // A colon is these seven bits (RFC 7541 appendix B).
                Expects::Name(Coding::Huffman) => {
                    (byte >> 1 != 0b101_1100).then_some(Expects::Nothing)
                }
                Expects::Nothing => return First::NotPseudo,
            };
            match next {
                Some(next) => self.expects = next,
                None => return First::Pseudo,
            }
        }
        First::NotPseudo
    }
}

/// The first byte of a field; `None` where it names one of the pseudo-headers, which are the first 14 of the static
/// table.
fn representation(byte: u8) -> Option<Expects> {
    match byte {
        0x81..=0x8E | 0x41..=0x4E | 0x01..=0x0E | 0x11..=0x1E => None,
        0x20..=0x3E => Some(Expects::Representation),
        0x3F => Some(Expects::Size),
        0x40 | 0x00 | 0x10 => Some(Expects::NameLength),
        0x80 | 0x8F..=0xFF | 0x4F..=0x7F | 0x0F | 0x1F => Some(Expects::Nothing),
    }
}

fn name_length(byte: u8) -> Expects {
    let coding = if byte & 0x80 == 0 {
        Coding::Plain
    } else {
        Coding::Huffman
    };
    match byte & 0x7F {
        0 => Expects::Nothing,
        0x7F => Expects::LongLength(coding),
        1..0x7F | 0x80.. => Expects::Name(coding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(flags: u8, bytes: &[u8]) -> First {
        let mut block = Block::new(flags);
        let whole = block.read(bytes);
        let mut block = Block::new(flags);
        let pieces = bytes.iter().map(|byte| block.read(&[*byte]));
        let pieces = pieces.fold(First::NotPseudo, |found, next| match found {
            First::Pseudo => found,
            First::NotPseudo => next,
        });
        assert_eq!(whole, pieces, "{bytes:x?}");
        whole
    }

    #[test]
    fn every_way_to_write_a_pseudo_header_is_seen() {
        for bytes in [
            &[0x82][..],
            &[0x8E],
            &[0x41, 1, b'a'],
            &[0x04, 1, b'/'],
            &[0x14, 1, b'/'],
            &[0x20, 0x84],
            &[0x3F, 0xE1, 0x1F, 0x84],
            &[0x40, 5, b':', b'p', b'a', b't', b'h'],
            &[0x00, 0x84, 0xB9, 0x58, 0xD3, 0x3F],
            &[0x10, 0x7F, 0x01, b':'],
        ] {
            assert_eq!(first(0, bytes), First::Pseudo, "{bytes:x?}");
        }
        assert_eq!(
            first(PADDED | PRIORITY, &[1, 0, 0, 0, 0, 9, 0x82, 0]),
            First::Pseudo
        );
    }

    #[test]
    fn other_first_fields_are_none() {
        for bytes in [
            &[][..],
            &[0x8F],
            &[0x90, 0x82],
            &[0xBE, 0x82],
            &[0x4F, 1, b'a'],
            &[0x0F, 0x01, 1, b':'],
            &[0x00, 1, b'a', 1, b':'],
            &[0x40, 0x81, 0x1F, 1, b':'],
            &[0x00, 0, 1, b':'],
        ] {
            assert_eq!(first(0, bytes), First::NotPseudo, "{bytes:x?}");
        }
    }
}
