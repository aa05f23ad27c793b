//! What the gateway signs for upstreams, and the keys that it shows.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Waiver,
    routes::Cors,
    tokens::{Algorithm, SecretText, TokenKey},
};
use crate::config::duration::Span;

/// A short-lived token that tells an upstream who the caller is, signed so that the upstream need not believe the
/// network: `iss`, `sub`, `aud`, `iat`, `exp` and `jti`, the decision that it was made for. Guarded requests carry it
/// beside the identity headers, anonymous ones carry none. It is made once for each token and upstream, and used until
/// half of its lifetime has gone. Its key is written here, or its `keys` are listed; no other token may have it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// The header that carries it. Clients cannot send it, on any route. Default: X-Sidegate-Assertion.
    #[serde(default = "usual_header")]
    pub header: String,
    /// The one algorithm of the key. ES256 and `EdDSA` take microseconds; RS and PS take milliseconds, for which a
    /// caller's first request waits.
    pub algorithm: Option<Algorithm>,
    /// The secret of an HS algorithm, as long as the hash: from the environment, or `file:PATH`. Whoever can verify
    /// with it can sign, too.
    pub secret: Option<SecretText>,
    /// The private key of another algorithm, in PEM or DER: from the environment, or `file:PATH`.
    pub private_key: Option<SecretText>,
    /// What assertions call the key. Default: its thumbprint (RFC 7638).
    pub kid: Option<String>,
    /// Several keys, the newest first, so that one can follow another: the first that is active and can sign, signs. One
    /// that has retired is shown by `published_keys` for one lifetime more.
    #[serde(default)]
    pub keys: Vec<TokenKey>,
    /// How long an assertion holds: 2s or more. Default: 60s.
    #[serde(default = "one_minute")]
    pub lifetime: Span,
    /// The `iss`. Default: sidegate.
    #[serde(default = "own_name")]
    pub issuer: String,
    /// Further claims: values of any type, or `{claims.NAME}` for a claim of the caller's token with its type, which is
    /// left out where there is none. Default: none.
    #[serde(default)]
    pub claims: IndexMap<String, serde_json::Value>,
    /// Says that a secret that is too short is meant so.
    pub weak_secret: Option<Waiver>,
}

/// Where whoever verifies what the gateway signs finds its public keys (RFC 7517): those of `tokens.access` and of
/// `assertion`, never a shared secret, and not those of refresh tokens. `GET` and `HEAD`, without a token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PublishedKeys {
    /// The path. Default: /.well-known/jwks.json.
    pub path: String,
    /// The host it is for. Default: any.
    pub host: Option<String>,
    /// How long readers may keep what they have read, unless a key retires earlier. A new key should be listed for as
    /// long before it is active. Default: 5m.
    pub max_age: Span,
    /// CORS headers of the answers. Default: the gateway's `cors`.
    pub cors: Option<Cors>,
}

impl Default for PublishedKeys {
    fn default() -> Self {
        Self {
            path: "/.well-known/jwks.json".to_owned(),
            host: None,
            max_age: Span::from_secs(300),
            cors: None,
        }
    }
}

fn usual_header() -> String {
    "X-Sidegate-Assertion".to_owned()
}

fn own_name() -> String {
    "sidegate".to_owned()
}

fn one_minute() -> Span {
    Span::from_secs(60)
}
