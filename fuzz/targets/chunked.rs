//! The chunked coding of a response: the same however it is cut, and what the grammar of RFC 9112 section 7.1 says.
//!
//! The first four bytes are how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::upstream::fuzzing::decode_chunked;
use sidegate_fuzz::pieces;

fuzz_target!(|data: &[u8]| {
    let Some((lengths, body)) = data.split_first_chunk::<4>() else {
        return;
    };
    let whole = decode_chunked([body]);
    let cut = decode_chunked(pieces(body, lengths));
    assert_eq!(whole, cut);
    match grammar(body) {
        Read::Whole(content, used) => assert_eq!(whole, Ok((content, used, true))),
        Read::Unfinished => assert!(whole.is_ok_and(|(_, used, done)| !done && used == body.len())),
        Read::Malformed => assert!(whole.is_err()),
    }
});

enum Read {
    Whole(Vec<u8>, usize),
    Unfinished,
    Malformed,
}

fn grammar(body: &[u8]) -> Read {
    let (mut content, mut at) = (Vec::new(), 0);
    loop {
        let line = match line(&body[at..]) {
            Ok(line) => line,
            Err(read) => return unfinished_size(&body[at..], read),
        };
        let Some(size) = size(line) else {
            return Read::Malformed;
        };
        at += line.len() + 2;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).expect("64 bits");
        let Some(end) = at.checked_add(size).filter(|end| *end <= body.len()) else {
            return Read::Unfinished;
        };
        content.extend_from_slice(&body[at..end]);
        match &body[end..] {
            [b'\r', b'\n', ..] => at = end + 2,
            [] | [b'\r'] => return Read::Unfinished,
            _ => return Read::Malformed,
        }
    }
    loop {
        let trailer = match line(&body[at..]) {
            Ok(trailer) => trailer,
            Err(read) => return read,
        };
        at += trailer.len() + 2;
        if trailer.is_empty() {
            return Read::Whole(content, at);
        }
    }
}

/// A line without its CR LF; neither may stand alone.
fn line(bytes: &[u8]) -> Result<&[u8], Read> {
    let end = bytes.iter().position(|byte| b"\r\n".contains(byte));
    match end.map(|end| (end, &bytes[end..])) {
        Some((end, [b'\r', b'\n', ..])) => Ok(&bytes[..end]),
        None | Some((_, [b'\r'])) => Err(Read::Unfinished),
        Some(_) => Err(Read::Malformed),
    }
}

/// At most sixteen digits, blanks, and perhaps an extension.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let after = line[digits..].iter().find(|byte| !b" \t".contains(byte));
    if digits == 0 || digits > 16 || after.is_some_and(|&byte| byte != b';') {
        return None;
    }
    let digits = std::str::from_utf8(&line[..digits]).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// A line that is not there as a whole may be wrong already.
fn unfinished_size(line: &[u8], read: Read) -> Read {
    let begun: Vec<u8> = line.iter().copied().filter(|byte| *byte != b'\r').collect();
    match read {
        Read::Unfinished if !begun.is_empty() && size(&begun).is_none() => Read::Malformed,
        Read::Unfinished if begun.is_empty() && !line.is_empty() => Read::Malformed,
        other => other,
    }
}
