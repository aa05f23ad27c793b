//! Version 1: one line of text.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::{self, FromStr},
};

use ::http::uri::Scheme;

use super::{Header, HeaderError, Parsed};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line with its end.
const LONGEST: usize = 107;

/// The bytes begin like a line.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, HeaderError> {
    let line_end = memchr::memchr2(b'\r', b'\n', bytes);
    let Some(end) = line_end.filter(|end| end + 2 <= LONGEST) else {
        // The shortest that is too long has no end among its bytes.
        let too_long = line_end.is_some() || bytes.len() >= LONGEST;
        return if too_long {
            Err(HeaderError::TooLong)
        } else {
            Ok(Parsed::Incomplete)
        };
    };
    let (line, rest) = bytes.split_at(end);
    match rest {
        [b'\r'] => Ok(Parsed::Incomplete),
        [b'\r', b'\n', ..] => {
            let client = client(line)?;
            let scheme = Scheme::HTTP;
            Ok(Parsed::Complete(end + 2, Header { client, scheme }))
        }
        _ => Err(HeaderError::Line),
    }
}

fn client(line: &[u8]) -> Result<Option<SocketAddr>, HeaderError> {
    let words = line.strip_prefix(SIGNATURE).ok_or(HeaderError::Line)?;
    let words = str::from_utf8(words).map_err(|_| HeaderError::Line)?;
    let (family, rest) = words.split_once(' ').unwrap_or((words, ""));
    match family {
        "TCP4" => addresses::<Ipv4Addr>(rest).map(Some),
        "TCP6" => addresses::<Ipv6Addr>(rest).map(Some),
        // Whatever else the line says has to be ignored.
        "UNKNOWN" => Ok(None),
        _ => Err(HeaderError::Line),
    }
}

/// The source of source, destination and their ports.
fn addresses<A: FromStr + Into<IpAddr>>(words: &str) -> Result<SocketAddr, HeaderError> {
    let words: Vec<&str> = words.split(' ').collect();
    let &[source, destination, source_port, destination_port] = words.as_slice() else {
        return Err(HeaderError::Line);
    };
    let address = |text: &str| text.parse::<A>().map_err(|_| HeaderError::Address);
    address(destination)?;
    port(destination_port)?;
    Ok(SocketAddr::new(address(source)?.into(), port(source_port)?))
}

/// Digits without a sign or a leading zero.
fn port(text: &str) -> Result<u16, HeaderError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = plain && (text.len() == 1 || !text.starts_with('0'));
    let port = text.parse().ok().filter(|_| plain);
    port.ok_or(HeaderError::Address)
}
