//! What an application means by its answers.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Waiver;
use crate::config::size::Size;

/// How codes of an application's own become standard statuses. Routes and accounts name it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// Where a JSON body has the code: names with dots between them, such as `detail.error_code`.
    pub code: String,
    /// The statuses of the answers that are looked into. Default: `[200, 400]`.
    #[serde(default = "usual")]
    pub looked_into: Vec<u16>,
    /// The largest body that is looked into; longer ones, and those that do not say how long they are, pass as they are.
    /// Default: 16KiB.
    #[serde(default = "sixteen_kibibytes")]
    pub largest: Size,
    /// What the codes mean: a status, or 600 where no standard one says it.
    pub codes: IndexMap<String, u16>,
    /// What any other code means. Default: what the answer says itself.
    pub otherwise: Option<u16>,
    /// Who sees it. Default: `operators`.
    #[serde(default)]
    pub seen_by: SeenBy,
    /// Says that clients may get the status 600, which HTTP does not have.
    pub status_600: Option<Waiver>,
}

/// Who sees what an answer means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// Logs and metrics; clients get what they always got.
    #[default]
    Operators,
    /// Clients, too.
    Everybody,
}

fn usual() -> Vec<u16> {
    vec![200, 400]
}

fn sixteen_kibibytes() -> Size {
    Size::from_bytes(16 * 1024)
}
