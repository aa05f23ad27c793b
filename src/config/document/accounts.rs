//! The routes that the gateway answers itself.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    cookies::{TokenName, TokenSource},
    routes::Cors,
};

/// One such route.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What it does.
    pub action: Action,
    /// The method and path, such as `POST /auth/token/pair`.
    #[serde(rename = "match")]
    pub matches: String,
    /// The host it is for. Default: any.
    pub host: Option<String>,
    /// How it speaks: a built-in dialect (`pampam`, `pair`) or one of `dialects`.
    pub dialect: String,
    /// The names of the limits that hold for it, of `rate_limits`; `[]` is none. Default: for a login
    /// `[login_clients, login_accounts]`, with `attempts` the first alone, which clients are told of only when they are refused; else none.
    pub rate_limit: Option<Vec<String>>,
    /// CORS headers of its answers. Default: the gateway's `cors`.
    pub cors: Option<Cors>,
    /// The cookies, of `cookies`, that it sets when it grants tokens, whatever else its dialect answers. Default: none.
    #[serde(default)]
    pub cookies: Vec<TokenName>,
    /// Where a refresh has the refresh token from, and a verify the access token. Default: `request`.
    #[serde(default)]
    pub token_from: TokenSource,
}

/// What an account route does.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Credentials for tokens.
    Login,
    /// A refresh token for an access token.
    Refresh,
    /// Whether a token holds.
    Verify,
}

/// How passwords are checked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// How many are checked at once, on threads of low priority. Default: as many as cores.
    pub threads: Option<u16>,
    /// How many further ones may wait; past it a login is refused with 503. Default: 32.
    pub queue: u16,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            threads: None,
            queue: 32,
        }
    }
}
