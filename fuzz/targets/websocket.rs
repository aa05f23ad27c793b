//! Where the frames of a WebSocket end: the same however they are cut, and what RFC 6455 section 5.2 says.
//!
//! The first four bytes are how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::listener::fuzzing::{Passed, pass};
use sidegate_fuzz::pieces;

fuzz_target!(|data: &[u8]| {
    let Some((lengths, bytes)) = data.split_first_chunk::<4>() else {
        return;
    };
    let whole = pass([bytes]);
    assert_eq!(whole, pass(pieces(bytes, lengths)));
    assert_eq!(whole, read(bytes));
});

fn read(mut bytes: &[u8]) -> Passed {
    let mut has_closed = false;
    loop {
        let unfinished = Passed {
            is_between: bytes.is_empty(),
            has_closed,
        };
        let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else {
            return unfinished;
        };
        let (size, rest) = match second & 0x7F {
            126 => match rest.split_first_chunk::<2>() {
                Some((size, rest)) => (u64::from(u16::from_be_bytes(*size)), rest),
                None => return unfinished,
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((size, rest)) => (u64::from_be_bytes(*size), rest),
                None => return unfinished,
            },
            size => (u64::from(size), rest),
        };
        let mask = usize::from(second & 0x80 != 0) * 4;
        let Some(rest) = rest.get(mask..) else {
            return unfinished;
        };
        has_closed |= first & 0x0F == 8;
        match usize::try_from(size).ok().and_then(|size| rest.get(size..)) {
            Some(rest) => bytes = rest,
            None => {
                return Passed {
                    is_between: false,
                    has_closed,
                };
            }
        }
    }
}
