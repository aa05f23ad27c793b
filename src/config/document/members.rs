//! Who looks after users on the pages for that, and what they may do.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::rules::Require;

/// The pages on which managers look after users. Need `state`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// What a manager has to be, asked anew at each request, of the user's row as it is then.
    pub require: Require,
    /// Columns by whose beginnings users are searched, besides their ids. Default: the one that users log in with.
    #[serde(default)]
    pub search: Vec<String>,
    /// How users are blocked and admitted again. Default: managers block nobody.
    pub block: Option<Block>,
}

/// How users are blocked. Needs `block` in `users.write.actions`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BlockMembers")]
pub struct Block {
    /// The state of `users.states` of those who are: its columns are written so.
    pub state: String,
    /// What columns say of who is admitted again: `{ status: active }`. Default: the opposite, where the state is one column that
    /// is `true` or `false`.
    #[serde(default)]
    pub admitted: IndexMap<String, Value>,
}
