//! What the upstream learns about the hop before the gateway.
//!
//! One family of headers is sent, never both with different content. What a client says about itself is dropped;
//! what a trusted proxy says is carried on with its own address added.

use std::net::IpAddr;

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::live::Live;
use crate::{
    entropy::DecisionId,
    http::client_address::{ForwardedStyle, PeerAddress},
    listener::Peer,
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a trusted peer said, read before it is stripped.
#[derive(Debug)]
pub(super) struct FromProxy {
    chain: Option<HeaderValue>,
    proto: Option<HeaderValue>,
    host: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
}

impl FromProxy {
    /// Nothing, unless the peer is trusted.
    pub(super) fn read(headers: &HeaderMap, live: &Live, peer: &Peer) -> Option<Box<Self>> {
        let trusted = &live.trusted_proxies;
        if trusted.is_empty() || !trusted.contains(peer.address) {
            return None;
        }
        let sole = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().filter(|value| is_plain(value)).cloned();
            value.filter(|_| values.next().is_none())
        };
        Some(Box::new(Self {
            chain: joined(headers),
            proto: sole(X_FORWARDED_PROTO).filter(|proto| proto == "http" || proto == "https"),
            host: sole(X_FORWARDED_HOST),
            request_id: sole(X_REQUEST_ID),
        }))
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

/// The hop between the client and the gateway, as the upstream is told of it.
#[derive(Debug)]
pub(super) struct Hop<'a> {
    style: ForwardedStyle,
    peer: &'a Peer,
    said: Option<Box<FromProxy>>,
    host: Option<HeaderValue>,
    decision: DecisionId,
}

impl<'a> Hop<'a> {
    pub(super) fn new(
        live: &Live,
        peer: &'a Peer,
        said: Option<Box<FromProxy>>,
        host: Option<HeaderValue>,
        decision: DecisionId,
    ) -> Self {
        Self {
            style: live.forwarded,
            peer,
            said,
            host,
            decision,
        }
    }

    /// Sends the family that is configured, and the request id.
    pub(super) fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        let said = self.said.as_deref();
        let request_id = said.and_then(|said| said.request_id.as_ref());
        let decision = self.decision.as_bytes();
        send(
            &X_REQUEST_ID,
            request_id.map_or(decision, HeaderValue::as_bytes),
        );
        let proto = said.and_then(|said| said.proto.as_ref());
        let proto = proto.map_or(self.peer.scheme.as_str().as_bytes(), HeaderValue::as_bytes);
        let host = said.and_then(|said| said.host.as_ref());
        let host = host.or(self.host.as_ref());
        let chain = said.and_then(|said| said.chain.as_ref());
        let address = &self.peer.address_value;
        match self.style {
            ForwardedStyle::XForwarded => {
                match (chain, self.peer.address) {
                    (Some(chain), PeerAddress::Ip(_)) => {
                        send(&X_FORWARDED_FOR, &append(chain, address));
                    }
                    // It speaks for others, and has no address of its own to add.
                    (Some(chain), PeerAddress::Unix) => send(&X_FORWARDED_FOR, chain.as_bytes()),
                    (None, _) => send(&X_FORWARDED_FOR, address.as_bytes()),
                }
                send(&X_FORWARDED_PROTO, proto);
                if let Some(host) = host {
                    send(&X_FORWARDED_HOST, host.as_bytes());
                }
            }
            ForwardedStyle::Rfc7239 => {
                let value = elements(chain, self.peer.address.ip(), proto, host);
                send(&::http::header::FORWARDED, value.as_bytes());
            }
        }
    }
}

fn append(chain: &HeaderValue, address: &HeaderValue) -> Vec<u8> {
    [chain.as_bytes(), address.as_bytes()].join(&b", "[..])
}

/// One `Forwarded` element for each hop of the chain that is an address, and one for the peer.
pub(super) fn elements(
    chain: Option<&HeaderValue>,
    peer: Option<IpAddr>,
    proto: &[u8],
    host: Option<&HeaderValue>,
) -> String {
    let chain = chain.and_then(|chain| chain.to_str().ok());
    let hops = chain.into_iter().flat_map(|chain| chain.split(','));
    let hops = hops.filter_map(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut elements: Vec<String> = hops.map(|hop| format!("for={}", node(hop))).collect();
    let client = peer.map_or("unknown".to_owned(), node);
    let mut last = format!("for={client};proto={}", String::from_utf8_lossy(proto));
    if let Some(host) = host.and_then(|host| host.to_str().ok()) {
        last = format!("{last};host=\"{host}\"");
    }
    elements.push(last);
    elements.join(", ")
}

/// RFC 7239 section 6: an IPv6 address is quoted and in brackets.
fn node(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}
