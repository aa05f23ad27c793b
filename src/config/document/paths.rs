//! What the upstreams read as the same path.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What all upstreams of this gateway read as the same path.
///
/// A route is chosen by the path, and only then it is known which upstream will serve it: so one reading holds for all.
/// What they ignore is ignored before a route is chosen, and goes on as the client sent it. What only some of them ignore
/// is not to be listed: it would be matched as one path and served as another. Redirects of the upstream, such as
/// Starlette's from `/a/` to `/a`, need nothing here: the client comes back with the other path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// Whether `/Admin` is `/admin`. Default: `exact`.
    pub case: Difference,
    /// Whether `/admin/` is `/admin`. Default: `exact`.
    pub trailing_slash: Difference,
    /// What `/a//b` is. Default: `refuse`.
    pub empty_segments: Oddity,
    /// What `/a;b=c` is. Default: `refuse`.
    pub segment_parameters: Oddity,
    /// What `%C0%AF` is, a character in more bytes than UTF-8 needs: paths in an encoding such as EUC-KR have such
    /// bytes. Default: `refuse`.
    pub overlong_escapes: Overlong,
}

/// Whether a difference makes another path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It does.
    #[default]
    Exact,
    /// The upstreams do not see it.
    Ignore,
}

/// What is done about an odd path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// It is refused.
    #[default]
    Refuse,
    /// It is matched as it stands.
    Keep,
    /// It is matched as if the odd part were not there.
    Ignore,
}

/// What is done about bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlong {
    /// They are refused.
    #[default]
    Refuse,
    /// They pass.
    Keep,
}
