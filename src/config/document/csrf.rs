//! Whose pages may use the token of a cookie.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Waiver;

/// Whose pages may send requests with the token of a cookie and another method than GET, HEAD and OPTIONS. Pages of
/// the gateway's own origin may, and those that `cors` lists with `credentials: allow`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csrf {
    /// Further origins such as `https://app.example.com`. Default: none.
    pub origins: Vec<String>,
    /// Which pages may without being listed. Default: `same_origin`.
    pub pages: Pages,
    /// What becomes of a request that has neither Sec-Fetch-Site nor Origin nor Referer: of an old browser, or of a
    /// program. Default: `refuse`.
    pub without_origin: WithoutOrigin,
    /// Whether pages have to bring the token of `cookies.csrf` besides. Default: `unused`.
    pub form_token: FormToken,
    /// Says that pages of any site may, because the upstream knows its own by a token in its forms.
    pub any_page: Option<Waiver>,
}

/// Which pages may without being listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pages {
    /// Those of the origin that the request is for.
    #[default]
    SameOrigin,
    /// Those of any origin of its site, such as `https://www.example.com` for `https://api.example.com`.
    SameSite,
}

/// What becomes of a request that says nothing of where it is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutOrigin {
    /// It is refused.
    #[default]
    Refuse,
    /// It goes on.
    Allow,
    /// It goes on if it brings the token of `cookies.csrf`.
    Token,
}

/// Whether pages have to bring a token for forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FormToken {
    /// They need not.
    #[default]
    Unused,
    /// They have to, whatever the browser says of them.
    Required,
}
