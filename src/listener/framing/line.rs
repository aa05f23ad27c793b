//! The first line of a head: where its parts are, and that it has nothing else.

use ::http::Uri;

use super::{Version, Violation};
use crate::http::field_line::{Scanned, is_token, token_length};

/// The first line of a connection that speaks HTTP/2 at once.
const PREFACE_LINE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// A request line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// Where the version begins.
    version: usize,
    /// With its end.
    pub(super) length: usize,
}

impl RequestLine {
    pub(super) fn scan(bytes: &[u8]) -> Scanned<Self, Violation> {
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
fn begun(bytes: &[u8]) -> Scanned<RequestLine, Violation> {
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

/// Of `HTTP/1.1` and the CR behind it.
const fn is_of_version(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'H' | b'T' | b'P' | b'/' | b'.' | b'\r')
}

/// Visible, and not what a URI never has. Some of these are not allowed everywhere.
const fn is_of_target(byte: u8) -> bool {
    byte > b' ' && byte < 0x7F && !matches!(byte, b'#' | b'<' | b'>')
}
