//! What the upstream learns about the hop before the gateway.
//!
//! One family of headers is sent, never both with different content. What a client says about itself is dropped;
//! what a trusted proxy says is carried on with its own address added.

use std::net::IpAddr;

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::live::Live;
use crate::{entropy::DecisionId, http::client_address::ForwardedStyle, listener::Peer};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a trusted peer said, read before it is stripped.
#[derive(Debug, Default)]
pub(super) struct FromProxy {
    chain: Option<HeaderValue>,
    proto: Option<HeaderValue>,
    host: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
}

impl FromProxy {
    /// Nothing, unless the peer is trusted.
    pub(super) fn read(headers: &HeaderMap, live: &Live, peer: &Peer) -> Self {
        let trusted = &live.trusted_proxies;
        if trusted.is_empty() || !trusted.contains(peer.address.ip()) {
            return Self::default();
        }
        let sole = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().filter(|value| is_plain(value)).cloned();
            value.filter(|_| values.next().is_none())
        };
        Self {
            chain: joined(headers),
            proto: sole(X_FORWARDED_PROTO).filter(|proto| proto == "http" || proto == "https"),
            host: sole(X_FORWARDED_HOST),
            request_id: sole(X_REQUEST_ID),
        }
    }
}

/// All `X-Forwarded-For` lines as one.
fn joined(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines: Vec<&[u8]> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
}

fn is_plain(value: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    value.len() <= 128 && !value.is_empty() && value.as_bytes().iter().all(plain)
}

/// The hop between the client and the gateway.
pub(super) struct Hop<'a> {
    pub(super) peer: &'a Peer,
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) decision: DecisionId,
}

/// Adds the family that is configured, and the request id.
pub(super) fn add(headers: &mut HeaderMap, style: ForwardedStyle, said: FromProxy, hop: &Hop<'_>) {
    let request_id = said
        .request_id
        .or_else(|| HeaderValue::from_bytes(hop.decision.as_bytes()).ok());
    if let Some(request_id) = request_id {
        headers.insert(X_REQUEST_ID, request_id);
    }
    let proto = said.proto.unwrap_or(HeaderValue::from_static("http"));
    let host = said.host.as_ref().or(hop.host);
    let address = &hop.peer.address_value;
    match style {
        ForwardedStyle::XForwarded => {
            let chain = said.chain.and_then(|chain| append(&chain, address));
            headers.insert(X_FORWARDED_FOR, chain.unwrap_or_else(|| address.clone()));
            headers.insert(X_FORWARDED_PROTO, proto);
            if let Some(host) = host {
                headers.insert(X_FORWARDED_HOST, host.clone());
            }
        }
        ForwardedStyle::Rfc7239 => {
            if let Some(value) = elements(said.chain.as_ref(), hop.peer, &proto, host) {
                headers.insert(::http::header::FORWARDED, value);
            }
        }
    }
}

fn append(chain: &HeaderValue, address: &HeaderValue) -> Option<HeaderValue> {
    let joined = [chain.as_bytes(), address.as_bytes()].join(&b", "[..]);
    HeaderValue::from_bytes(&joined).ok()
}

/// One `Forwarded` element for each hop of the chain that is an address, and one for the peer.
fn elements(
    chain: Option<&HeaderValue>,
    peer: &Peer,
    proto: &HeaderValue,
    host: Option<&HeaderValue>,
) -> Option<HeaderValue> {
    let chain = chain.and_then(|chain| chain.to_str().ok());
    let hops = chain.into_iter().flat_map(|chain| chain.split(','));
    let hops = hops.filter_map(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut elements: Vec<String> = hops.map(|hop| format!("for={}", node(hop))).collect();
    let client = node(peer.address.ip().to_canonical());
    let mut last = format!("for={client};proto={}", proto.to_str().ok()?);
    if let Some(host) = host.and_then(|host| host.to_str().ok()) {
        last = format!("{last};host=\"{host}\"");
    }
    elements.push(last);
    HeaderValue::try_from(elements.join(", ")).ok()
}

/// RFC 7239 section 6: an IPv6 address is quoted and in brackets.
fn node(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}
