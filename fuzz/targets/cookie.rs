//! Cookies: no reader behind finds a value under the name that the gateway has not found too.
//!
//! Each line is one field.

#![no_main]

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use sidegate::http::cookie::values;

const NAME: &str = "t";

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|&byte| byte == b'\n').take(20) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::COOKIE, value);
        }
    }
    let found: Vec<Vec<u8>> = values(&headers, NAME)
        .map(|cookie| {
            assert!(cookie.range.end <= cookie.field.len());
            cookie.bytes().to_vec()
        })
        .collect();
    for value in &found {
        assert!(!value.contains(&b';'));
    }
    let fields = headers.get_all(header::COOKIE).iter();
    for value in fields.flat_map(|field| starlette(field.as_bytes())) {
        let value = value.into_bytes_latin1();
        // What is escaped is no token here, and refused as one.
        let escaped = value.contains(&b'\\');
        assert!(
            escaped || found.contains(&value),
            "the gateway misses {value:?}"
        );
    }
});

/// What `starlette.requests.cookie_parser` reads under the name, before it unescapes; of several its caller takes the last.
fn starlette(field: &[u8]) -> Vec<String> {
    // Each byte is a character, and `str.strip` knows more spaces than ASCII has.
    let text: String = field.iter().map(|&byte| char::from(byte)).collect();
    let pairs = text.split(';').filter_map(|chunk| chunk.split_once('='));
    let named = pairs.filter(|(name, _)| strip(name) == NAME);
    named
        .map(|(_, value)| unquoted(strip(value)).to_owned())
        .collect()
}

fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}

trait Latin1 {
    fn into_bytes_latin1(self) -> Vec<u8>;
}

impl Latin1 for String {
    fn into_bytes_latin1(self) -> Vec<u8> {
        self.chars()
            .map(|c| u8::try_from(c).expect("a byte"))
            .collect()
    }
}
