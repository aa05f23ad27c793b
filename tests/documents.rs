//! Documents that repeat what the code says: each drifts only over a failing test.

use std::{fs, path::Path};

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
