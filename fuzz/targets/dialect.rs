//! A dialect file of the operator's own, used by every action.

#![no_main]

use std::{io, path::Path};

use libfuzzer_sys::fuzz_target;
use sidegate::config::{
    diagnostic::{Severity, render},
    load::load_source,
    source::{Environment, Files, Source},
};

const CONFIGURATION: &str = r#"
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { api: { endpoints: [http://127.0.0.1:8000] } }
users:
  database: sqlite:users.db
  table: user
  columns: { id: id, login: email, password: hashed_password }
  states: { banned: { is_restricted: true } }
tokens:
  access: { algorithm: HS256, secret: "an-access-secret-of-thirty-two-bytes-0", lifetime: 30d, claims: { sub: "{user.id}" } }
  refresh: { algorithm: HS256, secret: "a-refresh-secret-of-thirty-two-bytes-0", lifetime: 60d, claims: { sub: "{user.id}" } }
dialects: { mine: mine.yaml }
accounts:
  - { action: login, match: POST /login, dialect: mine }
  - { action: refresh, match: POST /refresh, dialect: mine }
  - { action: verify, match: POST /verify, dialect: mine }
routes: [{ match: "/**", access: required }]
"#;

struct OneFile<'a>(&'a [u8]);

impl Files for OneFile<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        assert!(path.ends_with("mine.yaml"), "{} was read", path.display());
        Ok(self.0.iter().copied().take(limit).collect())
    }
}

struct Nothing;

impl Environment for Nothing {
    fn get(&self, name: &str) -> Option<String> {
        panic!("a dialect asked the environment for {name}");
    }
}

fuzz_target!(|text: &[u8]| {
    let source = Source::new("gateway.yaml", CONFIGURATION);
    let loaded = load_source(&source, Path::new("."), &OneFile(text), &Nothing);
    let mistake = loaded
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Mistake);
    assert_eq!(loaded.compiled.is_some(), !mistake);
    let said = render(&loaded.diagnostics);
    assert!(
        said.len() < 200_000 + 50 * text.len(),
        "{} bytes",
        said.len()
    );
});
