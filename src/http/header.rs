//! Header hygiene: what belongs to one hop and never crosses the gateway.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

use super::stripped::{Stripped, folds_to};

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

/// What a client says about its hop. It is removed with the fields that say it.
#[derive(Debug)]
pub struct Said {
    /// The protocol that it asks for by `Upgrade`.
    pub upgrade: Option<HeaderValue>,
    /// What it waits for.
    pub expectation: Expectation,
    /// How often the request has passed a gateway of this name already.
    pub passes: usize,
    /// Whether it takes trailers.
    pub trailers: Trailers,
}

/// What a client waits for before it sends its body (RFC 9110 section 10.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing, or to be asked for it.
    Known,
    /// Something that nobody here can promise.
    Unknown,
}

/// Removes the fields that belong to one hop (RFC 9110 section 7.6.1), with those that `Connection` names, and those
/// that `stripped` covers.
///
/// `Connection` is read first: a client must not be able to name a header that is added later, and nothing is added
/// before this has run.
pub fn clean_request(headers: &mut HeaderMap, stripped: &Stripped) -> Said {
    let mut doomed: SmallVec<[HeaderName; 4]> = SmallVec::new();
    let (mut has_connection, mut has_via) = (false, false);
    for name in headers.keys() {
        if name == header::CONNECTION {
            has_connection = true;
        } else if name == header::VIA {
            has_via = true;
        } else if is_hop_by_hop(name)
            || name == header::EXPECT
            || is_framing_in_disguise(name.as_str())
            || stripped.covers(name.as_str())
        {
            doomed.push(name.clone());
        }
    }
    let said = said(headers, &doomed, has_connection, has_via);
    if has_connection {
        remove_connection(headers);
    }
    for name in doomed {
        headers.remove(name);
    }
    said
}

fn said(headers: &HeaderMap, doomed: &[HeaderName], has_connection: bool, has_via: bool) -> Said {
    let mut said = Said {
        upgrade: None,
        expectation: Expectation::Known,
        passes: if has_via { passes(headers) } else { 0 },
        trailers: if doomed.contains(&header::TE) {
            Trailers::said(headers)
        } else {
            Trailers::Unwanted
        },
    };
    if has_connection && doomed.contains(&header::UPGRADE) {
        said.upgrade = asked_upgrade(headers);
    }
    if doomed.contains(&header::EXPECT) {
        let mut values = headers.get_all(header::EXPECT).iter();
        if !values.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            said.expectation = Expectation::Unknown;
        }
    }
    said
}

/// The name that the gateway has in `Via`.
pub const PSEUDONYM: &str = "sidegate";

/// How many entries of `Via` are a gateway of ours (RFC 9110 section 7.6.3).
fn passes(headers: &HeaderMap) -> usize {
    let entries = headers
        .get_all(header::VIA)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let received_by = |entry: &[u8]| {
        let mut words = entry
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        words.nth(1) == Some(PSEUDONYM.as_bytes())
    };
    entries.filter(|entry| received_by(entry)).count()
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
        // RFC 7540 section 3.2.1: of the upgrade to HTTP/2 in clear text.
        14 => name.as_str() == "http2-settings",
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

    fn stripped() -> Stripped {
        Stripped::new([], [])
    }

    #[test]
    fn a_request_that_comes_round_is_counted() {
        let passes = |via: &[(&str, &str)]| clean_request(&mut headers(via), &stripped()).passes;
        assert_eq!(passes(&[]), 0);
        assert_eq!(
            passes(&[("via", "1.1 other, 1.1 sidegates, sidegate 1.1")]),
            0
        );
        let twice = [
            ("via", "1.1 sidegate, 1.0 other"),
            ("via", "HTTP/2\tsidegate (x)"),
        ];
        assert_eq!(passes(&twice), 2);
    }

    #[test]
    fn only_one_expectation_is_known() {
        let expectation =
            |value| clean_request(&mut headers(&[("expect", value)]), &stripped()).expectation;
        assert_eq!(expectation("100-Continue"), Expectation::Known);
        for value in ["", "200-ok", "100-continue, x", "100-continue;q=1"] {
            assert_eq!(expectation(value), Expectation::Unknown, "{value}");
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
        clean_request(&mut map, &stripped());
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
