//! What values are taken from.

use crate::{certificate::Identity, policy::pattern::Pattern, token::verify::Verified};

/// Everything that is known when a header is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What the token's signature proved; nothing for a request without a token.
    pub verified: Option<&'a Verified>,
    /// The client's certificate, which was verified.
    pub certificate: Option<&'a Identity>,
    /// The request; nothing where a value is made for many of them.
    pub request: Option<RequestFacts<'a>>,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its Host, with its port if it has one.
    pub host: &'a str,
    /// Its canonical path, as it goes on.
    pub path: &'a str,
    /// The path that its route was found by.
    pub matched_path: &'a str,
    /// The pattern of its route.
    pub pattern: &'a Pattern,
    /// The address of the client; nothing behind a Unix socket.
    pub client: Option<&'a str>,
    /// The decision's id.
    pub decision: &'a str,
}

impl<'a> Facts<'a> {
    /// Of a token alone.
    pub fn of_token(verified: &'a Verified) -> Self {
        Self {
            verified: Some(verified),
            ..Self::default()
        }
    }
}
