//! Documents that repeat what the code says: each drifts only over a failing test.

use std::{fs, path::Path, process::Command};

use crate::harness::blesses;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// Words in quotation marks that are made of lower-case letters and `_`.
fn words(text: &str) -> Vec<&str> {
    let quoted = text.split('"').skip(1).step_by(2);
    let is_word = |word: &&str| {
        word.len() > 3
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    quoted.filter(is_word).collect()
}

/// What a command prints is what a document holds; `BLESS=1` writes it there.
#[track_caller]
fn prints(arguments: &[&str], document: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidegate"));
    let output = command.args(arguments).output().expect("the binary");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("a text");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    if blesses() {
        fs::write(&path, &printed).expect(document);
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let mend = "BLESS=1 cargo test --test integration documents";
    assert!(
        printed == written,
        "{document} is not what `sidegate {arguments:?}` prints; to mend it: {mend}"
    );
}

#[test]
fn the_schemas_for_editors_are_those_of_the_structs() {
    prints(&["schema"], "docs/gateway.schema.json");
    prints(&["schema", "dialect"], "docs/dialect.schema.json");
}

#[test]
fn the_page_about_the_configuration_is_that_of_the_structs() {
    prints(&["schema", "--markdown"], "docs/configuration.md");
}

#[test]
fn every_refusal_code_is_explained_to_operators() {
    let explained = read("docs/logs.md");
    for source in ["src/pipeline/rejection.rs", "src/accounts/error.rs"] {
        let code = read(source);
        let codes = words(&code);
        assert!(codes.len() > 4, "{source} has codes");
        for code in codes {
            assert!(
                explained.contains(&format!("`{code}`")),
                "docs/logs.md lacks {code}"
            );
        }
    }
}
