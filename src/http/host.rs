//! The Host of a request (RFC 9112 section 3.2): one, well-formed, in lower case.
//!
//! A Host that an upstream framework could read as more than a host (`x/health?a=`) never passes: some build their
//! notion of the URL from it.

use std::borrow::Cow;

use ::http::{HeaderMap, Uri, Version, header};

use super::header::{Occurrence, occurrence};

/// Why a Host was refused: each is a 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// An HTTP/1.1 request has to have one.
    #[error("the Host header is missing")]
    Missing,
    /// Two Host lines.
    #[error("there is more than one Host header")]
    Repeated,
    /// Not `host [":" port]` of RFC 3986 section 3.2.2.
    #[error("the Host header is not a host with an optional port")]
    Malformed,
}

/// The Host of a request in lower case; `None` for an HTTP/1.0 request that has none.
///
/// In absolute form the authority is the Host, and so is `:authority` in HTTP/2 (RFC 9113 section 8.3.1); the caller
/// checks that they agree where there are both.
pub fn validated<'a>(
    headers: &'a HeaderMap,
    uri: &'a Uri,
    version: Version,
) -> Result<Option<Cow<'a, str>>, HostError> {
    let value = match occurrence(headers, &header::HOST) {
        Occurrence::Once(value) => value,
        Occurrence::Repeated(_) => return Err(HostError::Repeated),
        Occurrence::Absent if version == Version::HTTP_11 => return Err(HostError::Missing),
        Occurrence::Absent => {
            return match uri.authority() {
                Some(authority) => parse(authority.as_str()).map(Some),
                None if version == Version::HTTP_2 => Err(HostError::Missing),
                None => Ok(None),
            };
        }
    };
    let text = value.to_str().map_err(|_| HostError::Malformed)?;
    parse(text).map(Some)
}

/// Checks `host [":" port]` and folds it to lower case; borrows where it is lower case already.
pub fn parse(text: &str) -> Result<Cow<'_, str>, HostError> {
    if is_plain(text) {
        return Ok(Cow::Borrowed(text));
    }
    let (host, port) = split_port(text)?;
    if !is_port(port) || !is_host(host) {
        return Err(HostError::Malformed);
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Owned(text.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(text))
}

/// The usual Host, in one pass: a short name in lower case, then perhaps a port.
fn is_plain(text: &str) -> bool {
    if text.len() > 64 {
        return false;
    }
    // An empty label before the first byte: a name begins with a character.
    let mut label_is_empty = true;
    for (at, byte) in text.bytes().enumerate() {
        label_is_empty = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => false,
            b'.' if !label_is_empty => true,
            b':' if at > 0 => return text.get(at + 1..).is_some_and(is_port),
            _ => return false,
        };
    }
    !text.is_empty()
}

fn is_port(text: &str) -> bool {
    text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host without its port and without a trailing dot, for matching a route's `host`.
pub fn without_port(host: &str) -> &str {
    let name = split_port(host).map_or(host, |(name, _)| name);
    name.strip_suffix('.').unwrap_or(name)
}

fn split_port(text: &str) -> Result<(&str, &str), HostError> {
    if let Some(rest) = text.strip_prefix('[') {
        let end = rest.find(']').ok_or(HostError::Malformed)? + 2;
        let (literal, after) = text.split_at_checked(end).ok_or(HostError::Malformed)?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((literal, port)),
            None if after.is_empty() => Ok((literal, "")),
            None => Err(HostError::Malformed),
        };
    }
    Ok(text.split_once(':').unwrap_or((text, "")))
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return literal.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host.len() <= 255
        && !host.starts_with('.')
        && !host.contains("..")
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_folded_to_lower_case() {
        for (text, host) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "example.com:8080"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("a_b-c.d", "a_b-c.d"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(host));
        }
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for text in [
            "",
            ":80",
            "x/health?a=",
            "a b",
            "user@host",
            "host:port",
            "host:123456",
            "[::1",
            "[::1]x",
            "[x]",
            "a,b",
            "a#b",
            "ho\u{7f}st",
            "한글",
            "[1]:2]",
            ".",
            "..",
            "a..b",
            ".a",
        ] {
            assert_eq!(parse(text), Err(HostError::Malformed), "{text}");
        }
    }

    #[test]
    fn matching_ignores_the_port_and_a_trailing_dot() {
        assert_eq!(without_port("example.com.:80"), "example.com");
        assert_eq!(without_port("[::1]:80"), "[::1]");
    }
}
