//! PROXY headers, version 1 and 2: who a proxy in front says the client is.
//!
//! Strict, since a header that is read differently from how the proxy meant it names the wrong client. Only bytes of
//! the header are taken from the socket: what follows belongs to TLS or to the first request.

mod receive;
mod v1;
mod v2;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use ::http::uri::Scheme;

pub(super) use receive::{ReceiveError, receive};

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The client's address; `None` where the proxy speaks for itself or does not know.
    pub client: Option<SocketAddr>,
    /// What the client spoke to the proxy, as far as the header says.
    pub scheme: Scheme,
}

/// How far the bytes lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// They begin a header, and all of them belong to it.
    Incomplete,
    /// A header of this many bytes; what follows is not part of it.
    Complete(usize, Header),
}

/// The bytes are no PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// They begin like neither version.
    #[error("it does not begin with a PROXY header")]
    Missing,
    /// Version 1 has a line of its own, with one space between its words.
    #[error("its PROXY line is malformed")]
    Line,
    /// An address that is none, or not of the family that is named.
    #[error("its PROXY header has a malformed address")]
    Address,
    /// More bytes than a version allows, or than we read.
    #[error("its PROXY header is too long")]
    TooLong,
    /// A version, command or family of version 2 that is none.
    #[error("its PROXY header has an unknown version, command or family")]
    Unknown,
    /// Extensions of version 2 that do not fit into the header.
    #[error("its PROXY header has malformed extensions")]
    Extensions,
    /// The checksum of version 2 is another.
    #[error("its PROXY header has a wrong checksum")]
    Checksum,
}

/// Reads a header of either version at the beginning of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Parsed, HeaderError> {
    if begins(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else if begins(bytes, v2::SIGNATURE) {
        v2::parse(bytes)
    } else {
        Err(HeaderError::Missing)
    }
}

/// Whether one of them begins with the other.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    bytes
        .iter()
        .zip(signature)
        .all(|(byte, expected)| byte == expected)
}
