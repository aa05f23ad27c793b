//! Names and values out of a query string or an urlencoded form.
//!
//! Promises the readings of `urllib.parse` and `python-multipart`: `+` is a space, a broken escape stays as it is, bytes that are
//! not UTF-8 become U+FFFD, and a byte outside ASCII that was not escaped is read as Latin-1.

use super::errors::Invalid;

/// The number of form fields past which Starlette refuses.
const MAX_FORM_FIELDS: usize = 1000;

pub(super) fn query(raw: &[u8]) -> Vec<(String, String)> {
    raw.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(decode)
        .collect()
}

pub(super) fn form(body: &[u8]) -> Result<Vec<(String, String)>, Invalid> {
    let pairs = query(body);
    if pairs.len() > MAX_FORM_FIELDS {
        return Err(Invalid::detail(
            400,
            "Too many fields. Maximum number of fields is 1000.",
        ));
    }
    Ok(pairs)
}

/// The fields of a form, for readers that are not FastAPI's.
pub(in crate::accounts) fn pairs_of_form(body: &[u8]) -> Vec<(String, String)> {
    query(body)
}

/// What an urlencoded text says.
pub(in crate::accounts) fn unquoted(text: &str) -> String {
    unquote(text.as_bytes())
}

fn decode(pair: &[u8]) -> (String, String) {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    let mut half = || unquote(halves.next().unwrap_or_default());
    (half(), half())
}

/// Runs of ASCII are decoded one by one, so that an escape and a raw byte never make one character.
fn unquote(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    for run in raw.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
        if run.is_ascii() {
            out.push_str(&String::from_utf8_lossy(&unescape(run)));
        } else {
            out.extend(run.iter().map(|byte| char::from(*byte)));
        }
    }
    out
}

fn unescape(run: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = run
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}
