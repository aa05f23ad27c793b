//! The schema that editors check files by, against files that the gateway takes and files that it refuses.

use std::{fs, path::Path};

use jsonschema::Validator;
use serde_json::Value;
use sidegate::config::{
    reading::reader::read,
    schema,
    source::{Environment, Source},
};

use crate::config::fixture::Fixture;

/// Gives each variable back as it was written, so that an editor's view of a file comes out of the gateway's own reader.
struct AsWritten;

impl Environment for AsWritten {
    fn get(&self, name: &str) -> Option<String> {
        Some(format!("${{{name}}}"))
    }
}

/// A file as an editor sees it; nothing where it is no YAML.
fn seen(text: &str) -> Option<Value> {
    read::<Value>(&Source::new("gateway.yaml", text), &AsWritten).value
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft7::new(schema).expect("a schema")
}

fn complaints(validator: &Validator, value: &Value) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect()
}

#[test]
fn what_the_gateway_takes_an_editor_takes() {
    let validator = validator(&schema::gateway());
    for fixture in ["accepts", "warnings"].into_iter().flat_map(Fixture::all) {
        let value = seen(&fixture.input).expect(&fixture.name);
        let complaints = complaints(&validator, &value);
        assert!(complaints.is_empty(), "{}: {complaints:#?}", fixture.name);
    }
    for path in [
        "gateway.yaml",
        "deploy/gateway.yaml",
        "tests/legacy/gateway.yaml",
    ] {
        let value = seen(&read_file(path)).expect(path);
        let complaints = complaints(&validator, &value);
        assert!(complaints.is_empty(), "{path}: {complaints:#?}");
    }
}

#[test]
fn the_dialects_that_are_built_in_fit_their_schema() {
    let validator = validator(&schema::dialect());
    let files = fs::read_dir(rooted("src/accounts/dialect/builtin")).expect("a folder");
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a text");
        let complaints = complaints(&validator, &seen(&text).expect("a dialect"));
        assert!(complaints.is_empty(), "{complaints:#?}");
        count += 1;
    }
    assert!(count > 1);
}

#[test]
fn what_has_the_wrong_shape_an_editor_refuses() {
    let validator = validator(&schema::gateway());
    let mut refused = 0;
    for fixture in Fixture::all("rejects")
        .iter()
        .filter(|fixture| is_about_shape(fixture))
    {
        let Some(value) = seen(&fixture.input) else {
            continue;
        };
        assert!(
            !validator.is_valid(&value),
            "{} fits the schema",
            fixture.name
        );
        refused += 1;
    }
    assert!(refused > 10, "only {refused} fixtures have the wrong shape");
}

/// Whether a key, a word or a type is refused, not what values mean together.
fn is_about_shape(fixture: &Fixture) -> bool {
    let said = [
        "unknown key",
        "is missing;",
        "this value is not possible here",
        "expected a list",
        "expected a mapping",
    ];
    // Whether these are needed depends on what else is written.
    let depends = |line: &str| {
        [
            "the key `access` is missing",
            "` or `public_key` is missing",
            "the key `secret` is missing",
            "the key `algorithm` is missing",
        ]
        .iter()
        .any(|words| line.contains(words))
    };
    let lines = fixture.expected.lines();
    let mut lines = lines.filter(|line| !depends(line));
    lines.any(|line| said.iter().any(|words| line.contains(words)))
}

#[test]
fn dialects_with_unknown_keys_are_refused_by_an_editor() {
    let validator = validator(&schema::dialect());
    let value = seen("login: { reqest: {} }").expect("a mapping");
    assert!(!validator.is_valid(&value));
}

fn rooted(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read_file(path: &str) -> String {
    fs::read_to_string(rooted(path)).expect(path)
}
