//! Who the client is: nobody chooses that but the proxies that are trusted.
//!
//! The first line is the peer, each further line one `X-Forwarded-For`.

#![no_main]

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;
use libfuzzer_sys::fuzz_target;
use sidegate::http::client_address::{PeerAddress, TrustedProxies};
use sidegate_fuzz::first_line;

fuzz_target!(|data: &[u8]| {
    let Some((peer, rest)) = first_line(data) else {
        return;
    };
    let peer = std::str::from_utf8(peer).ok();
    let Some(peer) = peer.and_then(|peer| peer.parse::<IpAddr>().ok()) else {
        return;
    };
    let networks: [IpNet; 3] = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
        .map(|network| network.parse().expect("a network"));
    let trusted = |address: IpAddr| networks.iter().any(|network| network.contains(&address));
    let lines = rest.split(|&byte| byte == b'\n');
    let lines: Vec<HeaderValue> = lines
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let proxies = TrustedProxies::new(networks.to_vec());
    let ask = |lines: &[HeaderValue]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.clone());
        }
        proxies.client(at(peer), &headers).expect("an address")
    };
    let client = ask(&lines);
    let peer = peer.to_canonical();
    if !trusted(peer) {
        assert_eq!(client, peer);
        return;
    }
    if trusted(client) {
        return;
    }
    // Whatever a client adds on the left of what the proxies wrote, it stays who it is.
    let mut longer = vec![HeaderValue::from_static("203.0.113.66, 10.1.1.1, x")];
    longer.extend(lines.iter().cloned());
    assert_eq!(ask(&longer), client);
    let written = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    let mut written = written.filter_map(|hop| address(hop.trim_ascii()));
    assert!(written.any(|hop| hop == client), "nobody wrote {client}");
});

fn at(address: IpAddr) -> PeerAddress {
    PeerAddress::Ip(SocketAddr::new(address, 5))
}

/// Bare, with a port, or in brackets.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let spellings = [
        text.parse().ok(),
        text.parse().ok().map(|socket: SocketAddr| socket.ip()),
        text.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|inner| inner.parse().ok()),
    ];
    let address = spellings.into_iter().flatten().next();
    address.map(|address: IpAddr| address.to_canonical())
}
