//! PROXY headers: what they say does not depend on how the bytes arrive or on what follows, and a well-formed one says
//! what was meant.
//!
//! A first byte `g` asks for a header of version 2 that is made of the rest, with its lengths and its checksum right.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use libfuzzer_sys::fuzz_target;
use sidegate::listener::proxy_protocol::{Header, Parsed, parse};

/// Longer than any header that is read.
const MOST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    if let Some(rest) = data.strip_prefix(b"g") {
        meant(rest);
        return;
    }
    match parse(data) {
        Ok(Parsed::Complete(length, header)) => {
            assert!(length <= data.len() && length <= MOST);
            for end in (0..length).take(300).chain([length - 1]) {
                assert_eq!(parse(&data[..end]), Ok(Parsed::Incomplete), "at {end}");
            }
            assert_eq!(
                parse(&data[..length]),
                Ok(Parsed::Complete(length, header.clone()))
            );
            if data.starts_with(b"PROXY ") {
                check_line(&data[..length], &header);
            }
        }
        Ok(Parsed::Incomplete) => assert!(data.len() < MOST),
        Err(_) => {
            for end in 0..data.len().min(300) {
                assert!(!matches!(parse(&data[..end]), Ok(Parsed::Complete(..))));
            }
        }
    }
});

/// A line of version 1 says exactly what its addresses say, written as everybody writes them.
fn check_line(line: &[u8], header: &Header) {
    let line = std::str::from_utf8(line)
        .ok()
        .and_then(|line| line.strip_suffix("\r\n"));
    let Some(client) = header.client else {
        return;
    };
    let line = line.expect("text with its end");
    let words: Vec<&str> = line.split(' ').collect();
    let [_, family, source, destination, port, other_port] = words[..] else {
        panic!("{} words", words.len());
    };
    assert_eq!(client.port().to_string(), port);
    assert!(other_port.parse::<u16>().is_ok());
    let same_family = |address: IpAddr| address.is_ipv4() == (family == "TCP4");
    let source: IpAddr = source.parse().expect("an address");
    let destination: IpAddr = destination.parse().expect("an address");
    assert_eq!(client.ip(), source);
    assert!(same_family(source) && same_family(destination));
}

fn meant(parts: &[u8]) {
    let Some((&[kind, port_high, port_low, ref addresses @ ..], mut extensions)) =
        parts.split_first_chunk::<35>()
    else {
        return;
    };
    let port = u16::from_be_bytes([port_high, port_low]);
    let (family, address, used) = if kind & 1 == 0 {
        let source: [u8; 4] = addresses[..4].try_into().expect("four");
        (0x11, IpAddr::V4(Ipv4Addr::from(source)), 8)
    } else {
        let source: [u8; 16] = addresses[..16].try_into().expect("sixteen");
        (0x21, IpAddr::V6(Ipv6Addr::from(source)), 32)
    };
    let mut body = addresses[..used].to_vec();
    body.extend_from_slice(&[port_high, port_low, 1, 187]);
    let mut scheme = "http";
    while let Some((&[kind, length], rest)) = extensions.split_first_chunk::<2>() {
        let (value, rest) = rest.split_at(usize::from(length).min(rest.len()));
        extensions = rest;
        if kind == 3 || (kind == 0x20 && value.len() < 5) {
            continue;
        }
        if kind == 0x20 && value[0] & 1 == 1 {
            scheme = "https";
        }
        body.push(kind);
        body.extend_from_slice(&(value.len() as u16).to_be_bytes());
        body.extend_from_slice(value);
    }
    let checked = kind & 2 == 2;
    let checksum = body.len() + 16 + 3;
    if checked {
        body.extend_from_slice(&[3, 0, 4, 0, 0, 0, 0]);
    }
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    header.push(family);
    header.extend_from_slice(&(body.len() as u16).to_be_bytes());
    header.extend_from_slice(&body);
    if header.len() > MOST {
        return;
    }
    if checked {
        let sum = crc32c(&header);
        header[checksum..checksum + 4].copy_from_slice(&sum.to_be_bytes());
    }
    let length = header.len();
    header.extend_from_slice(b"GET / HTTP/1.1\r\n");
    let Ok(Parsed::Complete(read, said)) = parse(&header) else {
        panic!("a good header is refused: {:?}", parse(&header));
    };
    assert_eq!(read, length);
    assert_eq!(said.client, Some(SocketAddr::new(address, port)));
    assert_eq!(said.scheme.as_str(), scheme);
    if checked {
        header[checksum] ^= 1;
        assert!(parse(&header).is_err(), "a wrong checksum is taken");
    }
}

/// By long division, most significant bit of the polynomial first, over reversed bits.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        for bit in 0..8 {
            let next = u32::from(byte >> bit & 1) ^ remainder >> 31;
            remainder = remainder << 1 ^ (next * 0x1EDC_6F41);
        }
    }
    !remainder.reverse_bits()
}
