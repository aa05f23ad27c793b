//! Why bytes are not passed on.

use crate::http::field_line::BadLine;

/// Why the bytes of a request are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Not a method, a target and a version with one space between them.
    #[error("the request line is not a method, a target and a version")]
    RequestLine,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
    /// A target with a byte that no URI has.
    #[error("the target has a byte that has to be percent-encoded")]
    Target,
    /// A target with `#`.
    #[error("the target has a fragment")]
    Fragment,
    /// A request line beyond the limit.
    #[error("the request line is longer than the limit")]
    LongTarget,
    /// A line that does not end with CR and LF.
    #[error("a line does not end with CR and LF")]
    LineEnd,
    /// A header name that is no token, or has no colon behind it.
    #[error("a header name is empty, has a character that is not allowed, or no colon behind it")]
    FieldName,
    /// A header line that continues the one before.
    #[error("a header line begins with a space, as an obsolete folded line does")]
    Folded,
    /// A control character in a header value.
    #[error("a header value has a control character")]
    FieldValue,
    /// More header lines than the limit.
    #[error("there are more header lines than the limit")]
    ManyFields,
    /// A head beyond the limit.
    #[error("the request head is larger than the limit")]
    LargeHead,
    /// A length that is no number, or more than one.
    #[error("Content-Length is not one plain number")]
    Length,
    /// A coding besides one `chunked`, or one in HTTP/1.0.
    #[error("the body has a transfer coding other than one chunked of HTTP/1.1")]
    Coding,
    /// Both a length and a coding.
    #[error("the request has both Content-Length and Transfer-Encoding")]
    LengthAndCoding,
    /// More than one Host.
    #[error("the request has more than one Host")]
    Hosts,
    /// A chunk that is none.
    #[error("a chunk of the body is malformed")]
    Chunk,
    /// Trailers that are malformed or too large.
    #[error("the trailers of the body are malformed or too large")]
    Trailer,
}

/// Why nothing more is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bytes are refused.
    Refused(Violation),
    /// The connection begins as one of HTTP/2 does (RFC 9113 section 3.4).
    Preface,
}

/// The bytes before this index may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// How many of the bytes that were just scanned are good.
    pub at: usize,
    /// Why the next is not.
    pub why: Stop,
}

/// A stop inside a head.
pub(super) enum Refusal {
    Violation(Violation),
    Preface,
}

impl From<BadLine> for Violation {
    fn from(bad: BadLine) -> Self {
        match bad {
            BadLine::End => Self::LineEnd,
            BadLine::Name => Self::FieldName,
            BadLine::Folded => Self::Folded,
            BadLine::Value => Self::FieldValue,
        }
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Violation(violation) => Self::Refused(violation),
            Refusal::Preface => Self::Preface,
        }
    }
}
