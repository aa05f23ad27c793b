//! Tokens and what they say.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::{Waiver, rules::Texts};
use crate::{
    config::{duration::Span, size::Size},
    secret::Secret,
};

/// The tokens that are accepted and minted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// What guarded routes accept and a login answers.
    pub access: Token,
    /// What a refresh accepts and a login answers; needed by `accounts`.
    pub refresh: Option<Token>,
    /// Longer tokens are refused unread. Default: 8KiB.
    #[serde(default = "eight_kibibytes")]
    pub max_size: Size,
    /// The cache of verified tokens.
    #[serde(default)]
    pub cache: Cache,
    /// Says that one secret for both kinds is meant so: then nothing tells an access from a refresh token.
    pub same_secret: Option<Waiver>,
}

/// One kind of token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The one algorithm of the key.
    pub algorithm: Algorithm,
    /// The secret: `${NAME}` takes it from the environment, `file:PATH` from a file. At least 32 bytes.
    pub secret: SecretText,
    /// How long a minted token holds.
    pub lifetime: Span,
    /// The claims of a minted token besides `exp`: texts may use `{user.id}`.
    #[serde(default)]
    pub claims: IndexMap<String, serde_json::Value>,
    /// Says that a secret of less than 32 bytes is meant so.
    pub weak_secret: Option<Waiver>,
}

/// Signature algorithms.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
}

/// The cache of verified tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// How many tokens it keeps. Default: 100000.
    pub capacity: u32,
}

impl Default for Cache {
    fn default() -> Self {
        Self { capacity: 100_000 }
    }
}

/// What the upstream is told about the user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// The claim that says who it is: a text or an integer. Default: `sub`.
    pub subject: String,
    /// The claims in which roles stand, each a text or a list of texts: one or more ways such as `realm_access.roles`.
    /// Default: `[roles, role]`.
    pub roles: Texts,
    /// Headers that are added to guarded requests, from `{subject}` and `{claims.NAME}`, with the forms and defaults
    /// that `headers` of a route has. Clients cannot send them. A route that sets or removes one has its own way.
    /// Default: X-User-Id with the subject.
    pub headers: IndexMap<String, String>,
    /// Headers that are added to requests of clients with a verified certificate, on every route: from `{subject}`,
    /// as RFC 4514 writes it, `{names}`, such as `DNS:a.internal, URI:spiffe://example/a`, and `{fingerprint}`, its
    /// SHA-256. One without a value is left out. Clients cannot send them. Default: none.
    pub certificate_headers: IndexMap<String, String>,
}

impl Default for Identity {
    fn default() -> Self {
        let user_id = ("X-User-Id".to_owned(), "{subject}".to_owned());
        Self {
            subject: "sub".to_owned(),
            roles: Texts::List(vec!["roles".to_owned(), "role".to_owned()]),
            headers: IndexMap::from([user_id]),
            certificate_headers: IndexMap::new(),
        }
    }
}

/// A text that is never printed.
#[derive(Debug)]
pub struct SecretText(pub Secret<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

fn eight_kibibytes() -> Size {
    Size::from_bytes(8 * 1024)
}
