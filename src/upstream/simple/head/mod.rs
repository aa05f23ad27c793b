//! The head of a response: its fields, how its body is framed, and whether its connection can be used again.

use std::mem::MaybeUninit;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;

/// How many fields a head may have.
const FIELD_LIMIT: usize = 100;

/// A final response without its body.
#[derive(Debug)]
pub(in crate::upstream) struct Head {
    pub(in crate::upstream) response: Response<()>,
    pub(super) framing: Framing,
    pub(in crate::upstream) reuse: Reuse,
    /// What came after the head.
    pub(super) rest: Bytes,
}

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::upstream) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// Whether the connection may carry another exchange after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::upstream) enum Reuse {
    Allowed,
    Forbidden,
}

/// The bytes are not the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::upstream) enum BadHead {
    #[error("the response's head: {0}")]
    Syntax(#[from] httparse::Error),
    #[error("the response's status is not one of 100 to 599")]
    Status,
    #[error("a line of the response's head does not end with CR LF")]
    LineEnd,
    #[error("the response has a field that is not acceptable")]
    Field,
    #[error("the response has no single length")]
    ContentLength,
    #[error("the response has a transfer coding other than chunked")]
    TransferEncoding,
    #[error("the response has both a length and a transfer coding")]
    TwoFramings,
    #[error("the response's head is too large")]
    TooLarge,
}

/// The first final response in `bytes`, or `None` when its head is not complete. A switch of protocols is final too:
/// what follows it is no longer HTTP.
pub(super) fn read(mut bytes: &[u8], method: &Method) -> Result<Option<Head>, BadHead> {
    // The parser would skip empty lines without an end.
    while let Some(b'H') = bytes.first() {
        let mut fields = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
        let mut parsed = httparse::Response::new(&mut []);
        let config = ParserConfig::default();
        let length =
            match config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields)? {
                Status::Complete(length) => length,
                Status::Partial => return Ok(None),
            };
        match parsed.code {
            Some(code @ 100..=199) if code != 101 => {
                check_lines(&parsed, bytes.get(..length).unwrap_or_default())?;
                bytes = bytes.get(length..).unwrap_or_default();
            }
            _ => return build(&parsed, bytes, length, method).map(Some),
        }
    }
    match bytes {
        [] => Ok(None),
        _ => Err(BadHead::Syntax(httparse::Error::Version)),
    }
}

fn build(
    parsed: &httparse::Response<'_, '_>,
    bytes: &[u8],
    length: usize,
    method: &Method,
) -> Result<Head, BadHead> {
    check_lines(parsed, bytes.get(..length).unwrap_or_default())?;
    let shared = Bytes::copy_from_slice(bytes);
    let mut fields = Fields::new(parsed.headers.len());
    for field in parsed.headers.iter() {
        fields.add(field, |value| {
            let start = value.as_ptr().addr() - bytes.as_ptr().addr();
            shared.slice(start..start + value.len())
        })?;
    }
    let status = status(parsed)?;
    let version = HttpVersion::of(parsed);
    let framing = fields.framing(version)?;
    let reuse = fields.reuse(version);
    let announces_body = fields.announces_body();
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields.headers;
    let reason = parsed.reason.unwrap_or_default();
    if status.canonical_reason() != Some(reason)
        && let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes())
    {
        response.extensions_mut().insert(reason);
    }
    let (framing, reuse) = match bodiless(method, status) {
        None => (framing, reuse),
        // A body that there cannot be may come all the same, and would be taken for the next response.
        Some(Bodiless::Contradicted) if announces_body => (Framing::Length(0), Reuse::Forbidden),
        Some(Bodiless::Understood | Bodiless::Contradicted) => (Framing::Length(0), reuse),
    };
    Ok(Head {
        response,
        framing,
        reuse,
        rest: shared.slice(length..),
    })
}

/// RFC 9110 section 15: there are no others, and whoever reads one takes it for something else.
fn status(parsed: &httparse::Response<'_, '_>) -> Result<StatusCode, BadHead> {
    let code = parsed.code.unwrap_or_default();
    let status = StatusCode::from_u16(code).map_err(|_| BadHead::Status)?;
    if code < 600 {
        Ok(status)
    } else {
        Err(BadHead::Status)
    }
}

/// The parser takes a bare LF for the end of a line, which not all do (RFC 9112 section 2.2): who does not finds other
/// fields, and another end. Within a line there is none, so only the ends are looked at.
fn check_lines(parsed: &httparse::Response<'_, '_>, head: &[u8]) -> Result<(), BadHead> {
    let status_line = memchr::memchr(b'\n', head).and_then(|end| head.get(..=end));
    let ends_well = |field: &httparse::Header<'_>| {
        let end = field.value.as_ptr().addr() + field.value.len() - head.as_ptr().addr();
        let mut after = head.get(end..).unwrap_or_default().iter();
        // The parser has cut blanks off.
        after.find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'\r')
    };
    let all = status_line.is_some_and(|line| line.ends_with(b"\r\n"))
        && head.ends_with(b"\r\n")
        && parsed.headers.iter().all(ends_well);
    if all { Ok(()) } else { Err(BadHead::LineEnd) }
}

/// How sure it is that no body follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodiless {
    /// Every reader knows, and what the head says of a length is about something else (RFC 9110 section 8.6).
    Understood,
    /// There can be none, so that a head that announces one contradicts itself.
    Contradicted,
}

fn bodiless(method: &Method, status: StatusCode) -> Option<Bodiless> {
    if method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        return Some(Bodiless::Understood);
    }
    let none = status == StatusCode::NO_CONTENT || status == StatusCode::SWITCHING_PROTOCOLS;
    none.then_some(Bodiless::Contradicted)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HttpVersion {
    Http10,
    Http11,
}

impl HttpVersion {
    fn of(parsed: &httparse::Response<'_, '_>) -> Self {
        match parsed.version {
            Some(1) => Self::Http11,
            _ => Self::Http10,
        }
    }
}

/// Fields on their way into a header map; those that end at this hop stay behind.
#[derive(Debug)]
struct Fields {
    headers: HeaderMap,
    length: Option<u64>,
    coding: Coding,
    connection: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    None,
    Chunked,
}

/// What `Connection` says of persistence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Unsaid,
    KeepAlive,
    Close,
}

impl Fields {
    fn new(count: usize) -> Self {
        Self {
            headers: HeaderMap::with_capacity(count),
            length: None,
            coding: Coding::None,
            connection: Connection::Unsaid,
        }
    }

    fn add(
        &mut self,
        field: &httparse::Header<'_>,
        share: impl FnOnce(&[u8]) -> Bytes,
    ) -> Result<(), BadHead> {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BadHead::Field)?;
        if name == header::CONNECTION && self.read_connection(field.value) {
            return Ok(());
        }
        if name == header::TRANSFER_ENCODING {
            return self.read_coding(field.value);
        }
        if name == header::CONTENT_LENGTH {
            let length = digits(field.value).ok_or(BadHead::ContentLength)?;
            match self.length.replace(length) {
                None => {}
                Some(same) if same == length => return Ok(()),
                Some(_) => return Err(BadHead::ContentLength),
            }
        }
        let value = HeaderValue::from_maybe_shared(share(field.value));
        self.headers
            .append(name, value.map_err(|_| BadHead::Field)?);
        Ok(())
    }

    /// Whether that was all that the field says: other options name fields that end here, and are not forgotten.
    fn read_connection(&mut self, value: &[u8]) -> bool {
        let mut only_persistence = true;
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                self.connection = Connection::Close;
            } else if !option.eq_ignore_ascii_case(b"keep-alive") {
                only_persistence = false;
            } else if self.connection == Connection::Unsaid {
                self.connection = Connection::KeepAlive;
            }
        }
        only_persistence
    }

    fn read_coding(&mut self, value: &[u8]) -> Result<(), BadHead> {
        if self.coding == Coding::Chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(BadHead::TransferEncoding);
        }
        self.coding = Coding::Chunked;
        Ok(())
    }

    /// RFC 9112 section 6.3, without what the method and the status change.
    fn framing(&self, version: HttpVersion) -> Result<Framing, BadHead> {
        match (self.coding, self.length) {
            (Coding::Chunked, _) if version == HttpVersion::Http10 => {
                Err(BadHead::TransferEncoding)
            }
            // The coding wins, but somebody along the way may have believed the length: that is how responses are split.
            (Coding::Chunked, Some(_)) => Err(BadHead::TwoFramings),
            (Coding::Chunked, None) => Ok(Framing::Chunked),
            (Coding::None, Some(length)) => Ok(Framing::Length(length)),
            (Coding::None, None) => Ok(Framing::UntilClose),
        }
    }

    fn announces_body(&self) -> bool {
        self.coding == Coding::Chunked || self.length.is_some_and(|length| length > 0)
    }

    fn reuse(&self, version: HttpVersion) -> Reuse {
        match (version, self.connection) {
            (HttpVersion::Http11, Connection::Unsaid | Connection::KeepAlive)
            | (HttpVersion::Http10, Connection::KeepAlive) => Reuse::Allowed,
            (_, Connection::Close) | (HttpVersion::Http10, Connection::Unsaid) => Reuse::Forbidden,
        }
    }
}

/// A number of plain digits.
pub(in crate::upstream) fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests;
