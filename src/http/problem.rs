//! The error body of RFC 9457, for answers that have no legacy shape to keep.

use ::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;

/// The media type of a [`Problem`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One problem, as the client sees it: what and which decision, never why in detail.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// A stable URI of the kind of problem, `urn:sidegate:<code>`.
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    /// The decision, to be looked up by the operator.
    instance: &'a str,
}

impl<'a> Problem<'a> {
    /// `code` is the stable code of the refusal, `decision` its id.
    pub fn new(status: StatusCode, code: &str, title: &'a str, decision: &'a str) -> Self {
        Self {
            kind: format!("urn:sidegate:{code}"),
            title,
            status: status.as_u16(),
            instance: decision,
        }
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        // A struct of strings and one number always serialises.
        Bytes::from(serde_json::to_vec(self).unwrap_or_default())
    }
}
