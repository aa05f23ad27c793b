//! Version 2: a signature, a length, addresses and extensions.

use std::net::{IpAddr, SocketAddr};

use ::http::uri::Scheme;

use super::{Header, HeaderError, Parsed};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, length.
const FIXED: usize = 16;

/// The longest header that is read. Addresses and the usual extensions need a few hundred bytes.
const LONGEST: usize = 4096;

const CHECKSUM: u8 = 0x03;
const TLS: u8 = 0x20;

/// The bit of the TLS extension that says that the client spoke it.
const SPOKE_TLS: u8 = 0x01;

/// Whom the header speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    /// The proxy itself, for example to see whether somebody answers.
    Local,
    Proxy,
}

/// What the extensions say.
struct Extensions {
    scheme: Scheme,
    /// Where the checksum stands in the header.
    checksum: Option<usize>,
}

/// The bytes begin like the signature.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, HeaderError> {
    let Some((fixed, _)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(Parsed::Incomplete);
    };
    let &[.., version, family, high, low] = fixed;
    let command = match version {
        0x20 => Command::Local,
        0x21 => Command::Proxy,
        _ => return Err(HeaderError::Unknown),
    };
    let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST {
        return Err(HeaderError::TooLong);
    }
    let Some(header) = bytes.get(..length) else {
        return Ok(Parsed::Incomplete);
    };
    let header = match command {
        // Of a proxy's own connection everything else has to be ignored.
        Command::Local => Header {
            client: None,
            scheme: Scheme::HTTP,
        },
        Command::Proxy => proxied(family, header)?,
    };
    Ok(Parsed::Complete(length, header))
}

fn proxied(family: u8, header: &[u8]) -> Result<Header, HeaderError> {
    let body = header.get(FIXED..).unwrap_or_default();
    let (client, addresses) = match family {
        0x00 => {
            // The format of what follows is not known either.
            return Ok(Header {
                client: None,
                scheme: Scheme::HTTP,
            });
        }
        0x11 => (Some(source::<4>(body)?), 12),
        0x21 => (Some(source::<16>(body)?), 36),
        // A path on the proxy's machine names nobody here.
        0x31 if body.len() >= 216 => (None, 216),
        0x31 => return Err(HeaderError::Address),
        _ => return Err(HeaderError::Unknown),
    };
    let extensions = extensions(header, FIXED + addresses)?;
    if let Some(at) = extensions.checksum {
        verify(header, at)?;
    }
    Ok(Header {
        client,
        scheme: extensions.scheme,
    })
}

/// Source and destination address, source and destination port.
fn source<const SIZE: usize>(body: &[u8]) -> Result<SocketAddr, HeaderError>
where
    IpAddr: From<[u8; SIZE]>,
{
    let read = || {
        let (source, rest) = body.split_first_chunk::<SIZE>()?;
        let (_destination, rest) = rest.split_first_chunk::<SIZE>()?;
        let (&[high, low, _, _], _) = rest.split_first_chunk::<4>()?;
        let port = u16::from_be_bytes([high, low]);
        Some(SocketAddr::new(IpAddr::from(*source), port))
    };
    read().ok_or(HeaderError::Address)
}

/// Type, length and value, one after the other, up to the end of the header.
fn extensions(header: &[u8], begin: usize) -> Result<Extensions, HeaderError> {
    let mut found = Extensions {
        scheme: Scheme::HTTP,
        checksum: None,
    };
    let mut at = begin;
    while at < header.len() {
        let rest = header.get(at..).unwrap_or_default();
        let (&[kind, high, low], rest) = rest
            .split_first_chunk::<3>()
            .ok_or(HeaderError::Extensions)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = rest.get(..length).ok_or(HeaderError::Extensions)?;
        match (kind, value) {
            (CHECKSUM, [_, _, _, _]) if found.checksum.is_none() => found.checksum = Some(at + 3),
            (TLS, [client, _, _, _, _, ..]) if client & SPOKE_TLS != 0 => {
                found.scheme = Scheme::HTTPS;
            }
            (TLS, [_, _, _, _, _, ..]) => {}
            (CHECKSUM | TLS, _) => return Err(HeaderError::Extensions),
            _ => {}
        }
        at += 3 + length;
    }
    Ok(found)
}

/// The checksum is over the whole header, with zeros in its own place.
fn verify(header: &[u8], at: usize) -> Result<(), HeaderError> {
    let (before, rest) = header.split_at(at);
    let (said, after) = rest
        .split_first_chunk::<4>()
        .ok_or(HeaderError::Extensions)?;
    let bytes = before.iter().chain(&[0; 4]).chain(after);
    if crc32c(bytes) == u32::from_be_bytes(*said) {
        Ok(())
    } else {
        Err(HeaderError::Checksum)
    }
}

/// CRC-32 with Castagnoli's polynomial (RFC 3720 appendix B.4).
fn crc32c<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    const REFLECTED: u32 = 0x82f6_3b78;
    let mut register = u32::MAX;
    for &byte in bytes {
        register ^= u32::from(byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= REFLECTED;
            }
        }
    }
    !register
}
