//! Route policies.

use serde::Deserialize;

use crate::config::{duration::Span, size::SizeLimit};

/// One route.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Methods and a path: `GET,HEAD /docs/**`, or a path alone for every method.
    #[serde(rename = "match")]
    pub matches: String,
    /// The host it is for: `api.example.com` or `*.example.com`. Default: any.
    pub host: Option<String>,
    /// Who may use it.
    pub access: Access,
    /// Where it goes. Default: the only upstream.
    pub upstream: Option<String>,
    /// What else has to hold: all of what is named.
    pub require: Option<Require>,
    /// Whether the client's Authorization goes on. Default: `forward`.
    #[serde(default)]
    pub authorization: Authorization,
    /// The names of the limits that hold for it, of `rate_limits`. Default: none.
    #[serde(default)]
    pub rate_limit: Vec<String>,
    /// The largest request body: a size, or `unlimited`, as streams of gRPC need it. Default: `limits.body_size`.
    pub body_size: Option<SizeLimit>,
    /// What refusals look like. Default: the gateway's `refusals`.
    pub refusals: Option<Refusals>,
    /// CORS headers of the gateway's own answers. Default: the gateway's `cors`.
    pub cors: Option<Cors>,
    /// Where a token may be besides `Authorization`. Default: nowhere.
    pub token_from: Option<TokenFrom>,
    /// Protocols that a connection may be switched to by `Upgrade`. Default: `[websocket]`.
    #[serde(default = "websocket")]
    pub upgrade: Vec<String>,
}

/// Where a token may be besides `Authorization`. Two places that hold different tokens are a refusal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFrom {
    /// The name of a cookie.
    pub cookie: Option<String>,
    /// The word before the token in `Sec-WebSocket-Protocol`, as in `new WebSocket(url, ["bearer", token])`. The token
    /// does not go on to the upstream, the word does.
    pub websocket_protocol: Option<String>,
    /// The name of a parameter of the query, decoded. Needs `query_tokens` beside it.
    pub query: Option<String>,
    /// Says that it is known what becomes of a token in a URL: browsers, proxies and servers write it down.
    pub query_tokens: Option<QueryTokens>,
    /// Whether that parameter goes on to the upstream. Default: `remove`.
    pub query_parameter: Option<Authorization>,
}

/// What is known of tokens in URLs.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryTokens {
    /// "Others write them down."
    LoggedByOthers,
}

fn websocket() -> Vec<String> {
    vec!["websocket".to_owned()]
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody; the token is not read.
    Public,
    /// Everybody; a token that is sent has to be good.
    Optional,
    /// Those with a good token.
    Required,
}

/// What has to hold besides a good token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Require {
    /// A path parameter that has to be the token's subject.
    pub subject_is: Option<String>,
    /// Which verified certificate the client has to present, whatever `access` says about tokens.
    pub client_certificate: Option<ClientCertificate>,
}

/// Certificates of clients.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificate {
    /// Of anybody whom the listener's `client_ca` has signed.
    Any,
    /// With one of these subjects, as RFC 4514 writes them: `CN=billing,O=Example`.
    Subjects(Vec<String>),
    /// With one of these alternative names, such as `DNS:billing.internal` or `URI:spiffe://example/billing`.
    Names(Vec<String>),
    /// One of these themselves, by SHA-256 in hexadecimal digits.
    Fingerprints(Vec<String>),
}

/// Whether the client's Authorization goes on to the upstream.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorization {
    /// The upstream still checks it.
    #[default]
    Forward,
    /// The upstream has stopped.
    Remove,
}

/// What refusals look like.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusals {
    /// problem+json (RFC 9457).
    #[default]
    Problem,
    /// What a FastAPI application with `OAuth2PasswordBearer` answers.
    Fastapi,
    /// Your own; what is left out is problem+json.
    Custom(Box<CustomRefusals>),
}

/// Refusals of the monolith's own kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomRefusals {
    /// No token where one is required.
    pub missing_token: Option<CustomRefusal>,
    /// A bad or expired token.
    pub invalid_token: Option<CustomRefusal>,
    /// A good token that is not enough.
    pub forbidden: Option<CustomRefusal>,
    /// Too many requests.
    pub rate_limited: Option<CustomRefusal>,
    /// No route.
    pub not_found: Option<CustomRefusal>,
    /// A route, but not for this method.
    pub method_not_allowed: Option<CustomRefusal>,
}

/// One refusal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomRefusal {
    /// The status, 400 to 599.
    pub status: u16,
    /// The JSON body.
    pub body: serde_json::Value,
}

/// CORS headers of the gateway's own answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://app.example.com`, or `["*"]`.
    pub origins: Vec<String>,
    /// Methods that a preflight allows. Default: GET, HEAD, POST, PUT, PATCH, DELETE.
    #[serde(default = "usual_methods")]
    pub methods: Vec<String>,
    /// Headers that a preflight allows. Default: those that it asks for.
    pub headers: Option<Vec<String>>,
    /// Headers that scripts may read.
    #[serde(default)]
    pub expose: Vec<String>,
    /// Whether browsers may send cookies along. Default: `omit`.
    #[serde(default)]
    pub credentials: Credentials,
    /// How long a preflight's answer holds. Default: 10m.
    #[serde(default = "ten_minutes")]
    pub max_age: Span,
}

/// Whether browsers may send cookies along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// They may.
    Allow,
    /// They may not.
    #[default]
    Omit,
}

fn usual_methods() -> Vec<String> {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        .map(str::to_owned)
        .to_vec()
}

fn ten_minutes() -> Span {
    Span::from_secs(600)
}
