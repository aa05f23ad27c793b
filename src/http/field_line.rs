//! One line of a head behind the first, strictly: where its parts are, and that it has nothing else.
//!
//! Requests and responses are judged alike. What one parser takes for the end of a line or of a name and another does
//! not is how messages are smuggled (RFC 9112 sections 2.2 and 5.1).

/// Bytes of a token (RFC 9110 section 5.6.2).
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what is out of bounds; there is no byte beyond 255"
)]
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_token_character(byte as u8);
        byte += 1;
    }
    table
};

const fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// How far a line was understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned<T, E> {
    /// All of it.
    Whole(T),
    /// It does not end in these bytes.
    Begun,
    /// It is none.
    Bad(E),
}

/// Why a line is none of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// It does not end with CR and LF.
    #[error("a line does not end with CR and LF")]
    End,
    /// The name is no token, or has no colon behind it.
    #[error("a header name is empty, has a character that is not allowed, or no colon behind it")]
    Name,
    /// It continues the one before.
    #[error("a header line begins with a space, as an obsolete folded line does")]
    Folded,
    /// A control character in the value.
    #[error("a header value has a control character")]
    Value,
}

/// A line behind the request line.
#[derive(Debug, PartialEq, Eq)]
pub enum FieldLine {
    /// A header field.
    Field(Field),
    /// The empty line.
    End,
}

/// A header field, as places in the bytes it was found in.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    name: usize,
    /// Where its value ends, before CR.
    end: usize,
}

impl FieldLine {
    /// The line that these bytes begin with.
    pub fn scan(bytes: &[u8]) -> Scanned<Self, BadLine> {
        let name = token_length(bytes);
        match (name, bytes.get(name)) {
            (_, None) => Scanned::Begun,
            (0, Some(b'\r')) => match bytes.get(1) {
                None => Scanned::Begun,
                Some(b'\n') => Scanned::Whole(Self::End),
                Some(_) => Scanned::Bad(BadLine::End),
            },
            (0, Some(b' ' | b'\t')) => Scanned::Bad(BadLine::Folded),
            (0, Some(b'\n')) => Scanned::Bad(BadLine::End),
            (1.., Some(b':')) => value(bytes, name),
            (_, Some(_)) => Scanned::Bad(BadLine::Name),
        }
    }

    /// With its end.
    pub fn length(&self) -> usize {
        match self {
            Self::Field(field) => field.end + 2,
            Self::End => 2,
        }
    }
}

fn value(bytes: &[u8], name: usize) -> Scanned<FieldLine, BadLine> {
    let mut at = name + 1;
    while let Some(found) = find_control(bytes.get(at..).unwrap_or_default()) {
        at += found;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\t'), _) => at += 1,
            (Some(b'\r'), Some(b'\n')) => {
                return Scanned::Whole(FieldLine::Field(Field { name, end: at }));
            }
            (Some(b'\r'), None) => return Scanned::Begun,
            (Some(b'\r' | b'\n'), _) => return Scanned::Bad(BadLine::End),
            (Some(_) | None, _) => return Scanned::Bad(BadLine::Value),
        }
    }
    Scanned::Begun
}

impl Field {
    /// Its name, in `bytes` as they were scanned.
    pub fn name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(..self.name).unwrap_or_default()
    }

    /// Without the space around it. What is left of it is never more than spaces and tabs, since control characters
    /// were refused.
    pub fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let value = bytes.get(self.name + 1..self.end);
        value.unwrap_or_default().trim_ascii()
    }
}

/// The value of `Content-Length`: digits alone (RFC 9110 section 8.6), and few enough to be a number.
pub fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether a token may have it.
pub fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or_default()
}

/// How many bytes at the beginning are a token's, eight at a time where they are letters and `-`, as in most names.
pub fn token_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        at += match uncommon(u64::from_le_bytes(*word)) {
            0 => 8,
            marked => marked.trailing_zeros() as usize / 8,
        };
        match bytes.get(at) {
            Some(&byte) if is_token(byte) => at += 1,
            Some(_) | None => return at,
        }
    }
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().take_while(|&&byte| is_token(byte)).count()
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Marks, in the high bit of each, the bytes that are neither letters nor `-`. No sum carries into the next byte.
const fn uncommon(word: u64) -> u64 {
    let folded = (word | (ONES * 0x20)) & !HIGHS;
    let from_a = folded + ONES * (0x80 - b'a' as u64);
    let behind_z = folded + ONES * (0x7F - b'z' as u64);
    let letter = from_a & !behind_z & HIGHS;
    let flipped = word ^ (ONES * b'-' as u64);
    let dash = !(((flipped & !HIGHS) + !HIGHS) | flipped) & HIGHS;
    (HIGHS & !(letter | dash)) | (word & HIGHS)
}

/// The first byte below a space, or DEL, eight bytes at a time.
fn find_control(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest byte that is marked is marked rightly; a borrow may mark a higher one wrongly.
        let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let flipped = word ^ (ONES * 0x7F);
        let delete = flipped.wrapping_sub(ONES) & !flipped & HIGHS;
        let marked = below_space | delete;
        if marked != 0 {
            return Some(index * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let found = tail.iter().position(|&byte| byte < b' ' || byte == 0x7F)?;
    Some(words.len() * 8 + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_control_character_is_found_wherever_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let naive = bytes.iter().position(|&byte| byte < b' ' || byte == 0x7F);
            prop_assert_eq!(find_control(&bytes), naive);
        }

        #[test]
        fn a_token_ends_where_its_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[a-zA-Z,.`{@\\[-]{0,30}[ -~]{0,12}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let naive = bytes.iter().take_while(|&&byte| is_token(byte)).count();
                prop_assert_eq!(token_length(bytes), naive);
            }
        }

        #[test]
        fn a_length_is_plain_digits(text in "[0-9+ ,x-]{0,21}") {
            let plain = !text.is_empty() && text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(length(text.as_bytes()), plain.then(|| text.parse().expect("a number")));
        }
    }
}
