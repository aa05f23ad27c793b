//! Header fields that go out besides those of the request's own map.
//!
//! The map of a request is as large as the client made it; adding to it makes it grow, and every added value would be
//! an allocation. What the gateway adds is written straight into the outgoing head instead.

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// A source of header fields. Names that it sends are not in the request's map.
pub trait Fields {
    /// Sends each field once.
    fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8]));

    /// Whether the client takes trailers.
    fn accept_trailers(&self) -> bool {
        false
    }
}

/// Puts the fields into a map, for a client that takes nothing else.
pub(super) fn insert_all(fields: &dyn Fields, headers: &mut HeaderMap) {
    fields.visit(&mut |name, value| {
        // Every value was a header's value, or is made of letters and digits.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name.clone(), value);
        }
    });
}
