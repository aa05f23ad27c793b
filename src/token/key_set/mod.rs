//! A published set of keys (RFC 7517 section 5): bounded, and no more of it believed than is fit for verifying.

use serde::Deserialize;
use serde_json::Value;

use super::{
    key::{Algorithm, Jwk, Key, KeyError},
    keyring::ListedKey,
};

/// The largest set that is read, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// The most keys that a set may have.
pub const MOST_KEYS: usize = 64;

/// Why a set cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is larger than [`LARGEST`].
    #[error("the key set is larger than {LARGEST} bytes")]
    TooLarge,
    /// It is not JSON with a list of `keys`.
    #[error("this is not a JSON object with a list of keys")]
    Unreadable,
    /// It has more than [`MOST_KEYS`].
    #[error("the key set has more than {MOST_KEYS} keys")]
    TooMany,
    /// None of its keys can be used.
    #[error("the key set has no key that can verify a signature of an accepted algorithm")]
    NoKey,
}

/// What a set came to.
#[derive(Debug)]
pub struct KeySet {
    /// Those that can be used, in their order.
    pub keys: Vec<ListedKey>,
    /// How many cannot, and why the first of them.
    pub unusable: Option<(usize, KeyError)>,
}

#[derive(Deserialize)]
struct Written {
    keys: Vec<Value>,
}

/// Reads a set. A key that is for something else, or that is not understood, is passed over (RFC 7517 section 5).
pub fn read(text: &[u8], allowed: &[Algorithm]) -> Result<KeySet, KeySetError> {
    if text.len() > LARGEST {
        return Err(KeySetError::TooLarge);
    }
    let written: Written = serde_json::from_slice(text).map_err(|_| KeySetError::Unreadable)?;
    if written.keys.len() > MOST_KEYS {
        return Err(KeySetError::TooMany);
    }
    let mut keys = Vec::new();
    let mut unusable = None;
    for value in written.keys {
        match key(value, allowed) {
            Ok(key) => keys.push(key),
            Err(error) => unusable.get_or_insert((0, error)).0 += 1,
        }
    }
    if keys.is_empty() {
        return Err(KeySetError::NoKey);
    }
    Ok(KeySet { keys, unusable })
}

fn key(value: Value, allowed: &[Algorithm]) -> Result<ListedKey, KeyError> {
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| KeyError::Unreadable)?;
    let key: Key = jwk.key(allowed)?;
    Ok(ListedKey::lasting(key, jwk.kid.map(String::into_boxed_str)))
}

#[cfg(test)]
mod tests;
