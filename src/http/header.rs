//! Header hygiene: what never crosses the gateway, under whatever spelling.
//!
//! `X-User-Id`, `x_user_id` and `X.User.Id` reach many upstreams as one variable (CGI, WSGI, PHP), so names are
//! compared after folding: lower case, and everything that is neither a letter nor a digit as `_`.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// The names whose every spelling is removed from a request before the gateway adds its own.
#[derive(Debug, Clone)]
pub struct Stripped {
    /// Folded names.
    names: Vec<Box<str>>,
    /// Folded prefixes, such as `x_forwarded_`.
    prefixes: Vec<Box<str>>,
    /// Bit `n` is set when some name has length `n`: most headers are dismissed by this alone.
    lengths: u64,
    /// First letters of names and prefixes, one bit each for `a` to `z`; bit 31 for any other.
    initials: u32,
}

impl Stripped {
    /// `names` are removed whole, `prefixes` remove every name that begins with them.
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        prefixes: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names: Vec<Box<str>> = names.into_iter().map(fold).collect();
        let prefixes: Vec<Box<str>> = prefixes.into_iter().map(fold).collect();
        let lengths = names
            .iter()
            .fold(0, |bits, name| bits | length_bit(name.len()));
        let initials = names
            .iter()
            .chain(&prefixes)
            .fold(0, |bits, name| bits | initial_bit(name));
        Self {
            names,
            prefixes,
            lengths,
            initials,
        }
    }

    /// Whether this header may not come from a client.
    pub fn covers(&self, name: &str) -> bool {
        if self.initials & initial_bit(name) == 0 {
            return false;
        }
        let listed = self.lengths & length_bit(name.len()) != 0
            && self.names.iter().any(|listed| folds_to(name, listed));
        listed
            || self.prefixes.iter().any(|prefix| {
                name.get(..prefix.len())
                    .is_some_and(|start| folds_to(start, prefix))
            })
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

fn initial_bit(name: &str) -> u32 {
    match name.bytes().next().map(fold_byte) {
        Some(letter @ b'a'..=b'z') => 1 << (letter - b'a'),
        _ => 1 << 31,
    }
}

fn folds_to(name: &str, folded: &str) -> bool {
    name.len() == folded.len() && name.bytes().map(fold_byte).eq(folded.bytes())
}

fn fold(name: &str) -> Box<str> {
    name.bytes()
        .map(|byte| char::from(fold_byte(byte)))
        .collect()
}

const fn fold_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_lowercase()
    } else {
        b'_'
    }
}

/// The connection ends after this message (RFC 9112 section 9.6).
pub const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Whether a client says that it takes trailers (RFC 9110 section 10.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trailers {
    /// It does.
    Accepted,
    /// It does not say so.
    Unwanted,
}

/// What a client asks of the hop to the gateway.
#[derive(Debug)]
pub struct Asked {
    /// The protocol that it asks for by `Upgrade`, if it asks for one.
    pub upgrade: Option<HeaderValue>,
    /// Whether it takes trailers.
    pub trailers: Trailers,
}

/// How often a field stands in a message.
#[derive(Debug)]
pub enum Occurrence<'a> {
    /// Not at all.
    Absent,
    /// Once.
    Once(&'a HeaderValue),
    /// More than once; the first of them.
    Repeated(&'a HeaderValue),
}

/// Looks a field up. A map in which no name is repeated, as most are, is asked once.
pub fn occurrence<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Occurrence<'a> {
    let Some(first) = headers.get(name) else {
        return Occurrence::Absent;
    };
    if headers.len() != headers.keys_len() && headers.get_all(name).iter().nth(1).is_some() {
        return Occurrence::Repeated(first);
    }
    Occurrence::Once(first)
}

/// Removes the fields that belong to one hop (RFC 9110 section 7.6.1), with those that `Connection` names, and those
/// that `stripped` covers.
///
/// `Connection` is read first: a client must not be able to name a header that is added later, and nothing is added
/// before this has run.
///
/// Returns what the client asked of this hop: what is removed here cannot be looked up later.
pub fn clean_request(headers: &mut HeaderMap, stripped: &Stripped) -> Asked {
    let mut doomed: SmallVec<[HeaderName; 4]> = SmallVec::new();
    let mut has_connection = false;
    for name in headers.keys() {
        if name == header::CONNECTION {
            has_connection = true;
        } else if is_hop_by_hop(name)
            || name == header::EXPECT
            || is_framing_in_disguise(name.as_str())
            || stripped.covers(name.as_str())
        {
            doomed.push(name.clone());
        }
    }
    let upgrade = (has_connection && doomed.contains(&header::UPGRADE))
        .then(|| asked_upgrade(headers))
        .flatten();
    let trailers = if doomed.contains(&header::TE) {
        Trailers::said(headers)
    } else {
        Trailers::Unwanted
    };
    if has_connection {
        remove_connection(headers);
    }
    for name in doomed {
        headers.remove(name);
    }
    Asked { upgrade, trailers }
}

/// RFC 9110 section 7.8: an `Upgrade` counts only where `Connection` names it.
fn asked_upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let Occurrence::Once(protocol) = occurrence(headers, &header::UPGRADE) else {
        return None;
    };
    let mut options = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let named = options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    named.then(|| protocol.clone())
}

impl Trailers {
    fn said(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::TE).iter();
        let mut codings = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
        if codings.any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers")) {
            Self::Accepted
        } else {
            Self::Unwanted
        }
    }
}

/// Removes from trailers what no trailer may be (RFC 9110 section 6.5.1): who takes them for headers would frame, route,
/// authenticate or decode the message by them. `stripped` tells what else may not come from there.
pub fn clean_trailers(trailers: &mut HeaderMap, stripped: impl Fn(&str) -> bool) {
    let is_doomed = |name: &&HeaderName| {
        NO_TRAILERS.contains(name)
            || is_hop_by_hop(name)
            || is_framing_in_disguise(name.as_str())
            || stripped(name.as_str())
    };
    let doomed: SmallVec<[HeaderName; 4]> = trailers.keys().filter(is_doomed).cloned().collect();
    for name in doomed {
        trailers.remove(name);
    }
}

/// Fields that are of no use, or of a wrong one, after a body.
const NO_TRAILERS: [HeaderName; 18] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::WWW_AUTHENTICATE,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::CACHE_CONTROL,
    header::EXPECT,
    header::MAX_FORWARDS,
    header::PRAGMA,
    header::RANGE,
    header::LOCATION,
    header::AGE,
    header::VARY,
];

/// Names that an upstream that folds `_`, `.` and `-` would frame the message by.
fn is_framing_in_disguise(name: &str) -> bool {
    // First by length: this runs for every header of every request.
    match name.len() {
        14 => folds_to(name, "content_length") && name != "content-length",
        17 => folds_to(name, "transfer_encoding"),
        _ => false,
    }
}

/// Removes from a response what belongs to the hop between the gateway and the upstream.
pub fn clean_response(headers: &mut HeaderMap) {
    let mut doomed: SmallVec<[HeaderName; 4]> = SmallVec::new();
    let mut has_connection = false;
    for name in headers.keys() {
        if name == header::CONNECTION {
            has_connection = true;
        } else if is_hop_by_hop(name) {
            doomed.push(name.clone());
        }
    }
    if has_connection {
        remove_connection(headers);
    }
    for name in doomed {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    // First by length and letter: this runs for every header of every message.
    match name.as_str().len() {
        2 => name == header::TE,
        7 => name == header::UPGRADE || name == header::TRAILER,
        10 => name.as_str() == "keep-alive",
        16 => name.as_str() == "proxy-connection",
        17 => name == header::TRANSFER_ENCODING,
        18 => name.as_str() == "proxy-authenticate",
        19 => name == header::PROXY_AUTHORIZATION,
        _ => false,
    }
}

fn remove_connection(headers: &mut HeaderMap) {
    // What most peers send names no field.
    if let Occurrence::Once(value) = occurrence(headers, &header::CONNECTION)
        && (value == "keep-alive" || value == "close")
    {
        headers.remove(header::CONNECTION);
        return;
    }
    let named: SmallVec<[HeaderName; 4]> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .filter(|name| !is_end_to_end(name))
        .collect();
    headers.remove(header::CONNECTION);
    for name in named {
        headers.remove(name);
    }
}

/// Fields that `Connection` may not name (RFC 9110 section 7.6.1 forbids it for those meant for every recipient):
/// removing them would change what the message is.
fn is_end_to_end(name: &HeaderName) -> bool {
    [
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::AUTHORIZATION,
        header::COOKIE,
        header::CACHE_CONTROL,
        header::ORIGIN,
    ]
    .contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&str, &str)| {
            (
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                value.parse().expect("a header value"),
            )
        };
        let mut map = HeaderMap::new();
        for (name, value) in lines.iter().map(parse) {
            map.append::<HeaderName>(name, value);
        }
        map
    }

    #[test]
    fn every_spelling_of_an_identity_header_is_removed() {
        let stripped = Stripped::new(["X-User-Id"], ["x-forwarded-"]);
        for name in [
            "x-user-id",
            "x_user_id",
            "x.user.id",
            "x-user_id",
            "x~user!id",
            "x-forwarded-for",
            "x_forwarded_proto",
            "x.forwarded.anything",
        ] {
            assert!(stripped.covers(name), "{name}");
            let mut map = headers(&[(name, "1"), ("accept", "*/*")]);
            clean_request(&mut map, &stripped);
            assert_eq!(map, headers(&[("accept", "*/*")]), "{name}");
        }
        for name in ["x-user-ids", "x-user", "xuserid", "x-forwarded", "accept"] {
            assert!(!stripped.covers(name), "{name}");
        }
    }

    #[test]
    fn framing_goes_under_every_spelling_but_its_own() {
        for name in [
            "content_length",
            "content.length",
            "content~length",
            "transfer_encoding",
            "transfer.encoding",
        ] {
            let mut map = headers(&[(name, "5"), ("content-length", "0")]);
            clean_request(&mut map, &Stripped::new([], []));
            assert_eq!(map, headers(&[("content-length", "0")]), "{name}");
        }
    }

    #[test]
    fn hop_by_hop_fields_go_with_those_that_connection_names() {
        let mut map = headers(&[
            ("connection", "close, X-Internal"),
            ("connection", "te , authorization, host"),
            ("x-internal", "1"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eDp5"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("authorization", "Bearer x"),
            ("host", "example.com"),
        ]);
        clean_request(&mut map, &Stripped::new([], []));
        let kept = [("authorization", "Bearer x"), ("host", "example.com")];
        assert_eq!(map, headers(&kept));
    }

    #[test]
    fn a_client_says_whether_it_takes_trailers() {
        for (te, expected) in [
            ("trailers", Trailers::Accepted),
            ("gzip;q=0.5, Trailers", Trailers::Accepted),
            ("trailersx", Trailers::Unwanted),
            ("", Trailers::Unwanted),
        ] {
            let mut map = headers(&[("connection", "te"), ("te", te)]);
            let asked = clean_request(&mut map, &Stripped::new([], []));
            assert_eq!((asked.trailers, map.len()), (expected, 0), "{te:?}");
        }
    }

    #[test]
    fn trailers_frame_route_and_authenticate_nothing() {
        let stripped = Stripped::new(["x-user-id"], ["x-forwarded-"]);
        let mut map = headers(&[
            ("x.user.id", "1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("content_length", "1"),
            ("transfer-encoding", "chunked"),
            ("host", "a"),
            ("authorization", "Bearer x"),
            ("set-cookie", "a=b"),
            ("connection", "x-sum"),
            ("x-sum", "1"),
            ("grpc-status", "0"),
        ]);
        clean_trailers(&mut map, |name| stripped.covers(name));
        assert_eq!(map, headers(&[("x-sum", "1"), ("grpc-status", "0")]));
    }
}
