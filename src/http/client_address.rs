//! Who the client is, when proxies that the operator trusts stand between it and the gateway.
//!
//! The list of trusted proxies is empty by default: then the client is the peer of the connection, and nothing that
//! it says about itself is believed.

use std::net::{IpAddr, SocketAddr};

use ::http::HeaderMap;
use ipnet::IpNet;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerAddress {
    /// Of a TCP connection, or what a PROXY header says of one.
    Ip(SocketAddr),
    /// A Unix socket: somebody on this machine, who has no address.
    Unix,
}

/// Networks whose `X-Forwarded-*` lines are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    unix_sockets: UnixSockets,
}

/// Whether whoever connects to a Unix socket may speak for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum UnixSockets {
    Trusted,
    #[default]
    Untrusted,
}

/// Which headers tell the upstream about the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedStyle {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Rfc7239,
}

impl PeerAddress {
    /// Without the port, and an IPv4 address as one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip().to_canonical()),
            Self::Unix => None,
        }
    }
}

impl TrustedProxies {
    /// Trusts the peers in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self {
            networks,
            unix_sockets: UnixSockets::Untrusted,
        }
    }

    /// Trusts the peers of Unix sockets too.
    #[must_use]
    pub fn and_unix_sockets(mut self) -> Self {
        self.unix_sockets = UnixSockets::Trusted;
        self
    }

    /// Whether this peer may speak for others.
    pub fn contains(&self, peer: PeerAddress) -> bool {
        match peer.ip() {
            Some(address) => self.contains_ip(address),
            None => self.unix_sockets == UnixSockets::Trusted,
        }
    }

    fn contains_ip(&self, address: IpAddr) -> bool {
        let mut networks = self.networks.iter();
        networks.any(|network| network.contains(&address))
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.unix_sockets == UnixSockets::Untrusted
    }

    /// The right-most address of `X-Forwarded-For` that is not a trusted proxy, else the peer; `None` when that is
    /// a Unix socket.
    ///
    /// An entry that cannot be read ends the search: what stands left of it was said by nobody we trust.
    pub fn client(&self, peer: PeerAddress, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer.ip();
        if !self.contains(peer) {
            return client;
        }
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','))
            .map(|hop| parse_hop(hop.trim_ascii()));
        for hop in hops {
            let Some(hop) = hop else { break };
            client = Some(hop);
            if !self.contains_ip(hop) {
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
        let peer = PeerAddress::Ip(peer.parse().expect("peer"));
        TrustedProxies::new(networks.collect())
            .client(peer, &lines(forwarded_for))
            .expect("an address")
            .to_string()
    }

    fn lines(forwarded_for: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append("x-forwarded-for", value.parse().expect("value"));
        }
        headers
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

    #[test]
    fn a_unix_socket_speaks_for_others_only_if_it_is_trusted() {
        let headers = lines(&["6.6.6.6, 203.0.113.9"]);
        let client = |proxies: TrustedProxies| proxies.client(PeerAddress::Unix, &headers);
        let networks = vec!["0.0.0.0/1".parse().expect("network")];
        assert_eq!(client(TrustedProxies::default()), None);
        assert_eq!(client(TrustedProxies::new(networks)), None);
        let trusted = TrustedProxies::default().and_unix_sockets();
        assert_eq!(client(trusted.clone()), "203.0.113.9".parse().ok());
        assert!(!trusted.is_empty());
        assert_eq!(trusted.client(PeerAddress::Unix, &HeaderMap::new()), None);
    }
}
