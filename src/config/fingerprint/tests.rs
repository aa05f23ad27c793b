//! What changes which part of a fingerprint.

use super::*;
use crate::config::{
    load::{Loaded, load_source},
    source::Environment,
};

const TEXT: &str = "listeners: [{ address: 127.0.0.1:0 }]
upstreams: { api: { endpoints: [http://127.0.0.1:8000] } }
tokens: { access: { algorithm: HS256, secret: \"file:key\", lifetime: 30d } }
headers: { strip: [\"${STRIPPED}\"] }
users: { database: \"file:database\", table: user, columns: { id: id, login: login, password: hash } }
routes:
  - { match: /a, access: required }
";

struct Stage<'a> {
    key: &'a str,
    database: &'a str,
    stripped: &'a str,
}

impl Files for Stage<'_> {
    fn read(&self, path: &Path, _limit: usize) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("./key") => Ok(self.key.into()),
            Some("./database") => Ok(self.database.into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Environment for Stage<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (name == "STRIPPED").then(|| self.stripped.to_owned())
    }
}

const STAGE: Stage<'_> = Stage {
    key: "a secret of at least thirty-two bytes",
    database: "sqlite:users.db",
    stripped: "x-one",
};

fn loaded(text: &str, stage: &Stage<'_>) -> Loaded {
    load_source(
        &Source::new("gateway.yaml", text),
        Path::new("."),
        stage,
        stage,
    )
}

fn fingerprint(text: &str, stage: &Stage<'_>) -> Fingerprint {
    let loaded = loaded(text, stage);
    let compiled = loaded
        .compiled
        .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    compiled.fingerprint
}

#[test]
fn the_same_text_and_files_are_the_same_configuration() {
    let (one, other) = (fingerprint(TEXT, &STAGE), fingerprint(TEXT, &STAGE));
    assert!(one == other && one.same_tokens(&other));
    assert_eq!(one.hash().to_string().len(), 16);
}

#[test]
fn comments_and_layout_change_the_text_and_not_the_hash() {
    let before = fingerprint(TEXT, &STAGE);
    let text = TEXT.replace(
        "routes:\n  - { match: /a, access: required }",
        "# all\nroutes: [{ match: /a, access: required }]",
    );
    let after = fingerprint(&text, &STAGE);
    assert!(before != after, "a route stands on another line");
    assert_eq!(before.hash(), after.hash());
}

#[test]
fn what_the_text_means_changes_the_hash_and_not_what_tokens_prove() {
    let before = fingerprint(TEXT, &STAGE);
    for (from, to) in [
        ("/a", "/b"),
        ("required", "optional"),
        ("8000", "8001"),
        ("[http", "[http://127.0.0.1:1, http"),
    ] {
        let after = fingerprint(&TEXT.replace(from, to), &STAGE);
        assert_ne!(before.hash(), after.hash(), "{to}");
        assert!(before.same_tokens(&after), "{to}");
    }
}

#[test]
fn a_secret_changes_everything_but_the_hash() {
    let before = fingerprint(TEXT, &STAGE);
    let key = "another secret of at least thirty-two bytes";
    let after = fingerprint(TEXT, &Stage { key, ..STAGE });
    assert!(before != after && !before.same_tokens(&after));
    assert_eq!(before.hash(), after.hash());
    let stage = Stage {
        stripped: "x-two",
        ..STAGE
    };
    assert_eq!(before.hash(), fingerprint(TEXT, &stage).hash());
}

#[test]
fn a_secret_that_is_none_of_the_tokens_leaves_what_they_prove() {
    let before = fingerprint(TEXT, &STAGE);
    let database = "sqlite:others.db";
    let after = fingerprint(TEXT, &Stage { database, ..STAGE });
    assert!(before != after && before.same_tokens(&after));
}

#[test]
fn what_tokens_prove_depends_on_claims_and_headers() {
    let before = fingerprint(TEXT, &STAGE);
    for (from, to) in [
        ("routes:", "identity: { subject: email }\nroutes:"),
        (
            "routes:",
            "identity: { headers: { X-Id: \"{subject}\" } }\nroutes:",
        ),
        (
            "lifetime: 30d",
            "lifetime: 30d, claims: { sub: \"{user.id}\" }",
        ),
        ("access: { a", "max_size: 2KiB, access: { a"),
        ("routes:", "limits: { added_header: 1KiB }\nroutes:"),
    ] {
        let text = TEXT.replacen(from, to, 1);
        assert!(!before.same_tokens(&fingerprint(&text, &STAGE)), "{to}");
    }
}

#[test]
fn files_that_are_missing_are_known_too() {
    let loaded = loaded(&TEXT.replace("file:key", "file:none"), &STAGE);
    assert!(loaded.compiled.is_none());
    assert_eq!(loaded.files, [Path::new("./database"), Path::new("./none")]);
}

#[test]
fn nothing_but_the_hash_is_printed() {
    let fingerprint = fingerprint(TEXT, &STAGE);
    let printed = format!("{fingerprint:?}");
    assert_eq!(
        printed,
        format!("Fingerprint {{ hash: {:?}, .. }}", fingerprint.hash())
    );
}
