//! Documents that repeat what the code says: each drifts only over a failing test.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

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
    for source in [
        "src/pipeline/rejection.rs",
        "src/pipeline/unread.rs",
        "src/accounts/error.rs",
    ] {
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

/// Every test, by its name, and every case and fixture, by its file and its title.
fn cases() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.unwrap_or_default().to_owned();
            let is = |extension: &str| path.extension().is_some_and(|found| found == extension);
            if path.is_dir() {
                folders.push(path);
            } else if is("rs") {
                found.extend(tests(&fs::read_to_string(&path).expect("a source")));
            } else if is("txt") && folder.ends_with("wire") {
                let text = fs::read_to_string(&path).expect("cases");
                let titles = text.lines().filter_map(|line| line.strip_prefix("# "));
                found.extend(titles.map(|title| format!("{name}: {title}")));
            } else if is("yaml") && folder.ends_with("rejects") {
                found.insert(format!("rejects/{name}"));
            }
        }
    }
    found
}

/// The functions that stand below `#[test]`.
fn tests(source: &str) -> Vec<String> {
    let behind = source.split("#[test]").skip(1);
    let name = |text: &str| {
        let name = text.trim_start().strip_prefix("fn ")?.split('(').next()?;
        Some(name.to_owned())
    };
    behind.filter_map(name).collect()
}

#[test]
fn every_attack_has_a_case_that_exists_or_a_reason_to_have_none() {
    let cases = cases();
    let page = read("docs/threats.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let mut total = 0;
    for row in rows {
        let cell = row.trim_end_matches(['|', ' ']).rsplit(" | ").next();
        let cell = cell.expect("a cell").trim();
        if cell == "case" {
            continue;
        }
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        let has_a_reason = cell.starts_with("not yet: ") || cell.starts_with("not here: ");
        assert!(has_a_reason || !names.is_empty(), "no case: {row}");
        for name in names {
            assert!(cases.contains(name), "no such test or case: {name}");
            total += 1;
        }
    }
    assert!(total > 80, "only {total} cases are named");
}
