//! The first line of a response.

use ::http::StatusCode;
use httparse::Status;
use hyper::ext::ReasonPhrase;

use super::{BadHead, HttpVersion, KnownLines};
use crate::http::field_line::BadLine;

/// What the first line says.
#[derive(Debug, Clone)]
pub(super) struct StatusLine {
    code: u16,
    pub(super) version: HttpVersion,
    /// Where it is not the usual one of its status.
    pub(super) unusual_reason: Option<ReasonPhrase>,
    /// In bytes, with its end.
    pub(super) length: usize,
}

impl StatusLine {
    /// The line that these bytes begin with, or `None` when its end is not there.
    pub(super) fn read(bytes: &[u8], known: &mut KnownLines) -> Result<Option<Self>, BadHead> {
        if let Some(status_line) = known.status_line(bytes) {
            return Ok(Some(status_line));
        }
        let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
        let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
        // The parser would skip empty lines without an end.
        if line.first().is_some_and(|&first| first != b'H') {
            return Err(BadHead::Syntax(httparse::Error::Version));
        }
        let mut parsed = httparse::Response::new(&mut []);
        // Without the empty line behind the fields there is never all of it.
        let (Status::Partial | Status::Complete(_)) = parsed.parse(line)?;
        if end.is_none() {
            return Ok(None);
        }
        if !line.ends_with(b"\r\n") {
            return Err(BadLine::End.into());
        }
        let code = parsed.code.ok_or(BadHead::Status)?;
        let usual = StatusCode::from_u16(code).ok();
        let usual = usual.and_then(|status| status.canonical_reason());
        let reason = parsed.reason.unwrap_or_default();
        let status_line = Self {
            code,
            version: match parsed.version {
                Some(1) => HttpVersion::Http11,
                _ => HttpVersion::Http10,
            },
            unusual_reason: match reason {
                reason if usual == Some(reason) => None,
                reason => ReasonPhrase::try_from(reason.as_bytes()).ok(),
            },
            length: line.len(),
        };
        if status_line.is_final() {
            known.learn_status_line(line, &status_line);
        }
        Ok(Some(status_line))
    }

    /// Whether no other head follows this one.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self.code, 100 | 102..=199)
    }

    /// RFC 9110 section 15: there are no others, and whoever reads one takes it for something else.
    pub(super) fn status(&self) -> Result<StatusCode, BadHead> {
        let status = StatusCode::from_u16(self.code).map_err(|_| BadHead::Status)?;
        if self.code < 600 {
            Ok(status)
        } else {
            Err(BadHead::Status)
        }
    }
}
