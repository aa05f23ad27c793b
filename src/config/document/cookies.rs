//! Tokens that are given to browsers as cookies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Waiver, tokens::SecretText};

/// The cookies of tokens, which `accounts` set and read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cookies {
    /// Of access tokens. Default: none.
    pub access: Option<Cookie>,
    /// Of refresh tokens. It never goes on to an upstream. Default: none.
    pub refresh: Option<Cookie>,
    /// Of tokens for forms, set with the tokens of users and read by scripts; `csrf` says who has to bring them. Default:
    /// none.
    pub csrf: Option<FormTokens>,
}

/// Tokens for forms.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormTokens {
    /// What proves them: at least 32 characters, the same for all gateways. `${NAME}` takes it from the environment,
    /// `file:PATH` from a file.
    pub secret: SecretText,
    /// The name of the cookie that scripts read. Default: `__Host-csrf`.
    #[serde(default = "host_csrf")]
    pub name: String,
    /// The header in which they bring it; the forms of account routes may have it in the field `csrf_token` as well.
    /// Default: `X-CSRF-Token`.
    #[serde(default = "x_csrf_token")]
    pub header: String,
    /// Says that browsers may send the cookie in clear text: without `Secure`.
    pub clear_text: Option<Waiver>,
}

/// One cookie.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cookie {
    /// Its name. Browsers let nobody else set one whose name begins with `__Host-`.
    pub name: String,
    /// Below which path browsers send it. Default: `/`.
    #[serde(default = "root")]
    pub path: String,
    /// The domain below which browsers send it, such as `example.com`. Default: the host that has set it, and no other.
    pub domain: Option<String>,
    /// With whose requests browsers send it. Default: `lax`.
    #[serde(default)]
    pub same_site: SameSite,
    /// How long browsers keep it. Default: `token`.
    #[serde(default)]
    pub lasts: Lasts,
    /// Says that browsers may send it in clear text: without `Secure`.
    pub clear_text: Option<Waiver>,
    /// Says that scripts may read it: without `HttpOnly`.
    pub read_by_scripts: Option<Waiver>,
}

/// With whose requests a cookie is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SameSite {
    /// Those of pages of the same site.
    Strict,
    /// Those, and when a link of another site is followed.
    #[default]
    Lax,
    /// Everybody's.
    None,
}

/// How long a cookie is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// As long as its token holds.
    #[default]
    Token,
    /// Until the browser is closed.
    Session,
}

/// Which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenName {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
}

/// Where an account route has its token from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// Where its dialect says.
    #[default]
    Request,
    /// From the cookie, if there is one, else where its dialect says.
    Cookie,
}

fn host_csrf() -> String {
    "__Host-csrf".to_owned()
}

fn x_csrf_token() -> String {
    "X-CSRF-Token".to_owned()
}

fn root() -> String {
    "/".to_owned()
}
