//! `Forwarded` for the upstream: whatever a trusted proxy sent along, its last element is ours.
//!
//! The first line is the Host, the rest the chain.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use sidegate::{http::host, pipeline::fuzzing::forwarded_elements};
use sidegate_fuzz::first_line;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fuzz_target!(|data: &[u8]| {
    let Some((host, chain)) = first_line(data) else {
        return;
    };
    // Only a valid Host ever gets here.
    let host = std::str::from_utf8(host)
        .ok()
        .and_then(|host| host::parse(host).ok());
    let host = host.and_then(|host| HeaderValue::from_str(&host).ok());
    let chain = HeaderValue::from_bytes(chain).ok();
    let value = forwarded_elements(chain.as_ref(), Some(PEER), host.as_ref());
    let elements: Vec<&str> = value.split(", ").collect();
    let (last, hops) = elements.split_last().expect("an element");
    let ours = match host {
        Some(host) => format!(
            "for=192.0.2.7;proto=http;host=\"{}\"",
            host.to_str().expect("text")
        ),
        None => "for=192.0.2.7;proto=http".to_owned(),
    };
    assert_eq!(*last, ours);
    for hop in hops {
        let node = hop.strip_prefix("for=").expect("a node");
        let bare = node
            .strip_prefix("\"[")
            .and_then(|rest| rest.strip_suffix("]\""));
        assert!(bare.unwrap_or(node).parse::<IpAddr>().is_ok(), "{hop}");
    }
    assert!(HeaderValue::from_str(&value).is_ok());
});
