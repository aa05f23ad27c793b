//! The head of an upstream's response: the same however it is cut, framed as RFC 9112 section 6.3 says, fit to relay.
//!
//! The first byte is the method, the next four are how the rest is cut.

#![no_main]

use http::{Method, header};
use libfuzzer_sys::fuzz_target;
use sidegate::upstream::fuzzing::{BodyFraming, ResponseHead, read_head, read_pieces};
use sidegate_fuzz::pieces;

fuzz_target!(|data: &[u8]| {
    let Some((&[method, ref lengths @ ..], bytes)) = data.split_first_chunk::<5>() else {
        return;
    };
    let method = if method == b'H' {
        Method::HEAD
    } else {
        Method::GET
    };
    let whole = read_head(bytes, &method);
    let cut = read_pieces(pieces(bytes, lengths), &method);
    match &whole {
        Ok(Some(head)) => {
            let mut cut = cut.expect("good at once").expect("whole at once");
            // What follows the head came with its last piece, or later.
            assert!(head.rest.starts_with(&cut.rest));
            cut.rest = head.rest.clone();
            assert_eq!(&cut, head);
            assert!(bytes.ends_with(&head.rest));
            check(head, &method);
        }
        Ok(None) => assert_eq!(cut, Ok(None)),
        // A piece that ends no line is not looked at.
        Err(_) => assert!(matches!(cut, Err(_) | Ok(None))),
    }
});

fn check(head: &ResponseHead, method: &Method) {
    // Who has asked for a switch is known elsewhere.
    assert!(head.status == 101 || (200..1000).contains(&head.status));
    for value in head.headers.values() {
        let refused = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
        assert!(!value.as_bytes().iter().any(refused));
    }
    assert!(!head.headers.contains_key(header::TRANSFER_ENCODING));
    let lengths: Vec<_> = head
        .headers
        .get_all(header::CONTENT_LENGTH)
        .iter()
        .collect();
    assert!(lengths.len() <= 1);
    let length = lengths.first().map(|value| {
        let text = value.to_str().expect("digits");
        assert!(text.bytes().all(|byte| byte.is_ascii_digit()));
        text.parse::<u64>().expect("a length")
    });
    if *method == Method::HEAD || matches!(head.status, 101 | 204 | 304) {
        assert_eq!(head.framing, BodyFraming::Length(0));
        return;
    }
    match head.framing {
        BodyFraming::Length(framed) => assert_eq!(length, Some(framed)),
        BodyFraming::Chunked | BodyFraming::UntilClose => assert_eq!(length, None),
    }
}
