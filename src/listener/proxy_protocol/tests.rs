//! Good and bad headers, in whatever pieces they come.

use proptest::{collection::vec, prelude::*};

use super::{HeaderError, Parsed, parse, v2::SIGNATURE};

/// A header of version 2.
fn v2(version_and_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[version_and_command, family], &length, body].concat()
}

/// 192.0.2.1:4711 to 192.0.2.9:443, and extensions.
fn tcp4(extensions: &[u8]) -> Vec<u8> {
    let addresses = [192, 0, 2, 1, 192, 0, 2, 9, 0x12, 0x67, 0x01, 0xbb];
    [&addresses, extensions].concat()
}

fn tcp6() -> Vec<u8> {
    let mut body = vec![0x20, 0x01, 0x0d, 0xb8];
    body.resize(15, 0);
    body.push(1);
    body.extend([0; 16]);
    body.extend([0x12, 0x67, 0x01, 0xbb]);
    body
}

/// With the checksum that an independent implementation computed.
fn with_checksum() -> Vec<u8> {
    let body = tcp4(&[0x04, 0, 1, 0xff, 0x03, 0, 4, 0, 0, 0, 0]);
    let mut header = v2(0x21, 0x11, &body);
    let at = header.len() - 4;
    header[at..].copy_from_slice(&0x80b4_de0b_u32.to_be_bytes());
    header
}

/// What a complete header says: client and scheme.
fn said(bytes: &[u8]) -> Result<String, HeaderError> {
    match parse(bytes)? {
        Parsed::Incomplete => Ok("incomplete".to_owned()),
        Parsed::Complete(_, header) => {
            let client = header.client.map(|client| client.to_string());
            let client = client.unwrap_or("unknown".to_owned());
            Ok(format!("{} {client}", header.scheme))
        }
    }
}

fn good() -> Vec<(Vec<u8>, &'static str)> {
    let line = |text: &str| format!("{text}\r\n").into_bytes();
    let longest = format!("PROXY UNKNOWN {}", "x".repeat(107 - 2 - 14));
    vec![
        (
            line("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443"),
            "http 192.0.2.1:4711",
        ),
        (
            line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"),
            "http 255.255.255.255:65535",
        ),
        (
            line("PROXY TCP6 2001:db8::1 2001:db8::2 1 0"),
            "http [2001:db8::1]:1",
        ),
        (line("PROXY UNKNOWN"), "http unknown"),
        (
            line("PROXY UNKNOWN ffff::1 ffff::2 65535 65535"),
            "http unknown",
        ),
        (line(&longest), "http unknown"),
        (v2(0x21, 0x11, &tcp4(&[])), "http 192.0.2.1:4711"),
        (v2(0x21, 0x21, &tcp6()), "http [2001:db8::1]:4711"),
        (v2(0x21, 0x31, &[b'a'; 216]), "http unknown"),
        (v2(0x21, 0x00, &[]), "http unknown"),
        (v2(0x21, 0x00, b"whatever"), "http unknown"),
        // Of a proxy's own connection nothing else counts.
        (v2(0x20, 0x00, &[]), "http unknown"),
        (v2(0x20, 0x11, &tcp4(&[])), "http unknown"),
        (v2(0x20, 0xff, b"whatever"), "http unknown"),
        // An unknown extension, an empty one, one of TLS, one of a client without TLS.
        (
            v2(0x21, 0x11, &tcp4(&[0xea, 0, 3, 1, 2, 3, 0x04, 0, 0])),
            "http 192.0.2.1:4711",
        ),
        (
            v2(0x21, 0x11, &tcp4(&[0x20, 0, 5, 1, 0, 0, 0, 0])),
            "https 192.0.2.1:4711",
        ),
        (
            v2(0x21, 0x11, &tcp4(&[0x20, 0, 5, 0, 0, 0, 0, 1])),
            "http 192.0.2.1:4711",
        ),
        (with_checksum(), "http 192.0.2.1:4711"),
    ]
}

fn bad() -> Vec<Vec<u8>> {
    let lines = [
        "GET / HTTP/1.1\r\n",
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "proxy TCP4 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY UNKNOWNX 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\rX\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443 1\r\n",
        "PROXY TCP4 192.0.2.1  192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.1\t192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2 192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.1 elsewhere 4711 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 4711 443\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.9 4711 443\r\n",
        "PROXY TCP6 fe80::1%eth0 fe80::2 4711 443\r\n",
        "PROXY TCP6 [2001:db8::1] 2001:db8::2 4711 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 4711 -1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 +4711 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9 04711 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.9  443\r\n",
        "PROXY TCP4 192.0.2.1\0 192.0.2.9 4711 443\r\n",
        "PROXY TCP4 192.0.2.\u{661} 192.0.2.9 4711 443\r\n",
    ];
    let mut wrong_checksum = with_checksum();
    *wrong_checksum.last_mut().unwrap() ^= 1;
    let mut changed_behind_it = with_checksum();
    changed_behind_it[16] ^= 1;
    let mut broken_signature = v2(0x21, 0x11, &tcp4(&[]));
    broken_signature[11] = b'\r';
    let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(107 - 1 - 14));
    let binary = [
        too_long.into_bytes(),
        b"PROXY TCP4 \xff\r\n".to_vec(),
        broken_signature,
        // Versions 1 and 3, an unknown command, families that no connection has or that are none.
        v2(0x11, 0x11, &tcp4(&[])),
        v2(0x31, 0x11, &tcp4(&[])),
        v2(0x22, 0x11, &tcp4(&[])),
        v2(0x21, 0x12, &tcp4(&[])),
        v2(0x21, 0x22, &tcp6()),
        v2(0x21, 0x10, &tcp4(&[])),
        v2(0x21, 0x41, &tcp4(&[])),
        // Addresses that are cut short.
        v2(0x21, 0x11, &[]),
        v2(0x21, 0x11, &tcp4(&[])[..11]),
        v2(0x21, 0x21, &tcp6()[..35]),
        v2(0x21, 0x31, &[b'a'; 215]),
        // Extensions that are cut short, or that say so.
        v2(0x21, 0x11, &tcp4(&[0x04])),
        v2(0x21, 0x11, &tcp4(&[0x04, 0])),
        v2(0x21, 0x11, &tcp4(&[0x04, 0, 1])),
        v2(0x21, 0x11, &tcp4(&[0x04, 0xff, 0xff, 1])),
        v2(0x21, 0x11, &tcp4(&[0x03, 0, 3, 0, 0, 0])),
        v2(0x21, 0x11, &tcp4(&[0x20, 0, 4, 1, 0, 0, 0])),
        v2(0x21, 0x11, &tcp4(&[0; 4096])),
        wrong_checksum,
        changed_behind_it,
        // Two of them: which one counts?
        v2(
            0x21,
            0x11,
            &tcp4(&[0x03, 0, 4, 0, 0, 0, 0, 0x03, 0, 4, 0, 0, 0, 0]),
        ),
    ];
    let lines = lines.iter().map(|line| line.as_bytes().to_vec());
    lines.chain(binary).collect()
}

#[test]
fn a_good_header_is_read_once_it_is_whole_and_not_a_byte_further() {
    for (header, expected) in good() {
        for split in 0..header.len() {
            assert_eq!(
                parse(&header[..split]),
                Ok(Parsed::Incomplete),
                "{header:?}"
            );
        }
        assert_eq!(said(&header).as_deref(), Ok(expected), "{header:?}");
        let followed = [&header[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
        let Ok(Parsed::Complete(length, _)) = parse(&followed) else {
            panic!("{header:?}");
        };
        assert_eq!(length, header.len());
    }
}

#[test]
fn a_bad_header_is_never_read_whatever_comes_first() {
    for header in bad() {
        assert!(
            parse(&header).is_err(),
            "{:?}",
            String::from_utf8_lossy(&header)
        );
        for split in 0..header.len() {
            let part = parse(&header[..split]);
            let complete = matches!(part, Ok(Parsed::Complete(..)));
            assert!(!complete, "{:?}", String::from_utf8_lossy(&header[..split]));
        }
    }
}

#[test]
fn a_line_without_an_end_is_refused_at_its_longest() {
    let endless = format!("PROXY UNKNOWN {}", "x".repeat(200));
    assert_eq!(parse(&endless.as_bytes()[..106]), Ok(Parsed::Incomplete));
    assert_eq!(parse(&endless.as_bytes()[..107]), Err(HeaderError::TooLong));
}

#[test]
fn a_length_that_is_too_long_is_refused_before_it_is_waited_for() {
    let header = v2(0x21, 0x11, &vec![0; 4081]);
    assert_eq!(parse(&header[..16]), Err(HeaderError::TooLong));
}

proptest! {
    /// Whatever was read of a prefix holds for everything that begins with it.
    #[test]
    fn more_bytes_do_not_change_what_was_read(
        choice in any::<prop::sample::Index>(),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        tail in vec(any::<u8>(), 0..32),
    ) {
        let samples: Vec<Vec<u8>> =
            good().into_iter().map(|(header, _)| header).chain(bad()).collect();
        let mut bytes = choice.get(&samples).clone();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.extend(tail);
        let whole = parse(&bytes);
        for split in 0..bytes.len() {
            match parse(&bytes[..split]) {
                Ok(Parsed::Incomplete) => {
                    if let Ok(Parsed::Complete(length, _)) = &whole {
                        prop_assert!(*length > split);
                    }
                }
                Ok(Parsed::Complete(length, header)) => {
                    prop_assert!(length <= split);
                    prop_assert_eq!(&whole, &Ok(Parsed::Complete(length, header)));
                }
                Err(error) => prop_assert!(whole.is_err(), "{error}"),
            }
        }
    }
}
