//! The shape of `src`, read as text: who may import whom, how long a file may be, what it may be called.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each module and what it may import. Arrows only point up in this table.
const MAY_IMPORT: [(&str, &str); 36] = [
    ("any_stream", ""),
    ("clock", ""),
    ("entropy", ""),
    ("secret", ""),
    ("template", ""),
    // What a page shows it is given: it knows of nobody.
    ("pages", ""),
    ("certificate", "clock"),
    ("deadline", "clock"),
    ("sqlite_thread", ""),
    ("http", "entropy"),
    ("telemetry", "clock http"),
    ("member", "clock entropy secret"),
    ("password", "entropy secret"),
    ("token", "clock entropy secret template member"),
    ("valkey", "clock secret"),
    // The limits of a rate are counted by routes and by logins alike, and know of neither.
    ("ratelimit", "clock secret valkey"),
    // What is asserted about a caller says when, and expressions compare times.
    ("policy", "clock certificate http template member token"),
    (
        "store",
        "clock secret telemetry member password sqlite_thread",
    ),
    // It connects as the user table does, and knows nobody that asks it.
    ("state", "clock secret member store sqlite_thread"),
    // Devices are known by cookies; networks are told apart as limits do it.
    (
        "attempts",
        "clock entropy secret http ratelimit valkey state",
    ),
    // It watches the tables of the monolith, and keeps in our own what those do not remember. Who ends sessions tells it.
    (
        "revocation",
        "clock entropy secret member token store state",
    ),
    // Rules wait for rows outside of the policy, which never waits, and of the store, which never keeps anything.
    // Look-ups are counted in a time as requests are.
    ("membership", "clock member ratelimit store"),
    (
        "upstream",
        "any_stream certificate clock entropy deadline http telemetry",
    ),
    // Key sets come over the connections that endpoints of upstreams come over.
    ("fetch", "clock telemetry token upstream"),
    // Providers are asked over the same connections; who somebody is there is all that it knows.
    ("social", "clock entropy secret token fetch"),
    // Texts with placeholders; providers of messages to phones are asked as issuers are.
    ("mailer", "clock entropy secret template fetch"),
    (
        "listener",
        "any_stream template certificate clock deadline http telemetry",
    ),
    // With the cookies of tokens goes one that the policy asks pages for. The pages of members do what account routes do.
    (
        "accounts",
        "clock entropy secret template pages http telemetry member password token ratelimit policy attempts state \
         revocation mailer store social",
    ),
    (
        "pipeline",
        "clock entropy secret template pages certificate deadline http telemetry member token ratelimit valkey policy \
         attempts revocation membership upstream fetch listener accounts",
    ),
    ("admin", "clock secret http telemetry policy listener"),
    (
        "config",
        "clock secret template pages certificate http telemetry member password token ratelimit \
         valkey policy store state attempts revocation membership upstream fetch social mailer listener accounts admin",
    ),
    (
        "app",
        "clock entropy secret template http telemetry member password token ratelimit valkey policy store \
         state attempts revocation membership upstream fetch social mailer listener accounts pipeline admin config",
    ),
    ("demo", "entropy listener config"),
    (
        "cli",
        // `token check` reads the keys that an issuer publishes; cases have rows of their own; `dialect` shows the files
        // that are built in.
        "clock entropy secret certificate http telemetry member token policy membership store state fetch \
         listener accounts admin pipeline config app demo",
    ),
    ("lib", ""),
    ("main", "cli"),
];

/// Modules that answer the same for the same input: they neither wait nor talk to anything.
const PURE: [&str; 8] = [
    "secret",
    "template",
    "pages",
    "certificate",
    "member",
    "password",
    "token",
    "policy",
];

/// Including its tests.
const MOST_LINES: usize = 500;

/// Names that say nothing about what is inside.
const SAY_NOTHING: [&str; 8] = [
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "misc",
    "prelude",
    "constants",
];

struct Source {
    /// Relative to `src`.
    path: PathBuf,
    text: String,
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        let module = source.module();
        let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = allowed else {
            wrong.insert(format!(
                "`{module}` is not in the table: say what it may import"
            ));
            continue;
        };
        let allowed: Vec<&str> = allowed.split(' ').collect();
        for imported in imports(&source.text) {
            if imported != module && !allowed.contains(&imported.as_str()) {
                let path = source.path.display();
                wrong.insert(format!(
                    "`{module}` may not import `{imported}` (src/{path})"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", list(&wrong));
}

#[test]
fn the_table_has_no_way_back() {
    let names: Vec<&str> = MAY_IMPORT.iter().map(|(name, _)| *name).collect();
    for (position, (module, imported)) in MAY_IMPORT.iter().enumerate() {
        for name in imported.split_terminator(' ') {
            let above = names.iter().take(position).any(|above| *above == name);
            assert!(
                above,
                "`{module}` may import `{name}`, which does not stand above it"
            );
        }
    }
}

#[test]
fn pure_modules_do_not_wait_or_talk() {
    let talk = [
        "tokio::",
        "hyper::",
        "std::net::TcpStream",
        "std::fs",
        "async fn",
        ".await",
    ];
    let mut wrong = BTreeSet::new();
    for source in sources()
        .iter()
        .filter(|source| PURE.contains(&source.module()))
    {
        let code = without_comments(&source.text);
        for word in talk.iter().filter(|word| code.contains(**word)) {
            wrong.insert(format!(
                "`{}` uses `{word}` (src/{})",
                source.module(),
                source.path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", list(&wrong));
}

#[test]
fn no_file_is_too_long() {
    let long = sources()
        .into_iter()
        .filter(|source| source.text.lines().count() > MOST_LINES);
    let long = long.map(|source| {
        let lines = source.text.lines().count();
        format!(
            "src/{} has {lines} lines; more than {MOST_LINES} are two things",
            source.path.display()
        )
    });
    let long: BTreeSet<String> = long.collect();
    assert!(long.is_empty(), "{}", list(&long));
}

#[test]
fn every_name_says_what_is_inside() {
    let vague = sources().into_iter().filter(|source| {
        let parts = source.path.iter().filter_map(|part| part.to_str());
        let mut parts = parts.map(|part| part.trim_end_matches(".rs"));
        parts.any(|part| SAY_NOTHING.contains(&part))
    });
    let vague: BTreeSet<String> = vague
        .map(|source| format!("src/{}", source.path.display()))
        .collect();
    assert!(
        vague.is_empty(),
        "name these after what they hold:\n{}",
        list(&vague)
    );
}

#[test]
fn every_module_begins_by_saying_what_it_is() {
    let silent = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "));
    let silent: BTreeSet<String> = silent
        .map(|source| format!("src/{}", source.path.display()))
        .collect();
    assert!(
        silent.is_empty(),
        "these have to open with `//!`:\n{}",
        list(&silent)
    );
}

#[test]
fn nothing_but_a_verification_makes_a_proof() {
    let of = |source: &Source| format!("src/{}", source.path.display());
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let mut makers = BTreeSet::new();
    for source in sources() {
        let code = without_comments(&source.text);
        let path = of(&source);
        if code.contains("Verified::new(") {
            makers.insert(path.clone());
        }
        // Claims that are put into a proof were proved by nobody.
        let shipped = code.split("#[cfg(test)]\nmod tests {").next();
        for forging in ["Verified::unsigned(", "verified.claims =", "proof.claims ="] {
            assert!(
                is_test(&path) || shipped.is_none_or(|shipped| !shipped.contains(forging)),
                "{path}: {forging}"
            );
        }
    }
    assert_eq!(list(&makers), "src/token/verify/mod.rs");
}

#[test]
fn the_reader_of_imports_sees_every_spelling() {
    let text = "use crate::store::Store;
use crate::{
    accounts::{Answer, dialect::Shape},
    config, // crate::demo is only spoken of
    http as wire,
};
/// See [`crate::policy`].
fn f() { crate::token::mint(); sidegate::cli::run(); }
pub(in crate::listener) fn g() {}
const TARGET: &str = \"sidegate::access\";";
    let seen: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(
        seen,
        [
            "accounts", "cli", "config", "http", "listener", "store", "token"
        ]
    );
}

/// Every file of the crate.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                let path = path
                    .strip_prefix(&root)
                    .expect("a path below src")
                    .to_owned();
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

impl Source {
    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let first = self.path.iter().next().and_then(|part| part.to_str());
        first.unwrap_or_default().trim_end_matches(".rs")
    }
}

/// The top-level modules that a text names, whether in a `use` or in a path.
fn imports(text: &str) -> BTreeSet<String> {
    let code = without_comments(text);
    let mut found = BTreeSet::new();
    for root in ["crate::", "sidegate::"] {
        // In quotes it is a name in the log and no path.
        let paths = code
            .match_indices(root)
            .filter(|(at, _)| !code[..*at].ends_with('"'));
        for (at, _) in paths {
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(heads(group)),
                None => found.extend(word(rest)),
            }
        }
    }
    found
}

/// The first word of each member of a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    let mut expected = true;
    for (at, character) in group.char_indices() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            _ if expected && !character.is_whitespace() => {
                found.extend(word(&group[at..]));
                expected = false;
            }
            _ => {}
        }
    }
    found
}

/// The module name that a text begins with; a type or a macro of the crate's root is none.
fn word(text: &str) -> Option<String> {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let word = &text[..end.unwrap_or(text.len())];
    let module = word.starts_with(|character: char| character.is_ascii_lowercase());
    module.then(|| word.to_owned())
}

fn without_comments(text: &str) -> String {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

fn list(lines: &BTreeSet<String>) -> String {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.join("\n")
}
