//! Who the client is, when proxies that the operator trusts stand between it and the gateway.
//!
//! The list of trusted proxies is empty by default: then the client is the peer of the connection, and nothing that
//! it says about itself is believed.

use std::net::{IpAddr, SocketAddr};

use ::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

/// Networks whose `X-Forwarded-*` lines are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// Which headers tell the upstream about the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedStyle {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Rfc7239,
}

impl TrustedProxies {
    /// Trusts the peers in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether this peer may speak for others.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The right-most address of `X-Forwarded-For` that is not a trusted proxy, else the peer.
    ///
    /// An entry that cannot be read ends the search: what stands left of it was said by nobody we trust.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        if !self.contains(client) {
            return client;
        }
        let mut values: Vec<&HeaderValue> = headers.get_all("x-forwarded-for").iter().collect();
        values.reverse();
        let hops = values
            .iter()
            .flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','))
            .map(|hop| parse_hop(hop.trim_ascii()));
        for hop in hops {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.contains(client) {
                break;
            }
        }
        client
    }
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse_hop(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.parse::<IpAddr>().ok();
    let address = bare.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    let address = address.or_else(|| {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse().ok()
    });
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded_for: &[&str]) -> String {
        let networks = trusted
            .iter()
            .map(|network| network.parse().expect("network"));
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append("x-forwarded-for", value.parse().expect("value"));
        }
        let peer = peer.parse().expect("peer");
        TrustedProxies::new(networks.collect())
            .client(peer, &headers)
            .to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(client(&[], "192.0.2.1:5", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8"];
        for (forwarded_for, expected) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["6.6.6.6, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (&["6.6.6.6", "203.0.113.9:4711"], "203.0.113.9"),
            (&["6.6.6.6, [2001:db8::1]"], "2001:db8::1"),
            (&["6.6.6.6, garbage, 10.0.0.2"], "10.0.0.2"),
            (&["10.0.0.3"], "10.0.0.3"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client(&trusted, "10.0.0.1:5", forwarded_for), expected);
        }
    }
}
