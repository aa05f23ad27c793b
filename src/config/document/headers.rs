//! What a route does to headers.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a route does to the headers of its messages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteHeaders {
    /// Of requests, before they go to the upstream.
    pub request: HeaderChanges,
    /// Of what the upstream answers, a 101 included. Refusals and other answers of the gateway's own stay as they are.
    pub response: HeaderChanges,
}

/// What happens to the headers of a message: a name and its value, made of text and of
/// `{subject}`, `{claims.NAME}`, `{path.NAME}`, `{certificate.subject}`, `{certificate.names}`,
/// `{certificate.fingerprint}`, `{request.method}`, `{request.host}`, `{request.path}`, `{client.address}` and
/// `{decision.id}`. A header of which something is missing is left out, unless it says what is written instead:
/// `{claims.team:-none}`. Lists are written by `{claims.roles|join:,}` or `{claims.roles|json}`, objects by `|json`, and
/// `|percent` encodes what is not visible ASCII.
///
/// A header that is made of the token, the certificate, the client's address or the decision's id is removed from what
/// clients send on every route.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderChanges {
    /// Headers in place of those of the same name. Default: none.
    pub set: IndexMap<String, String>,
    /// Headers beside those of the same name. Default: none.
    pub add: IndexMap<String, String>,
    /// Headers that go no further. Default: none.
    pub remove: Vec<String>,
}
