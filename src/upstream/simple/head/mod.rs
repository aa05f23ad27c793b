//! The head of a response: its fields, how its body is framed, and whether its connection can be used again.

mod known;
mod status_line;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;

pub(in crate::upstream) use known::KnownLines;

use crate::http::field_line::{BadLine, FieldLine, Scanned, length};
use status_line::StatusLine;

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
    #[error("the response's head: {0}")]
    Line(#[from] BadLine),
    #[error("the response has more than {FIELD_LIMIT} header lines")]
    ManyFields,
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
pub(super) fn read(
    mut bytes: &[u8],
    method: &Method,
    known: &mut KnownLines,
) -> Result<Option<Head>, BadHead> {
    loop {
        let Some(status_line) = StatusLine::read(bytes, known)? else {
            return Ok(None);
        };
        let fields = bytes.get(status_line.length..).unwrap_or_default();
        if status_line.is_final() {
            let read = Fields::read(fields, known)?;
            let build = |(fields, rest)| build(status_line, fields, rest, method);
            return read.map(build).transpose();
        }
        // Nothing is remembered of it: the next head is one of another kind.
        match Fields::read(fields, &mut KnownLines::default())? {
            Some((_, rest)) => bytes = rest,
            None => return Ok(None),
        }
    }
}

fn build(
    status_line: StatusLine,
    fields: Fields,
    rest: &[u8],
    method: &Method,
) -> Result<Head, BadHead> {
    let status = status_line.status()?;
    let framing = fields.framing(status_line.version)?;
    let reuse = fields.reuse(status_line.version);
    let announces_body = fields.announces_body();
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields.headers;
    if let Some(reason) = status_line.unusual_reason {
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
        rest: Bytes::copy_from_slice(rest),
    })
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

    /// All of them and what follows, or `None` when their end is not there.
    fn read<'a>(
        mut bytes: &'a [u8],
        known: &mut KnownLines,
    ) -> Result<Option<(Self, &'a [u8])>, BadHead> {
        let mut fields = Self::new(known.count());
        for number in 0..=FIELD_LIMIT {
            if let Some((name, value, length)) = known.field(number, bytes) {
                fields.add(name, value)?;
                bytes = bytes.get(length..).unwrap_or_default();
                continue;
            }
            let line = match FieldLine::scan(bytes) {
                Scanned::Whole(line) => line,
                Scanned::Begun => return Ok(None),
                Scanned::Bad(bad) => return Err(bad.into()),
            };
            let (text, rest) = bytes.split_at_checked(line.length()).unwrap_or_default();
            let FieldLine::Field(field) = line else {
                return Ok(Some((fields, rest)));
            };
            let name = HeaderName::from_bytes(field.name(text)).map_err(|_| BadHead::Field)?;
            let value = HeaderValue::from_bytes(field.value(text)).map_err(|_| BadHead::Field)?;
            known.learn(number, text, (&name, &value));
            fields.add(name, value)?;
            bytes = rest;
        }
        Err(BadHead::ManyFields)
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), BadHead> {
        if name == header::CONNECTION && self.read_connection(value.as_bytes()) {
            return Ok(());
        }
        if name == header::TRANSFER_ENCODING {
            return self.read_coding(value.as_bytes());
        }
        if name == header::CONTENT_LENGTH {
            let length = length(value.as_bytes()).ok_or(BadHead::ContentLength)?;
            match self.length.replace(length) {
                None => {}
                Some(same) if same == length => return Ok(()),
                Some(_) => return Err(BadHead::ContentLength),
            }
        }
        self.headers.append(name, value);
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

#[cfg(test)]
mod tests;
