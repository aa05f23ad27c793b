//! One line of a head: where its parts are, and that it has nothing else.

use ::http::Uri;

use super::{Version, Violation};

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

/// The first line of a connection that speaks HTTP/2 at once.
const PREFACE_LINE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// How far a line was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned<T> {
    Whole(T),
    /// It does not end in these bytes.
    Begun,
    Bad(Violation),
}

/// A request line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// Where the version begins.
    version: usize,
    /// With its end.
    pub(super) length: usize,
}

/// A line behind the request line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FieldLine {
    Field(Field),
    /// The empty line.
    End,
}

/// A header field, as places in the bytes it was found in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: usize,
    /// Where its value ends, before CR.
    end: usize,
}

impl RequestLine {
    pub(super) fn scan(bytes: &[u8]) -> Scanned<Self> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            return begun(bytes);
        };
        let Some((line, b"\r\n")) = bytes.get(..=end).and_then(|line| line.split_last_chunk())
        else {
            return Scanned::Bad(Violation::LineEnd);
        };
        match parts(line) {
            Ok(version) => Scanned::Whole(Self {
                version,
                length: end + 1,
            }),
            Err(violation) => Scanned::Bad(violation),
        }
    }

    pub(super) fn is_preface(&self, bytes: &[u8]) -> bool {
        bytes.get(..self.length) == Some(PREFACE_LINE)
    }

    pub(super) fn version(&self, bytes: &[u8]) -> Result<Version, Violation> {
        match bytes.get(self.version..self.length.saturating_sub(2)) {
            Some(b"HTTP/1.1") => Ok(Version::Http11),
            Some(b"HTTP/1.0") => Ok(Version::Http10),
            Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor])
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                Err(Violation::Version)
            }
            _ => Err(Violation::RequestLine),
        }
    }
}

/// What can be said of a line that has not ended: the parser behind does not wait for the end either.
fn begun(bytes: &[u8]) -> Scanned<RequestLine> {
    let mut parts = bytes.splitn(3, |&byte| byte == b' ');
    let method = parts.next().unwrap_or_default();
    let (target, version) = (parts.next(), parts.next());
    let bad = |byte: &&u8| !is_of_target(**byte);
    let ends_early =
        method.is_empty() || (version.is_some() && target.is_some_and(<[u8]>::is_empty));
    let odd = !method.iter().all(|&byte| is_token(byte))
        || !version
            .unwrap_or_default()
            .iter()
            .all(|&byte| is_of_version(byte));
    match target.and_then(|target| target.iter().find(bad)) {
        _ if ends_early || odd => Scanned::Bad(Violation::RequestLine),
        None => Scanned::Begun,
        Some(b'#') if target.is_some_and(|target| target.first() != Some(&b'#')) => {
            Scanned::Bad(Violation::Fragment)
        }
        Some(byte) if !byte.is_ascii() || byte.is_ascii_graphic() => {
            Scanned::Bad(Violation::Target)
        }
        Some(_) => Scanned::Bad(Violation::RequestLine),
    }
}

/// Where the version begins in a line without its end.
fn parts(line: &[u8]) -> Result<usize, Violation> {
    let method = Some(token_length(line));
    let method = method.filter(|&method| method > 0 && line.get(method) == Some(&b' '));
    let target = method.ok_or(Violation::RequestLine)? + 1;
    let rest = line.get(target..).unwrap_or_default();
    let end = rest.iter().position(|&byte| !is_of_target(byte));
    match end.and_then(|end| Some((end, rest.get(end)?))) {
        Some((1.., b'#')) => Err(Violation::Fragment),
        Some((end @ 1.., b' ')) => {
            check_target(rest.get(..end).unwrap_or_default())?;
            Ok(target + end + 1)
        }
        Some((_, byte)) if !byte.is_ascii() || byte.is_ascii_graphic() => Err(Violation::Target),
        Some(_) | None => Err(Violation::RequestLine),
    }
}

/// The parser behind has its own opinion of some targets; what it would refuse is refused here, with a reason.
fn check_target(target: &[u8]) -> Result<(), Violation> {
    let certain = target.first() == Some(&b'/') && memchr::memchr2(b'"', b'`', target).is_none();
    if certain || Uri::try_from(target).is_ok() {
        Ok(())
    } else {
        Err(Violation::Target)
    }
}

impl FieldLine {
    pub(super) fn scan(bytes: &[u8]) -> Scanned<Self> {
        let name = token_length(bytes);
        match (name, bytes.get(name)) {
            (_, None) => Scanned::Begun,
            (0, Some(b'\r')) => match bytes.get(1) {
                None => Scanned::Begun,
                Some(b'\n') => Scanned::Whole(Self::End),
                Some(_) => Scanned::Bad(Violation::LineEnd),
            },
            (0, Some(b' ' | b'\t')) => Scanned::Bad(Violation::Folded),
            (0, Some(b'\n')) => Scanned::Bad(Violation::LineEnd),
            (1.., Some(b':')) => value(bytes, name),
            (_, Some(_)) => Scanned::Bad(Violation::FieldName),
        }
    }

    /// With its end.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Field(field) => field.end + 2,
            Self::End => 2,
        }
    }
}

fn value(bytes: &[u8], name: usize) -> Scanned<FieldLine> {
    let mut at = name + 1;
    while let Some(found) = find_control(bytes.get(at..).unwrap_or_default()) {
        at += found;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\t'), _) => at += 1,
            (Some(b'\r'), Some(b'\n')) => {
                return Scanned::Whole(FieldLine::Field(Field { name, end: at }));
            }
            (Some(b'\r'), None) => return Scanned::Begun,
            (Some(b'\r' | b'\n'), _) => return Scanned::Bad(Violation::LineEnd),
            (Some(_) | None, _) => return Scanned::Bad(Violation::FieldValue),
        }
    }
    Scanned::Begun
}

impl Field {
    pub(super) fn name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(..self.name).unwrap_or_default()
    }

    /// Without the space around it. What is left of it is never more than spaces and tabs, since control characters
    /// were refused.
    pub(super) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let value = bytes.get(self.name + 1..self.end);
        value.unwrap_or_default().trim_ascii()
    }
}

/// The value of `Content-Length`: digits alone (RFC 9110 section 8.6), and few enough to be a number.
pub(super) fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or_default()
}

/// How many bytes at the beginning are a token's, eight at a time where they are letters and `-`, as in most names.
fn token_length(bytes: &[u8]) -> usize {
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

/// Of `HTTP/1.1` and the CR behind it.
const fn is_of_version(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'H' | b'T' | b'P' | b'/' | b'.' | b'\r')
}

/// Visible, and not what a URI never has. Some of these are not allowed everywhere.
const fn is_of_target(byte: u8) -> bool {
    byte > b' ' && byte < 0x7F && !matches!(byte, b'#' | b'<' | b'>')
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
