//! An `OpenAPI` 3 document, read for one thing: its operations and what each says about who may use it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{guard::Guard, path::Path};

/// What the document says.
#[derive(Debug, Serialize)]
pub(super) struct Api {
    /// Its own name and version.
    pub(super) title: String,
    /// What is put before every path.
    pub(super) prefix: String,
    /// What the document leaves open about all of them.
    pub(super) notes: Vec<String>,
    /// Its operations, in its order.
    pub(super) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    /// In upper case.
    pub(super) method: String,
    /// Its path as the document has it, behind the prefix.
    pub(super) path: String,
    /// Its `operationId`, or else its summary.
    pub(super) name: String,
    /// The path as a pattern of routes, or why there is none.
    pub(super) pattern: Path,
    /// Who may use it.
    pub(super) guard: Guard,
}

/// Why a text is not such a document.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpenApi {
    /// No version, or another.
    #[error(
        "this is no OpenAPI 3 document: `openapi` has to be 3.something; fix: convert older ones first"
    )]
    Version,
    /// No paths.
    #[error("the document has no object `paths`")]
    Paths,
}

/// The methods that a path item names, and that routes know.
const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// The members of a path item that are no operations.
const NO_OPERATIONS: [&str; 4] = ["summary", "description", "servers", "parameters"];

impl Api {
    /// Reads it. `prefix` stands before every path; without one, what the document's only server says.
    pub(super) fn read(root: &Value, prefix: Option<&str>) -> Result<Self, NotOpenApi> {
        let version = root.get("openapi").and_then(Value::as_str);
        if !version.is_some_and(|version| version.starts_with("3.")) {
            return Err(NotOpenApi::Version);
        }
        let paths = root.get("paths").and_then(Value::as_object);
        let paths = paths.ok_or(NotOpenApi::Paths)?;
        let mut notes = Vec::new();
        let prefix = match prefix {
            Some(prefix) => prefix.trim_end_matches('/').to_owned(),
            None => server_prefix(root, &mut notes),
        };
        let mut api = Self {
            title: title(root),
            prefix,
            notes,
            operations: Vec::new(),
        };
        for (path, item) in paths {
            // Extensions may stand between the paths.
            if !path.starts_with("x-") {
                api.path_item(root, path, item);
            }
        }
        Ok(api)
    }

    fn path_item(&mut self, root: &Value, path: &str, item: &Value) {
        let item = match item.get("$ref").and_then(Value::as_str) {
            Some(reference) => local(root, reference),
            None => Some(item),
        };
        let Some(Value::Object(item)) = item else {
            self.notes.push(format!(
                "unknown: what {path} refers to is not in the document"
            ));
            return;
        };
        for (member, operation) in item {
            if METHODS.contains(&member.as_str()) {
                self.operation(root, path, (member, operation), item);
            } else if !NO_OPERATIONS.contains(&member.as_str()) && !member.starts_with("x-") {
                self.notes.push(format!(
                    "unknown: {path} has `{member}`, which is no method of routes"
                ));
            }
        }
    }

    fn operation(
        &mut self,
        root: &Value,
        path: &str,
        (method, operation): (&str, &Value),
        item: &Map<String, Value>,
    ) {
        let text = |member: &str| operation.get(member).and_then(Value::as_str);
        let name = text("operationId").or_else(|| text("summary"));
        let path = format!("{}{path}", self.prefix);
        let moved = item.contains_key("servers") || operation.get("servers").is_some();
        let guard = if moved {
            Guard::unknown("it has servers of its own, whose paths may begin otherwise")
        } else {
            Guard::of(root, operation, item.get("parameters"))
        };
        self.operations.push(Operation {
            method: method.to_ascii_uppercase(),
            pattern: Path::of(&path),
            path,
            name: name.unwrap_or_default().to_owned(),
            guard,
        });
    }
}

fn title(root: &Value) -> String {
    let text = |member: &str| root.get("info")?.get(member)?.as_str();
    let words = [text("title"), text("version")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The path of the servers, which `FastAPI` writes for a `root_path`.
fn server_prefix(root: &Value, notes: &mut Vec<String>) -> String {
    let servers = root.get("servers").and_then(Value::as_array);
    let urls = servers.into_iter().flatten();
    let urls = urls.filter_map(|server| server.get("url")?.as_str());
    let mut paths: Vec<&str> = urls.map(path_of).collect();
    paths.sort_unstable();
    paths.dedup();
    match paths.as_slice() {
        [] => String::new(),
        [path] if !path.contains(['{', '?', '#']) => (*path).to_owned(),
        [_, ..] => {
            let note =
                "unknown: which path the servers of the document begin with; say it with --prefix";
            notes.push(note.to_owned());
            String::new()
        }
    }
}

/// The path of a server's URL, without a slash at its end.
fn path_of(url: &str) -> &str {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|slash| rest.get(slash..)),
        None => Some(url),
    };
    path.unwrap_or_default().trim_end_matches('/')
}

/// What `#/components/…` refers to.
pub(super) fn local<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}
