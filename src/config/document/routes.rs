//! Route policies, and groups of settings that routes share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{csrf::Csrf, headers::RouteHeaders, rules::Require, sign_up::there};
use crate::config::{duration::Span, size::SizeLimit};

/// Defines [`Route`], [`Group`] and how one overrides the other, from the keys that both have: none can be forgotten.
macro_rules! shared_settings {
    ($($(#[$about:meta])* $key:ident: $type:ty,)*) => {
        /// One route.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct Route {
            /// Methods and a path: `GET,HEAD /docs/**`, or a path alone for every method.
            #[serde(rename = "match")]
            pub matches: String,
            /// The name of the group, of `groups`, whose settings it has where it says nothing itself. Default: none.
            pub group: Option<String>,
            $($(#[$about])* pub $key: Option<$type>,)*
            /// What else has to hold: all of what is named, and what its group requires.
            pub require: Option<Require>,
            /// Whether what its group requires has to hold as well. Default: `required`.
            #[serde(default)]
            pub require_of_group: RequireOfGroup,
        }

        /// Settings that routes share. What a route writes itself counts instead, key by key; what the group requires
        /// has to hold besides what the route requires.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct Group {
            $($(#[$about])* pub $key: Option<$type>,)*
            /// What else has to hold: all of what is named.
            pub require: Option<Require>,
        }

        /// What is written for one route, by itself or by its group.
        #[derive(Debug)]
        pub struct Settings<'a> {
            $(#[doc = concat!("`", stringify!($key), "`.")] pub $key: Option<Setting<'a, $type>>,)*
        }

        impl Route {
            /// What holds for the route that stands at `path`.
            pub fn settings<'a>(&'a self, path: &str, group: Option<&At<'a>>) -> Settings<'a> {
                Settings {
                    $($key: Setting::choose(
                        (self.$key.as_ref(), path),
                        group.map(|at| (at.group.$key.as_ref(), at.path)),
                        stringify!($key),
                    ),)*
                }
            }

            /// The keys that its group has written, and whether the route has them from there.
            pub fn shares(&self, group: &Group) -> Vec<(&'static str, Share)> {
                let mut shares = Vec::new();
                $(if group.$key.is_some() {
                    let own = self.$key.is_some();
                    shares.push((stringify!($key), if own { Share::Overridden } else { Share::Inherited }));
                })*
                shares
            }
        }
    };
}

shared_settings! {
    /// The host it is for: `api.example.com` or `*.example.com`. Default: any.
    host: String,
    /// Who may use it. A route has it from its group or says it itself.
    access: Access,
    /// Whether requests that it should refuse by their token or by what it requires are refused, or only observed: forwarded
    /// and logged. Default: `enforce`.
    mode: Mode,
    /// What happens to a request with a token while what watches the user table is behind: it is refused with 503, the user's
    /// row is looked up for it, or it goes on by what was known last. Default: `watch.on_stale`.
    on_stale: OnStale,
    /// What happens to an open WebSocket or stream of events when its token expires: it ends or goes on. A download goes
    /// on in any case, and whatever is open ends when its token is revoked. Default: `end`.
    on_expiry: OnExpiry,
    /// Where it goes. Default: the only upstream.
    upstream: String,
    /// Whether the client's Authorization goes on. Default: `forward`.
    authorization: Authorization,
    /// The names of the limits that hold for it, of `rate_limits`. Default: none.
    rate_limit: Vec<String>,
    /// The largest request body: a size, or `unlimited`, as streams of gRPC need it. Default: `limits.body_size`.
    body_size: SizeLimit,
    /// What refusals look like. Default: the gateway's `refusals`.
    refusals: Refusals,
    /// CORS headers of the gateway's own answers. Default: the gateway's `cors`.
    cors: Cors,
    /// Where a token may be besides `Authorization`. Default: nowhere.
    token_from: TokenFrom,
    /// Whose pages may use the token of a cookie; for routes with `token_from.cookie`. Default: the gateway's `csrf`.
    csrf: Csrf,
    /// The name of the rules, of `statuses`, by which its answers are read. Default: none; they mean what they say.
    statuses: String,
    /// What happens to the headers of its messages. Default: nothing.
    headers: RouteHeaders,
    /// Protocols that a connection may be switched to by `Upgrade`. Default: `[websocket]`.
    upgrade: Vec<String>,
}

/// A group, and where it stands.
#[derive(Debug)]
pub struct At<'a> {
    /// The group.
    pub group: &'a Group,
    /// Its path: `groups.back_office`.
    pub path: &'a str,
}

/// A value, and where it is written.
#[derive(Debug)]
pub struct Setting<'a, T> {
    /// The value.
    pub value: &'a T,
    /// Its path: `groups.back_office.cors`.
    pub path: String,
}

/// Where a route has a key from that its group has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// From the group.
    Inherited,
    /// It has written its own.
    Overridden,
}

impl<'a, T> Setting<'a, T> {
    fn choose(
        own: (Option<&'a T>, &str),
        group: Option<(Option<&'a T>, &str)>,
        key: &str,
    ) -> Option<Self> {
        let written = |(value, path): (Option<&'a T>, &str)| {
            let path = format!("{path}.{key}");
            value.map(|value| Self { value, path })
        };
        written(own).or_else(|| group.and_then(written))
    }
}

/// Whether what its group requires has to hold for a route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequireOfGroup {
    /// It has to.
    #[default]
    Required,
    /// It does not: the route says itself what has to hold.
    Dropped,
}

/// Where a token may be besides `Authorization`. Two places that hold different tokens are a refusal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFrom {
    /// The name of a cookie.
    pub cookie: Option<String>,
    /// Whether that cookie goes on to the upstream. Default: `forward`.
    pub token_cookie: Option<Authorization>,
    /// By what a token of that cookie is renewed while the request waits, once it has expired or the browser has dropped
    /// it. Default: by nothing.
    pub renewed_by: Option<RenewedBy>,
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

/// By what an access token is renewed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RenewedBy {
    /// By the refresh token in the cookie `cookies.refresh`.
    RefreshCookie,
    /// By the one that `tokens.refresh.kept_in` names.
    KeptRefreshToken,
}

/// What is known of tokens in URLs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryTokens {
    /// "Others write them down."
    LoggedByOthers,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody; the token is not read.
    Public,
    /// Everybody; a token that is sent has to be good.
    Optional,
    /// Those with a good token.
    Required,
}

/// Whether requests are refused, or only observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They are refused.
    #[default]
    Enforce,
    /// They are forwarded, and logged with what would have refused them.
    Observe,
}

/// What happens to a request while what watches the user table is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStale {
    /// It is refused with 503.
    Refuse,
    /// The user's row is looked up for it; 503 where that is impossible or there are too many.
    #[default]
    Ask,
    /// It goes on by what was known last.
    Serve,
}

/// What happens to an open WebSocket or stream of events when its token expires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// It ends: a WebSocket by a close frame with the code 1008, events by a connection that breaks off.
    #[default]
    End,
    /// It goes on.
    Continue,
}

/// Whether the client's Authorization goes on to the upstream.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorization {
    /// The upstream still checks it.
    #[default]
    Forward,
    /// The upstream has stopped.
    Remove,
}

/// What refusals look like.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomRefusal {
    /// The status, 400 to 599.
    pub status: u16,
    /// The JSON body.
    #[serde(default, deserialize_with = "there")]
    pub body: Option<serde_json::Value>,
    /// In its place: a page, for systems whose users see what is refused.
    pub html: Option<String>,
}

/// CORS headers of the gateway's own answers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
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
