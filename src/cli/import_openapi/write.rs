//! Routes for the operations of a document, as YAML for people to go on with.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::{
    document::{Api, Operation},
    guard::Guard,
    path::Path,
};

/// Operations that become one route.
#[derive(Debug)]
struct Entry<'a> {
    pattern: &'a str,
    methods: Vec<&'a str>,
    guard: Guard,
    names: Vec<&'a str>,
    notes: Vec<String>,
}

/// The routes.
pub(super) fn routes(api: &Api, source: &str) -> String {
    let mut text = format!(
        "# Out of {}: {}, {} operations. A path that no route matches is refused.\n\
         # `unknown` is what the document does not say: closed, until somebody has looked.\n",
        comment(source),
        comment(&api.title),
        api.operations.len()
    );
    for note in &api.notes {
        // A text takes whatever is written to it.
        let _ = writeln!(text, "# {}", comment(note));
    }
    for operation in &api.operations {
        if let Path::Impossible(reason) = &operation.pattern {
            let (method, path) = (&operation.method, comment(&operation.path));
            let reason = comment(reason);
            let _ = writeln!(
                text,
                "# unknown: {method} {path} cannot be a route: {reason}"
            );
        }
    }
    let entries = entries(&api.operations);
    text.push_str(if entries.is_empty() {
        "routes: []\n"
    } else {
        "routes:\n"
    });
    for entry in &entries {
        entry.write(&mut text);
    }
    text
}

/// One for each shape and guard. `HEAD` goes with `GET`, which takes it along in routes.
fn entries(operations: &[Operation]) -> Vec<Entry<'_>> {
    let mut shapes: IndexMap<String, IndexMap<&str, Entry<'_>>> = IndexMap::new();
    for operation in operations {
        let Some(pattern) = operation.pattern.text() else {
            continue;
        };
        let methods = shapes.entry(shape(pattern)).or_default();
        let entry = Entry::new(operation, pattern);
        let method = operation.method.as_str();
        match methods.shift_remove(method) {
            Some(known) => methods.insert(
                method,
                known.joined(entry, "two operations match the same paths"),
            ),
            None => methods.insert(method, entry),
        };
    }
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for mut methods in shapes.into_values() {
        if let Some(head) = methods.get("HEAD").map(|head| head.guard.clone())
            && let Some(get) = methods.get_mut("GET")
        {
            if get.guard != head {
                get.notes
                    .push("HEAD and GET differ in the document; this is the stricter".to_owned());
            }
            get.guard = get.guard.clone().stricter(head);
            methods.shift_remove("HEAD");
        }
        let first = entries.len();
        for entry in methods.into_values() {
            let mut alike = entries.iter_mut().skip(first);
            match alike.find(|known| known.guard == entry.guard && known.notes == entry.notes) {
                Some(known) => {
                    known.methods.extend(entry.methods);
                    known.names.extend(entry.names);
                }
                None => entries.push(entry),
            }
        }
    }
    entries
}

/// A pattern without the names of its parameters.
fn shape(pattern: &str) -> String {
    let segments = pattern.split('/');
    let plain = segments.map(|segment| {
        if segment.starts_with('{') {
            "{}"
        } else {
            segment
        }
    });
    plain.collect::<Vec<_>>().join("/")
}

impl<'a> Entry<'a> {
    fn new(operation: &'a Operation, pattern: &'a str) -> Self {
        let mut notes = Vec::new();
        if let Path::Wider(_) = operation.pattern {
            notes.push(format!("unknown: {} is narrower", operation.path));
        }
        Self {
            pattern,
            methods: vec![&operation.method],
            guard: operation.guard.clone(),
            names: vec![&operation.name],
            notes,
        }
    }

    fn joined(mut self, other: Self, note: &str) -> Self {
        if self.guard != other.guard {
            self.notes
                .push(format!("unknown: {note}; this is the stricter"));
        }
        self.guard = self.guard.stricter(other.guard);
        self.names.extend(other.names);
        self.notes.extend(other.notes);
        self
    }

    fn write(&self, text: &mut String) {
        for note in &self.notes {
            let _ = writeln!(text, "  # {}", comment(note));
        }
        if let Guard::Unknown { reason } = &self.guard {
            let _ = writeln!(text, "  # unknown: {}", comment(reason));
        }
        let matches = quoted(&format!("{} {}", self.methods.join(","), self.pattern));
        let access = match &self.guard {
            Guard::Public => "public",
            Guard::Optional => "optional",
            Guard::Token { .. } | Guard::Unknown { .. } => "required",
        };
        let _ = write!(text, "  - {{ match: {matches}, access: {access}");
        if let Guard::Token { scopes } = &self.guard
            && !scopes.is_empty()
        {
            let _ = write!(text, ", require: {}", require(scopes));
        }
        text.push_str(" }");
        let names: Vec<&str> = self
            .names
            .iter()
            .copied()
            .filter(|name| !name.is_empty())
            .collect();
        if !names.is_empty() {
            let _ = write!(text, "   # {}", comment(&names.join(", ")));
        }
        text.push('\n');
    }
}

fn require(scopes: &[Vec<String>]) -> String {
    let sets: Vec<String> = scopes
        .iter()
        .map(|set| {
            let set: Vec<String> = set.iter().map(|scope| quoted(scope)).collect();
            format!("{{ scope: [{}] }}", set.join(", "))
        })
        .collect();
    match sets.as_slice() {
        [set] => set.clone(),
        [..] => format!("{{ any: [{}] }}", sets.join(", ")),
    }
}

/// In quotes, as YAML and JSON both read it. No variable is meant by a dollar sign.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

/// On one line, and unable to steer a terminal.
fn comment(text: &str) -> String {
    crate::config::diagnostic::printable(text, 200)
}
