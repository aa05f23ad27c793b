//! What a refusal looks like to the client, where the monolith had its own way of saying it.

use ::http::StatusCode;
use bytes::Bytes;

/// One fixed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedAnswer {
    /// The status.
    pub status: StatusCode,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body, byte for byte.
    pub body: Bytes,
}

/// A route's refusals; where one is `None` the client gets problem+json.
#[derive(Debug, Clone, Default)]
pub struct RefusalTemplate {
    /// No token where one is required.
    pub missing_token: Option<FixedAnswer>,
    /// A malformed, bad, expired or blocked token.
    pub invalid_token: Option<FixedAnswer>,
    /// A good token that is not enough.
    pub forbidden: Option<FixedAnswer>,
    /// Too many requests.
    pub rate_limited: Option<FixedAnswer>,
    /// No route.
    pub not_found: Option<FixedAnswer>,
    /// A route, but not for this method.
    pub method_not_allowed: Option<FixedAnswer>,
}
