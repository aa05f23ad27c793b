//! The header of a token: what it says about itself, to be compared with what is known, never to be followed.
//!
//! `jwk`, `jku`, `x5u` and `x5c` are not read at all (RFC 8725 section 3.10).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

use super::{raw::RawToken, verify::InvalidToken};

/// The members that are compared. A repeated one is an error.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) kid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) typ: Option<String>,
    /// Whether there is a `crit`, whatever it holds: not even `null` is allowed.
    #[serde(default, rename = "crit", deserialize_with = "is_there")]
    is_critical: bool,
    /// A payload that is not base64url would need a `crit` (RFC 7797 section 6).
    #[serde(default, rename = "b64", deserialize_with = "is_there")]
    is_unencoded: bool,
}

impl Header {
    pub(super) fn read(token: RawToken<'_>) -> Result<Self, InvalidToken> {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(token.header_part());
        let decoded = decoded.map_err(|_| InvalidToken::Header)?;
        // Members that are passed over are not looked into: without this, bytes that are no text could stand there.
        let whole = serde_json::from_slice::<Value>(&decoded).map(drop);
        let header = whole.and_then(|()| serde_json::from_slice::<Self>(&decoded));
        let header = header.map_err(|_| InvalidToken::Header)?;
        if header.is_critical || header.is_unencoded {
            return Err(InvalidToken::Critical);
        }
        Ok(header)
    }

    /// Compares `typ` as a media type: by any case, with or without `application/` (RFC 7515 section 4.1.9).
    pub(super) fn is_of_type(&self, accepted: &[Box<str>]) -> bool {
        let Some(typ) = &self.typ else { return true };
        let (typ, accepted) = (short(typ), accepted.iter().map(|typ| short(typ)));
        accepted
            .into_iter()
            .any(|other| other.eq_ignore_ascii_case(typ))
    }
}

fn short(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        Some(_) | None => typ,
    }
}

/// A text, where it is there at all: `null` is none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
