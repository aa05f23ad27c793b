//! `WordPress` from 6.8 on: bcrypt of a keyed hash, so that all of a long password counts. What it wrote before is
//! phpass.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Stored, bcrypt, stored::Preparation};

/// It tells this use of the hash from others, and is no secret.
const KEY: &[u8] = b"wp-sha384";

/// What PHP's `trim` removes, from a password that is set as from one that is checked.
const AROUND: &[u8] = b" \n\r\t\x0b\0";

pub(super) fn read(stored: &str) -> Option<Stored> {
    let rest = stored.strip_prefix("$wp")?;
    let mut read = bcrypt::read(rest).filter(|_| rest.starts_with("$2y$"))?;
    read.preparation = Preparation::Trimmed;
    // Base64 has none.
    read.refuses_nul = false;
    Some(read)
}

pub(super) fn prepared(typed: &[u8]) -> Vec<u8> {
    let kept = |byte: &u8| !AROUND.contains(byte);
    let from = typed.iter().position(kept).unwrap_or(typed.len());
    let to = typed.iter().rposition(kept).map_or(from, |last| last + 1);
    let key = hmac::Key::new(hmac::HMAC_SHA384, KEY);
    let hash = hmac::sign(&key, typed.get(from..to).unwrap_or_default());
    STANDARD.encode(hash).into_bytes()
}
