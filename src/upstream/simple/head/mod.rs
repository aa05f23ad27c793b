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
pub(super) struct Head {
    pub(super) response: Response<()>,
    pub(super) framing: Framing,
    pub(super) reuse: Reuse,
    /// What came after the head.
    pub(super) rest: Bytes,
}

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// Whether the connection may carry another exchange after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    Allowed,
    Forbidden,
}

/// The bytes are not the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHead {
    #[error("the response's head: {0}")]
    Syntax(#[from] httparse::Error),
    #[error("the response has no known status")]
    Status,
    #[error("the response has a field that is not acceptable")]
    Field,
    #[error("the response has no single length")]
    ContentLength,
    #[error("the response has a transfer coding other than chunked")]
    TransferEncoding,
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
    let shared = Bytes::copy_from_slice(bytes);
    let mut fields = Fields::new(parsed.headers.len());
    for field in parsed.headers.iter() {
        fields.add(field, |value| {
            let start = value.as_ptr().addr() - bytes.as_ptr().addr();
            shared.slice(start..start + value.len())
        })?;
    }
    let code = parsed.code.unwrap_or_default();
    let status = StatusCode::from_u16(code).map_err(|_| BadHead::Status)?;
    let version = HttpVersion::of(parsed);
    let framing = fields.framing(version)?;
    let reuse = fields.reuse(version);
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields.headers;
    let reason = parsed.reason.unwrap_or_default();
    if status.canonical_reason() != Some(reason)
        && let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes())
    {
        response.extensions_mut().insert(reason);
    }
    let bodiless = method == Method::HEAD
        || status == StatusCode::SWITCHING_PROTOCOLS
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    Ok(Head {
        response,
        framing: if bodiless {
            Framing::Length(0)
        } else {
            framing
        },
        reuse,
        rest: shared.slice(length..),
    })
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
    fn framing(&mut self, version: HttpVersion) -> Result<Framing, BadHead> {
        match (self.coding, self.length) {
            (Coding::Chunked, _) if version == HttpVersion::Http10 => {
                Err(BadHead::TransferEncoding)
            }
            (Coding::Chunked, length) => {
                // Somebody along the way may have believed the length.
                if length.is_some() {
                    self.headers.remove(header::CONTENT_LENGTH);
                    self.connection = Connection::Close;
                }
                Ok(Framing::Chunked)
            }
            (Coding::None, Some(length)) => Ok(Framing::Length(length)),
            (Coding::None, None) => Ok(Framing::UntilClose),
        }
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
fn digits(value: &[u8]) -> Option<u64> {
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
