//! What the fuzz targets see of the client: the head and the body of a response, byte by byte as they may arrive.
//!
//! Built with `--cfg fuzzing` only.

use ::http::{HeaderMap, Method};
use bytes::Bytes;

use super::{
    chunked::Chunked,
    client,
    head::{self, Framing, Head, KnownLines, Reuse},
};

/// A head that was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status.
    pub status: u16,
    /// Its fields.
    pub headers: HeaderMap,
    /// How its body is framed.
    pub framing: BodyFraming,
    /// Whether the connection may be used again.
    pub reusable: bool,
    /// What came after the head.
    pub rest: Bytes,
}

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// The bytes are none of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Reads a head that came at once.
pub fn read_head(bytes: &[u8], method: &Method) -> Result<Option<ResponseHead>, Refused> {
    seen(head::read(bytes, method, &mut KnownLines::default()))
}

/// Reads a head that came in pieces: the result for the first piece that completes or breaks it.
pub fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    method: &Method,
) -> Result<Option<ResponseHead>, Refused> {
    let (mut early, mut known) = (Vec::new(), KnownLines::default());
    for piece in pieces {
        let head = seen(client::read_head(piece, (&mut early, &mut known), method))?;
        if head.is_some() {
            return Ok(head);
        }
    }
    Ok(None)
}

/// What a chunked body decodes to, how much of the input it was, and whether it has ended.
pub fn decode_chunked<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<u8>, usize, bool), Refused> {
    let (mut chunked, mut out, mut used) = (Chunked::new(), Vec::new(), 0);
    for piece in pieces {
        used += chunked.decode(piece, &mut out).map_err(|_| Refused)?;
    }
    Ok((out, used, chunked.is_done()))
}

fn seen(head: Result<Option<Head>, head::BadHead>) -> Result<Option<ResponseHead>, Refused> {
    let Some(head) = head.map_err(|_| Refused)? else {
        return Ok(None);
    };
    Ok(Some(ResponseHead {
        status: head.response.status().as_u16(),
        headers: head.response.headers().clone(),
        framing: match head.framing {
            Framing::Length(length) => BodyFraming::Length(length),
            Framing::Chunked => BodyFraming::Chunked,
            Framing::UntilClose => BodyFraming::UntilClose,
        },
        reusable: head.reuse == Reuse::Allowed,
        rest: head.rest,
    }))
}
