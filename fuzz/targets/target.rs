//! The path of a request target: refused, or in the one form that nothing reads in two ways.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use sidegate::http::target::canonical_path;
use sidegate_fuzz::percent_decoded;

fuzz_target!(|path: &str| {
    let answer = canonical_path(path);
    assert_eq!(
        answer.is_ok(),
        is_unambiguous(path.as_bytes()),
        "{answer:?}"
    );
    let Ok(canonical) = answer else { return };
    let bytes = canonical.as_bytes();
    assert_eq!(canonical_path(&canonical), Ok(Cow::Borrowed(&*canonical)));
    assert!(is_unambiguous(bytes));
    assert_eq!(
        percent_decoded(bytes),
        percent_decoded(path.as_bytes()),
        "another path than the client's"
    );
    assert!(is_normal(bytes), "two spellings of one path: {canonical}");
});

/// What `TargetError` lists, read off the definition without regard to speed.
fn is_unambiguous(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else {
        return false;
    };
    let graphic = path.iter().all(|byte| (0x21..0x7F).contains(byte));
    if !graphic || path.iter().any(|byte| b"\\#;".contains(byte)) {
        return false;
    }
    let segments: Vec<&[u8]> = rest.split(|&byte| byte == b'/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(index, segment)| {
        let Some(decoded) = percent_decoded(segment) else {
            return false;
        };
        let empty = decoded.is_empty() && index != last;
        let dots = !decoded.is_empty() && decoded.iter().all(|&byte| byte == b'.');
        let control = decoded.iter().any(|byte| *byte < 0x20 || *byte == 0x7F);
        let separator = decoded.iter().any(|byte| b"/\\;".contains(byte));
        let overlong = decoded.windows(2).any(|two| is_overlong(two[0], two[1]));
        let escape = decoded.windows(3).any(|three| {
            three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit()
        });
        !(empty || dots || control || separator || overlong || escape)
    })
}

/// RFC 3629 section 3: a character in more bytes than it needs, by the bits that would all be zero.
fn is_overlong(lead: u8, next: u8) -> bool {
    let zero = match lead {
        0xC0 | 0xC1 => return next & 0xC0 == 0x80,
        0xE0 => 0x20,
        0xF0 => 0x30,
        0xF8 => 0x38,
        0xFC => 0x3C,
        _ => return false,
    };
    next & 0xC0 == 0x80 && next & zero == 0
}

/// RFC 3986 section 6.2.2: digits in upper case, and no escape for what needs none.
fn is_normal(path: &[u8]) -> bool {
    path.iter().enumerate().all(|(at, &byte)| {
        if byte != b'%' {
            return true;
        }
        let escape = &path[at..at + 3];
        let decoded = percent_decoded(escape).expect("an escape")[0];
        let unreserved = decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded);
        !unreserved && !escape.iter().any(u8::is_ascii_lowercase)
    })
}
